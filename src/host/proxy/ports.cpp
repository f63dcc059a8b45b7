#include <array>
#include <memory>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hearth/loop/socket_stream.h>
#include <hearth/proxy/ports.h>
#include <hearth/proxy/sockets.h>

namespace hearth::proxy {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds connect_timeout{10};
constexpr Farewell farewell{.time = std::chrono::minutes{10}, .while_quiet = true};

/// Not open: nobody listens there.
loop::Task<tcp::socket> connect(asio::any_io_executor executor, std::uint16_t port) {
  const auto socket = std::make_shared<tcp::socket>(executor);
  asio::steady_timer patience{executor, connect_timeout};
  patience.async_wait([weak = std::weak_ptr{socket}](error_code stopped) {
    const auto late = weak.lock();
    error_code ignored;
    if (!stopped && late) late->close(ignored);
  });
  const std::array<asio::ip::address, 2> loopbacks{asio::ip::address_v4::loopback(),
                                                   asio::ip::address_v6::loopback()};
  for (const asio::ip::address& address : loopbacks) {
    const tcp::endpoint at{address, port};
    error_code failed;
    co_await socket->async_connect(at, asio::redirect_error(asio::use_awaitable, failed));
    if (!failed || failed == asio::error::operation_aborted) break;
    socket->close(failed);
  }
  co_return std::move(*socket);
}

}  // namespace

bool is_port_request(const http::Request& request) {
  return request.method == "GET" && request.headers.has_token("connection", "upgrade") &&
         request.headers.has_token("upgrade", tcp_protocol);
}

loop::Task<http::Response> open_port(asio::any_io_executor executor, std::uint16_t port,
                                     SocketKey key, const Sockets& sockets) {
  refuse_too_many(sockets, key.device);
  const auto place = std::make_shared<Place>(sockets.state(), std::move(key));
  tcp::socket socket = co_await connect(executor, port);
  if (!socket.is_open())
    throw AppUnavailable{.status = 502,
                         .code = "unavailable",
                         .message = "Nobody listens at port " + std::to_string(port) +
                                    " of the box. Is the service started there?",
                         .retry_after_s = 0};
  http::Response response;
  response.status = 101;
  response.headers = {{"Connection", "Upgrade"}, {"Upgrade", std::string{tcp_protocol}}};
  const std::shared_ptr<loop::ByteStream> service = loop::make_stream(std::move(socket));
  response.take_over = [place, service](loop::ByteStream& client) {
    return serve(place, service, client, farewell);
  };
  co_return response;
}

}  // namespace hearth::proxy
