#pragma once
// Endpoint to and from the kernel's form.

#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

#include <hearth/base/endpoint.h>

namespace hearth::udp {

/// Writes sockaddr_in or sockaddr_in6 into `out` and returns its length.
socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out);
/// Nothing for other families and short lengths.
[[nodiscard]] std::optional<Endpoint> from_sockaddr(const sockaddr* address, socklen_t length);

}  // namespace hearth::udp
