#include <array>

#include <hearth/crypto/crc32.h>

namespace hearth::crypto {
namespace {

constexpr auto table = [] {
  std::array<std::uint32_t, 256> entries{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t entry = i;
    for (int bit = 0; bit < 8; ++bit) entry = (entry >> 1) ^ (entry & 1 ? 0xedb88320u : 0u);
    entries[i] = entry;
  }
  return entries;
}();

}  // namespace

std::uint32_t crc32(BytesView data) {
  std::uint32_t sum = 0xffffffff;
  for (const std::byte b : data)
    sum = (sum >> 8) ^ table[(sum ^ std::to_integer<std::uint32_t>(b)) & 0xff];
  return ~sum;
}

}  // namespace hearth::crypto
