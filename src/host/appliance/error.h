#pragma once
// What a handler answers: JSON, or an error in words that say what to do next.

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <hearth/base/result.h>
#include <hearth/base/time.h>

namespace hearth::appliance {

/// The codes of docs/protocol/api.md that are answered here.
enum class ErrorCode : std::uint8_t {
  bad_request,
  unauthorized,
  denied,
  not_found,
  conflict,
  too_large,
  rate_limited,
  setup_closed,
  wrong_code,
  wrong_password,
  expired,
  used,
  unavailable,
  internal,
};
[[nodiscard]] std::string_view to_string(ErrorCode code);
[[nodiscard]] int status_of(ErrorCode code);

struct ApiError {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::optional<Duration> retry_after;
};

struct Answer {
  int status = 200;
  nlohmann::json body;  ///< null: no body (204)
};
using Answered = Result<Answer, ApiError>;

[[nodiscard]] inline Failure<ApiError> refuse(ErrorCode code, std::string message,
                                              std::optional<Duration> retry_after = {}) {
  return Failure{ApiError{.code = code, .message = std::move(message), .retry_after = retry_after}};
}

}  // namespace hearth::appliance
