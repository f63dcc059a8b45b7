#include <array>
#include <cstring>

#include <hearth/base/assert.h>
#include <hearth/sctp/crc32c.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace hearth::sctp {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t checksum_offset = 8;

constexpr auto table = [] {
  std::array<std::uint32_t, 256> entries{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    entries[i] = crc;
  }
  return entries;
}();

std::uint32_t update_portable(std::uint32_t crc, BytesView data) {
  for (const std::byte b : data)
    crc = (crc >> 8) ^ table[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t update_sse42(std::uint32_t crc, BytesView data) {
  std::uint64_t wide = crc;
  while (data.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, data.data(), 8);
    wide = _mm_crc32_u64(wide, word);
    data = data.subspan(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (const std::byte b : data) crc = _mm_crc32_u8(crc, std::to_integer<std::uint8_t>(b));
  return crc;
}
#endif

std::uint32_t update(std::uint32_t crc, BytesView data) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return update_sse42(crc, data);
#endif
  return update_portable(crc, data);
}

// The checksum field counts as zero.
std::uint32_t checksum_of(BytesView packet) {
  constexpr std::array<std::byte, 4> zero{};
  std::uint32_t crc = update(~0u, packet.first(checksum_offset));
  crc = update(crc, zero);
  return ~update(crc, packet.subspan(header_size));
}

std::array<std::byte, 4> little_endian(std::uint32_t value) {
  std::array<std::byte, 4> bytes;
  for (std::byte& b : bytes) {
    b = static_cast<std::byte>(value & 0xff);
    value >>= 8;
  }
  return bytes;
}

}  // namespace

std::uint32_t crc32c(BytesView data) {
  return ~update(~0u, data);
}

bool has_valid_checksum(BytesView packet) {
  return packet.size() >= header_size &&
         equal(packet.subspan(checksum_offset, 4), little_endian(checksum_of(packet)));
}

void write_checksum(MutableBytes packet) {
  HEARTH_ASSERT(packet.size() >= header_size);
  const auto bytes = little_endian(checksum_of(packet));
  std::memcpy(packet.data() + checksum_offset, bytes.data(), bytes.size());
}

}  // namespace hearth::sctp
