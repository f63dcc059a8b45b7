#include "error.h"

#include <hearth/base/assert.h>

namespace hearth::appliance {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
      return "bad_request";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::setup_closed:
      return "setup_closed";
    case ErrorCode::wrong_code:
      return "wrong_code";
    case ErrorCode::wrong_password:
      return "wrong_password";
    case ErrorCode::expired:
      return "expired";
    case ErrorCode::used:
      return "used";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::internal:
      return "internal";
  }
  HEARTH_ASSERT(false);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
      return 400;
    case ErrorCode::unauthorized:
      return 401;
    case ErrorCode::denied:
    case ErrorCode::setup_closed:
    case ErrorCode::wrong_code:
    case ErrorCode::wrong_password:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::expired:
    case ErrorCode::used:
      return 410;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::rate_limited:
      return 429;
    case ErrorCode::internal:
      return 500;
    case ErrorCode::unavailable:
      return 503;
  }
  HEARTH_ASSERT(false);
}

}  // namespace hearth::appliance
