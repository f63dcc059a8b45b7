#include <algorithm>

#include <hearth/path/too_big.h>

namespace hearth::path {
namespace {

constexpr std::size_t header_v4 = 20;
constexpr std::size_t header_v6 = 40;
constexpr std::uint8_t icmp = 1;
constexpr std::uint8_t icmp_v6 = 58;
constexpr std::uint8_t hops = 64;
constexpr std::uint8_t unreachable = 3;           // RFC 792
constexpr std::uint8_t fragmentation_needed = 4;  // its code
constexpr std::uint8_t packet_too_big = 2;        // RFC 4443 §3.2

/// The Internet checksum (RFC 1071), begun with the sum of what isn't sent.
std::uint16_t checksum(BytesView bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? value << 8 : value;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put_u16(MutableBytes out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::byte>(value >> 8);
  out[at + 1] = static_cast<std::byte>(value & 0xff);
}

Bytes make_v4(BytesView packet, std::size_t mtu) {
  const BytesView quoted = packet.first(std::min<std::size_t>(packet.size(), 548));
  Bytes reply;
  Writer out{reply};
  out.u8(0x45);
  out.u8(0);
  out.u16_be(static_cast<std::uint16_t>(header_v4 + 8 + quoted.size()));
  out.u32_be(0);  // not to be told apart, not a fragment
  out.u8(hops);
  out.u8(icmp);
  out.u16_be(0);
  out.bytes(packet.subspan(16, 4));
  out.bytes(packet.subspan(12, 4));
  out.u8(unreachable);
  out.u8(fragmentation_needed);
  out.u32_be(0);  // checksum, unused
  out.u16_be(static_cast<std::uint16_t>(mtu));
  out.bytes(quoted);
  put_u16(reply, 10, checksum(BytesView{reply}.first(header_v4)));
  put_u16(reply, header_v4 + 2, checksum(BytesView{reply}.subspan(header_v4)));
  return reply;
}

Bytes make_v6(BytesView packet, std::size_t mtu) {
  const BytesView quoted = packet.first(std::min<std::size_t>(packet.size(), 1232));
  const auto length = static_cast<std::uint16_t>(8 + quoted.size());
  Bytes reply;
  Writer out{reply};
  out.u32_be(0x60000000);
  out.u16_be(length);
  out.u8(icmp_v6);
  out.u8(hops);
  out.bytes(packet.subspan(24, 16));
  out.bytes(packet.subspan(8, 16));
  out.u8(packet_too_big);
  out.u8(0);
  out.u16_be(0);
  out.u32_be(static_cast<std::uint32_t>(mtu));
  out.bytes(quoted);
  // The pseudo-header of RFC 8200 §8.1: both addresses, the length, the protocol.
  put_u16(reply, header_v6 + 2, checksum(BytesView{reply}.subspan(8), length + icmp_v6));
  return reply;
}

}  // namespace

std::optional<Bytes> make_too_big(BytesView packet, std::size_t mtu) {
  if (packet.empty()) return std::nullopt;
  const auto version = std::to_integer<unsigned>(packet[0]) >> 4;
  if (version == 4 && packet.size() >= header_v4 + 8) {
    const std::size_t header = (std::to_integer<std::size_t>(packet[0]) & 15) * 4;
    // An error about an error might go round for ever; echoes (types 8 and 0) are no errors.
    const bool is_error = packet[9] == std::byte{icmp} && header < packet.size() &&
                          packet[header] != std::byte{8} && packet[header] != std::byte{0};
    if (is_error) return std::nullopt;
    return make_v4(packet, mtu);
  }
  if (version == 6 && packet.size() >= header_v6 + 8) {
    const bool is_error =
        packet[6] == std::byte{icmp_v6} && std::to_integer<unsigned>(packet[header_v6]) < 128;
    if (is_error) return std::nullopt;
    return make_v6(packet, mtu);
  }
  return std::nullopt;
}

}  // namespace hearth::path
