#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <hearth/gun/text.h>

namespace hearth::gun {

namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t highs = 0x8080808080808080;

/// The highest bit of each byte that is zero; beyond the first such byte it may err.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - ones) & ~word & highs;
}

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

}  // namespace

int compare_utf16(std::string_view a, std::string_view b) {
  const std::size_t shared = std::min(a.size(), b.size());
  const auto differ =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shared), b.begin());
  const auto at = static_cast<std::size_t>(differ.first - a.begin());
  if (at < shared) return utf16_rank(byte_at(a, at)) < utf16_rank(byte_at(b, at)) ? -1 : 1;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

std::size_t find_escaped(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t found = ((word - ones * 0x20) & ~word & highs) |
                                zero_bytes(word ^ (ones * '"')) | zero_bytes(word ^ (ones * '\\'));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  for (; at < text.size(); ++at)
    if (byte_at(text, at) < 0x20 || text[at] == '"' || text[at] == '\\') break;
  return at;
}

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  while (true) {
    const std::size_t plain = find_escaped(text);
    to += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    constexpr std::string_view named = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    to += '\\';
    if (const std::size_t place = named.find(c); place != std::string_view::npos) {
      to += letters[place];
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      to += "u00";
      to += digits[static_cast<std::uint8_t>(c) >> 4];
      to += digits[static_cast<std::uint8_t>(c) & 15];
    }
    text.remove_prefix(plain + 1);
  }
  to += '"';
}

}  // namespace hearth::gun
