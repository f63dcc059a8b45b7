#pragma once
// What carries a libp2p connection before it is one: TCP, TLS and WebSocket as byte streams.

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include <hearth/base/bytes.h>
#include <hearth/libp2p/direct_stream.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::libp2p {

using RawStream = std::unique_ptr<loop::ByteStream>;
using TcpSocket = boost::asio::ip::tcp::socket;

/// Sets TCP_NODELAY: the session gathers writes itself.
[[nodiscard]] RawStream make_tcp_stream(TcpSocket socket);

/// Yields `prefix`, then what `rest` yields. Writes go to `rest`.
[[nodiscard]] RawStream with_prefix(Bytes prefix, RawStream rest);

/// A server's certificate and key, or a client's lack of them.
class TlsContext {
 public:
  /// PEM files. Throws system_error when they can't be read or don't belong together.
  [[nodiscard]] static std::shared_ptr<TlsContext> server(const std::string& certificate_file,
                                                          const std::string& key_file);
  /// Accepts any certificate: who answers is settled by libp2p's handshake inside, which checks the
  /// PeerId that the address names. Only addresses that name one are ever dialed.
  [[nodiscard]] static std::shared_ptr<TlsContext> client();
  virtual ~TlsContext() = default;
};

/// What a connection turned out to speak (hearth/sniff/protocol.h), ready to be used.
struct Accepted {
  enum class Kind : std::uint8_t { libp2p, websocket, http } kind;
  RawStream stream;
};

/// Finds out what the connection speaks; shakes hands on TLS and WebSocket. `tls` may be null, then
/// a ClientHello is refused. Throws system_error. The caller bounds the time, by cancelling.
loop::Task<Accepted> accept_stream(TcpSocket socket, std::shared_ptr<TlsContext> tls);

struct WebSocketTarget {
  std::string host;  // of the Host field, with the port
  std::string path = "/";
};
/// Asks for a WebSocket over a connected socket; over TLS with `server_name` when `tls` is set.
loop::Task<RawStream> dial_websocket(TcpSocket socket, WebSocketTarget target,
                                     std::shared_ptr<TlsContext> tls, std::string server_name);

}  // namespace hearth::libp2p
