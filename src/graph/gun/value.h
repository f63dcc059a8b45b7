#pragma once
// What GunDB allows as a value, as JSON.stringify writes it: that text is what HAM compares and SEA
// signs.

#include <cstdint>
#include <optional>
#include <string_view>

#include <hearth/codec/json.h>

namespace hearth::gun {

enum class ValueKind : std::uint8_t { null, boolean, number, string, link, invalid };

/// `invalid`: anything that GunDB doesn't allow; `json` is then meaningless.
struct Value {
  ValueKind kind = ValueKind::invalid;
  std::string_view json;
};

/// Reads any value; what GunDB doesn't allow is read over.
[[nodiscard]] Value read_value(codec::JsonReader& reader);

/// The soul that `json` links to, if it is a link as Value has it.
[[nodiscard]] std::optional<std::string_view> link_of(std::string_view json,
                                                      codec::TextArena& arena);

}  // namespace hearth::gun
