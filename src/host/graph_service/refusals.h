#pragma once
// What people are told of a replica that took nothing.

#include <hearth/appliance/error.h>
#include <hearth/replica/replica.h>

namespace hearth::graph_service {

[[nodiscard]] appliance::ApiError error_of(replica::Refusal refusal);
/// What a write is told that the disk didn't take.
[[nodiscard]] appliance::ApiError disk_error();

}  // namespace hearth::graph_service
