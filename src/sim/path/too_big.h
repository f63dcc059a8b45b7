#pragma once
// What a router says of a packet that doesn't fit its next link.

#include <cstddef>
#include <optional>

#include <hearth/base/bytes.h>

namespace hearth::path {

/// ICMP "fragmentation needed" (RFC 792, RFC 1191 §4) or ICMPv6 "packet too big" (RFC 4443 §3.2),
/// to the packet's sender and, as we have no address, from its receiver. Nothing for what is no IP
/// packet, and for ICMP errors themselves.
[[nodiscard]] std::optional<Bytes> make_too_big(BytesView packet, std::size_t mtu);

}  // namespace hearth::path
