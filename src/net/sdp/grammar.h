#pragma once
// The small pieces of SDP's grammar that its parsers share.

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace hearth::sdp {

/// Takes the next token off the front; tokens are parted by exactly one space. Empty at the end.
inline std::string_view next_token(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view token = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return token;
}

/// The whole text as a decimal number that T holds.
template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

inline bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

inline bool equals_lower_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

}  // namespace hearth::sdp
