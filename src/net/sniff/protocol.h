#pragma once
// Tells by its first bytes what a new TCP connection speaks: one port serves them all. No I/O.

#include <cstddef>
#include <cstdint>

#include <hearth/base/bytes.h>

namespace hearth::sniff {

enum class Spoken : std::uint8_t {
  undecided,         // read more and ask again with all of it
  libp2p,            // multistream-select's header
  tls,               // a ClientHello
  libp2p_websocket,  // a whole WebSocket upgrade request for libp2p
  http,              // any other request, whole or not
  unknown,           // nobody here speaks that: close
};

/// A request head beyond this is handed on as it is: the HTTP server has its own limits.
inline constexpr std::size_t max_sniffed_bytes = 8192;

/// `received` is everything so far. Decides after one byte for libp2p and TLS, after a request's
/// head (or max_sniffed_bytes of it) for HTTP. A WebSocket upgrade is libp2p's when it is a GET for
/// "/": js-libp2p and go-libp2p ask for no subprotocol there; WebSockets of apps live under paths
/// of their own.
[[nodiscard]] Spoken recognize(BytesView received);

}  // namespace hearth::sniff
