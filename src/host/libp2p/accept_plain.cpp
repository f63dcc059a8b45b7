#include <hearth/libp2p/websocket_stream.h>

namespace hearth::libp2p {

using namespace detail;

Task<Accepted> accept_stream(TcpSocket socket, std::shared_ptr<TlsContext> tls) {
  // Many small frames in a row: none of them waits for the one before to be acknowledged.
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  if (tls) co_return co_await accept_tls(std::move(socket), std::move(tls));
  // Looking before reading lets a raw libp2p connection, the common case, start without a copy.
  co_await socket.async_wait(TcpSocket::wait_read, asio::use_awaitable);
  std::byte first{};
  socket.receive(asio::buffer(&first, 1), TcpSocket::message_peek);
  if (recognize({&first, 1}) == Spoken::libp2p)
    co_return Accepted{Accepted::Kind::libp2p, make_tcp_stream(std::move(socket))};
  co_return co_await accept_sniffed(std::move(socket), [](TcpSocket plain) -> RawStream {
    return make_tcp_stream(std::move(plain));
  });
}

Task<RawStream> dial_websocket(TcpSocket socket, WebSocketTarget target,
                               std::shared_ptr<TlsContext> tls, std::string server_name) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  if (tls)
    co_return co_await dial_websocket_tls(std::move(socket), std::move(target), std::move(tls),
                                          std::move(server_name));
  co_return co_await ask_for_websocket(std::move(socket), std::move(target));
}

}  // namespace hearth::libp2p
