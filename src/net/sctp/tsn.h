#pragma once
// Serial numbers (RFC 1982). On the wire they wrap; in here they don't: each is widened once, where
// it comes in, to the 64-bit number nearest to what is known, and compared as a number.

#include <cstdint>
#include <type_traits>

namespace hearth::sctp {

/// A transmission sequence number, widened. Only its low 32 bits ever travel.
using Tsn = std::uint64_t;

/// Where widened numbers begin, so that none is ever below zero.
inline constexpr std::uint64_t widened_base = std::uint64_t{1} << 32;

/// The number nearest to `near` whose low bits are `wire`.
template <class Wire>
[[nodiscard]] constexpr std::uint64_t widen(std::uint64_t near, Wire wire) {
  const auto distance = static_cast<Wire>(wire - static_cast<Wire>(near));
  return near + static_cast<std::uint64_t>(
                    static_cast<std::int64_t>(static_cast<std::make_signed_t<Wire>>(distance)));
}

[[nodiscard]] constexpr std::uint32_t to_wire(Tsn tsn) {
  return static_cast<std::uint32_t>(tsn);
}

}  // namespace hearth::sctp
