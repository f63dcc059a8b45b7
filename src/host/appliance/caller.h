#pragma once

#include <optional>
#include <string>

#include <hearth/peer/peer_id.h>

namespace hearth::appliance {

/// Where a request comes from, as its transport knows it; never what the request says.
struct Caller {
  /// Who is at the other end of the libp2p connection, proven by its handshake. Nothing on the
  /// loopback port and the console.
  std::optional<peer::PeerId> peer;
  /// For showing: "tcp", "websocket", "webrtc", "webrtc-direct", "loopback".
  std::string transport = "loopback";
  bool relayed = false;
  /// The machine's own administrator, through a socket that only they can open: may do what an
  /// owner may, and acts for any persona.
  bool console = false;
};

}  // namespace hearth::appliance
