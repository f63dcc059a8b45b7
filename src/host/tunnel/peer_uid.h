#pragma once
// Whose process is at the other end of a TCP connection of this machine.

#include <optional>

#include <sys/types.h>

#include <hearth/base/endpoint.h>

namespace hearth::tunnel {

/// The user that owns the socket at `peer` which is connected to `local`, both of 127.0.0.0/8: the
/// kernel is asked (sock_diag(7)), not the peer. Nothing when there is no such socket any more, or
/// the kernel doesn't tell.
[[nodiscard]] std::optional<uid_t> peer_uid(const Endpoint& peer, const Endpoint& local);

}  // namespace hearth::tunnel
