#pragma once
// What an appliance is reached by, out of all its addresses and its flocks': what links name.

#include <optional>
#include <string>
#include <vector>

#include <hearth/appliance/api.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/identity/link.h>
#include <hearth/membership/membership.h>
#include <hearth/peer/peer_id.h>

namespace hearth::daemon {

struct WaysIn {
  peer::PeerId self;
  /// Where the box itself takes browsers; without /p2p.
  std::vector<codec::Multiaddr> direct;
  /// The embedded flock's, each with /p2p; none without such a flock.
  std::vector<codec::Multiaddr> embedded;
  /// Origin at which the embedded flock serves the shell; empty: it serves none.
  std::string embedded_shell;
  std::vector<membership::FlockStatus> flocks;
};

/// The flock that links name: the address that they do, for browsers, and others of it, without
/// /p2p.
struct LinkFlock {
  codec::Multiaddr address;
  std::vector<codec::Multiaddr> others;
};
/// The embedded one, else the first that is joined.
[[nodiscard]] std::optional<LinkFlock> link_flock(const WaysIn& ways);

/// At most two of the box's own, one of each family where there are both, and the flock's of the
/// other family: a link is also a QR code.
[[nodiscard]] appliance::Addresses addresses(const WaysIn& ways);

[[nodiscard]] identity::Link setup_link(const WaysIn& ways, const identity::RootId& root,
                                        const identity::SetupCode& code);

/// Whether nobody but this machine gets there.
[[nodiscard]] bool is_loopback(const codec::Multiaddr& address);

}  // namespace hearth::daemon
