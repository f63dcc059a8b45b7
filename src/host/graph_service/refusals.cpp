#include "refusals.h"

namespace hearth::graph_service {

using appliance::ApiError;
using appliance::ErrorCode;
using replica::Refusal;

ApiError error_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::not_allowed:
    case Refusal::no_certificate:
      return {.code = ErrorCode::denied,
              .message = "This box may not write in that space: it isn't a member there.",
              .retry_after = {}};
    case Refusal::nothing:
      return {
          .code = ErrorCode::bad_request, .message = "There is nothing in it.", .retry_after = {}};
    case Refusal::too_large:
      return {.code = ErrorCode::bad_request,
              .message = "That is more than one write holds. Send it in parts.",
              .retry_after = {}};
    case Refusal::inconsistent:
      return {.code = ErrorCode::conflict,
              .message =
                  "The space isn't as its checkpoints say, or an author of it has forked. See "
                  "`hearth graph verify`.",
              .retry_after = {}};
    case Refusal::incomplete:
      return {.code = ErrorCode::conflict,
              .message =
                  "Not all is here that the space's last checkpoint covers, and without it "
                  "there can be no other. Import it from a device that has it.",
              .retry_after = {}};
    case Refusal::store:
      return disk_error();
    default:
      return {.code = ErrorCode::internal, .message = "The space refused that.", .retry_after = {}};
  }
}

ApiError disk_error() {
  return {
      .code = ErrorCode::unavailable,
      .message = "The box couldn't write to its disk, and took nothing. See whether it is full.",
      .retry_after = std::chrono::seconds{2}};
}

}  // namespace hearth::graph_service
