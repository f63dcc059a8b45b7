#include <algorithm>

#include <hearth/gun/text.h>

namespace hearth::gun {

namespace {

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

}  // namespace hearth::gun
