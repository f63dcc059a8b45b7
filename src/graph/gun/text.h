#pragma once
// Text as JavaScript orders it: GunDB compares JSON by UTF-16 code units.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace hearth::gun {

/// A byte of UTF-8, so that bytewise order of what it yields is the order of UTF-16 code units:
/// U+E000 to U+FFFF (leads 0xEE, 0xEF) come after all that UTF-16 writes with surrogates.
[[nodiscard]] constexpr std::uint8_t utf16_rank(std::uint8_t byte) {
  return byte == 0xee || byte == 0xef ? byte + 7 : byte;
}
/// The byte that utf16_rank() yielded `rank` for.
[[nodiscard]] constexpr std::uint8_t utf16_unrank(std::uint8_t rank) {
  return rank == 0xf5 || rank == 0xf6 ? rank - 7 : rank;
}

/// Less than, equal to or greater than 0, as JavaScript's < and > say. Both are UTF-8.
[[nodiscard]] int compare_utf16(std::string_view a, std::string_view b);

/// For tables that are asked by view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

struct Utf16Less {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return compare_utf16(a, b) < 0; }
};

}  // namespace hearth::gun
