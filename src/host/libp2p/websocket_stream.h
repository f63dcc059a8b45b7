#pragma once
// Private to accept_plain.cpp and accept_tls.cpp, the two files that instantiate Beast's WebSocket.

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/libp2p/raw_streams.h>
#include <hearth/sniff/protocol.h>

namespace hearth::libp2p::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using boost::system::system_error;
using loop::Task;
using sniff::recognize;
using sniff::Spoken;

/// libp2p writes a frame or two per message; what a peer sends in one is read piece by piece, so
/// this only stops a message without end.
inline constexpr std::size_t max_message_bytes = std::size_t{16} << 20;

/// A WebSocket as a byte stream: binary messages, whose borders mean nothing (LIBP2P's websocket
/// spec). Pings are answered while a read is pending, and a session always has one.
template <class Socket>
class WebSocketStream final : public loop::ByteStream {
 public:
  explicit WebSocketStream(Socket socket) : socket_(std::move(socket)) {
    socket_.read_message_max(max_message_bytes);
    socket_.write_buffer_bytes(16384);
    socket_.auto_fragment(false);
    socket_.binary(true);
    // The host has its own time-outs; Beast's need a timer each.
    socket_.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                       websocket::stream_base::none(), false});
  }

  websocket::stream<Socket>& socket() { return socket_; }

  Task<std::size_t> read_some(MutableBytes out) override {
    while (true) {
      error_code error;
      const std::size_t count = co_await socket_.async_read_some(
          asio::buffer(out.data(), out.size()), asio::redirect_error(asio::use_awaitable, error));
      if (error == websocket::error::closed || error == asio::error::eof) co_return 0;
      if (error) throw system_error{error};
      if (!socket_.got_binary()) throw system_error{asio::error::operation_not_supported};
      if (count > 0) co_return count;  // a message may be empty
    }
  }

  Task<void> write(BytesView data) override {
    co_await socket_.async_write(asio::buffer(data.data(), data.size()), asio::use_awaitable);
  }

  /// A WebSocket has no half-close: this ends both directions, after what was written.
  Task<void> close_write() override {
    error_code ignored;
    co_await socket_.async_close(websocket::close_code::normal,
                                 asio::redirect_error(asio::use_awaitable, ignored));
  }

  void reset() noexcept override {
    error_code ignored;
    beast::get_lowest_layer(socket_).close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  websocket::stream<Socket> socket_;
};

/// Answers the upgrade request in `head`, which recognize() found whole.
template <class Socket>
Task<RawStream> accept_websocket(Socket socket, const Bytes& head) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(sniff::max_sniffed_bytes);
  error_code error;
  const std::size_t used = parser.put(asio::buffer(head.data(), head.size()), error);
  if (error) throw system_error{error};
  // A client that sends frames before it knows our answer breaks RFC 6455 section 4.1.
  if (used != head.size() || !parser.is_header_done())
    throw system_error{beast::http::make_error_code(beast::http::error::unexpected_body)};
  const auto request = parser.release();
  auto stream = std::make_unique<WebSocketStream<Socket>>(std::move(socket));
  co_await stream->socket().async_accept(request, asio::use_awaitable);
  co_return stream;
}

/// Reads until recognize() decides. `wrap` makes a byte stream of the socket.
template <class Socket, class Wrap>
Task<Accepted> accept_sniffed(Socket socket, Wrap wrap) {
  Bytes received;
  while (true) {
    const std::size_t before = received.size();
    received.resize(before + 1024);
    const std::size_t count = co_await socket.async_read_some(
        asio::buffer(received.data() + before, 1024), asio::use_awaitable);
    received.resize(before + count);
    switch (recognize(received)) {
      case Spoken::undecided:
        continue;
      case Spoken::libp2p:
        co_return Accepted{Accepted::Kind::libp2p,
                           with_prefix(std::move(received), wrap(std::move(socket)))};
      case Spoken::libp2p_websocket: {
        RawStream stream = co_await accept_websocket(std::move(socket), received);
        co_return Accepted{Accepted::Kind::websocket, std::move(stream)};
      }
      case Spoken::http:
        co_return Accepted{Accepted::Kind::http,
                           with_prefix(std::move(received), wrap(std::move(socket)))};
      case Spoken::tls:
      case Spoken::unknown:
        throw system_error{asio::error::no_protocol_option};
    }
  }
}

template <class Socket>
Task<RawStream> ask_for_websocket(Socket socket, WebSocketTarget target) {
  auto stream = std::make_unique<WebSocketStream<Socket>>(std::move(socket));
  co_await stream->socket().async_handshake(target.host, target.path, asio::use_awaitable);
  co_return stream;
}

// accept_tls.cpp
Task<Accepted> accept_tls(TcpSocket socket, std::shared_ptr<TlsContext> tls);
Task<RawStream> dial_websocket_tls(TcpSocket socket, WebSocketTarget target,
                                   std::shared_ptr<TlsContext> tls, std::string server_name);

}  // namespace hearth::libp2p::detail
