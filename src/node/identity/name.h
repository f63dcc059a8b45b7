#pragma once
// The names people type.

#include <string_view>

namespace hearth::identity {

/// At a flock: 3 to 32 of `a-z 0-9 -`, no hyphen first or last.
[[nodiscard]] bool is_flock_name(std::string_view name);

/// Of a persona on an appliance: 1 to 32 of `a-z 0-9 - _ .`
[[nodiscard]] bool is_persona_name(std::string_view name);

/// For showing (of devices, personas, boxes): 1 to 64 bytes of UTF-8 without control characters.
[[nodiscard]] bool is_display_name(std::string_view name);

}  // namespace hearth::identity
