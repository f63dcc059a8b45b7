#pragma once
// The machine's own addresses: the bases of host candidates.

#include <vector>

#include <hearth/base/endpoint.h>

namespace hearth::udp {

struct InterfaceOptions {
  /// For tests and for a browser on the same machine.
  bool with_loopback = false;
};

/// Addresses of interfaces that are up, IPv4 first, each once, in the kernel's order; at most 32.
/// Without multicast, unspecified and IPv6 link-local addresses, which mean nothing without a zone.
/// Throws boost::system::system_error.
[[nodiscard]] std::vector<IpAddress> interface_addresses(const InterfaceOptions& options = {});

/// What to bind for every address: 0.0.0.0, and :: where the kernel has IPv6.
[[nodiscard]] std::vector<IpAddress> every_address();

}  // namespace hearth::udp
