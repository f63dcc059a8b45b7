#pragma once
// Files of npm gun's own storage (RAD): docs/protocol/gun.md says what is taken from them.

#include <functional>
#include <string_view>

#include <hearth/base/result.h>
#include <hearth/gun/message.h>

namespace hearth::gun {

enum class RadError : std::uint8_t {
  not_rad,  ///< not UTF-8, no JSON, or not a radix tree
};

/// Says every property of one file, in its order. What has no value that GunDB allows, no state, or
/// a soul or name that can't be kept is said with ValueKind::invalid. The views live for the visit.
[[nodiscard]] Result<Unit, RadError> read_rad(
    std::string_view file,
    const std::function<void(std::string_view soul, const Property&)>& visit);

}  // namespace hearth::gun
