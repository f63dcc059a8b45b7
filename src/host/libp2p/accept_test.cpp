#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <hearth/libp2p/raw_streams.h>

namespace hearth::libp2p {
namespace {

namespace asio = boost::asio;

// Two small frames one after the other would else lie 40 ms apart: the second waits for the first
// to be acknowledged, and the other side waits for something to send the acknowledgement with.
TEST(Accept, AWebSocketSendsSmallFramesWithoutWaiting) {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  asio::ip::tcp::socket client{context};
  client.connect(acceptor.local_endpoint());
  TcpSocket socket{context.get_executor()};
  acceptor.accept(socket);
  const int handle = socket.native_handle();
  const std::string request =
      "GET / HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  asio::write(client, asio::buffer(request));
  bool accepted = false;
  asio::co_spawn(context, accept_stream(std::move(socket), nullptr),
                 [&](const std::exception_ptr& error, Accepted result) {
                   accepted = !error && result.kind == Accepted::Kind::websocket;
                   int on = 0;
                   socklen_t size = sizeof on;
                   EXPECT_EQ(getsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
                   EXPECT_NE(on, 0);
                 });
  context.run();
  EXPECT_TRUE(accepted);
}

}  // namespace
}  // namespace hearth::libp2p
