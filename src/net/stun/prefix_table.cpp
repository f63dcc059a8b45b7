#include <hearth/stun/prefix_table.h>

namespace hearth::stun {

Prefix Prefix::of(const IpAddress& address) {
  const IpAddress plain = address.unmapped();
  Prefix prefix{.bits = 0, .family = static_cast<std::uint8_t>(plain.is_v4() ? 4 : 6)};
  for (const std::byte b : plain.bytes().first(plain.is_v4() ? 3 : 8))
    prefix.bits = (prefix.bits << 8) | std::to_integer<std::uint64_t>(b);
  return prefix;
}

}  // namespace hearth::stun
