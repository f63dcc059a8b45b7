// TCP services through the proxy: a listener of this process, raw bytes at the client's end.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <hearth/http/server.h>
#include <hearth/loop/socket_stream.h>
#include <hearth/proxy/ports.h>

namespace hearth::proxy {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view request_head =
    "GET / HTTP/1.1\r\nHost: box\r\nConnection: Upgrade\r\nUpgrade: hearth-tcp\r\n\r\n";

class Ports : public ::testing::Test {
 protected:
  using Client = asio::local::stream_protocol::socket;

  /// A client that has asked for `port`.
  Client client(std::uint16_t port, std::string persona = "anna") {
    Client ours{io_};
    Client theirs{io_};
    asio::local::connect_pair(ours, theirs);
    http::Handler handler = [this, port,
                             persona](http::Request request) -> http::Task<http::Response> {
      EXPECT_TRUE(is_port_request(request));
      std::optional<AppUnavailable> unavailable;
      try {
        SocketKey key{.device = "D", .persona = persona, .target = "port"};
        auto opened = open_port(io_.get_executor(), port, std::move(key), sockets_);
        co_return co_await std::move(opened);
      } catch (const AppUnavailable& error) {
        unavailable = error;
      }
      co_return http::Response::text(unavailable->status, unavailable->message);
    };
    asio::co_spawn(io_, http::serve(loop::make_stream(std::move(theirs)), std::move(handler)),
                   asio::detached);
    asio::write(ours, asio::buffer(request_head));
    return ours;
  }
  /// Turns the loop until `bytes` more can be read, or the stream has ended.
  template <class Socket>
  std::string read(Socket& socket, std::string_view until) {
    std::string text;
    std::array<char, 4096> buffer{};
    bool over = false;
    while (!over && !(until.empty() ? false : text.ends_with(until))) {
      bool done = false;
      socket.async_read_some(asio::buffer(buffer),
                             [&](boost::system::error_code error, std::size_t count) {
                               text.append(buffer.data(), count);
                               over = !!error;
                               done = true;
                             });
      io_.restart();
      while (!done && io_.run_one() > 0) {
      }
    }
    return text;
  }
  tcp::socket accepted() {
    tcp::socket socket{io_};
    bool done = false;
    listener_.async_accept(socket, [&](boost::system::error_code) { done = true; });
    io_.restart();
    while (!done && io_.run_one() > 0) {
    }
    return socket;
  }

  asio::io_context io_;
  Sockets sockets_;
  tcp::acceptor listener_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::uint16_t port_ = listener_.local_endpoint().port();
};

TEST_F(Ports, CarryBytesBothWaysAndOneEndMayEndFirst) {
  Client ours = client(port_);
  tcp::socket service = accepted();
  EXPECT_TRUE(read(ours, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
  asio::write(ours, asio::buffer(std::string_view{"all I say."}));
  ours.shutdown(Client::shutdown_send);
  EXPECT_EQ(read(service, ""), "all I say.");
  asio::write(service, asio::buffer(std::string_view{"and the answer."}));
  service.close();
  EXPECT_EQ(read(ours, ""), "and the answer.");
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(Ports, EndAtOnceForThoseWhoAreCutOff) {
  Client annas = client(port_, "anna");
  tcp::socket for_anna = accepted();
  Client berts = client(port_, "bert");
  tcp::socket for_bert = accepted();
  read(annas, "\r\n\r\n");
  read(berts, "\r\n\r\n");
  sockets_.cut_if([](const SocketKey& key) { return key.persona == "bert"; });
  EXPECT_EQ(read(berts, ""), "");
  EXPECT_EQ(read(for_bert, ""), "");
  asio::write(for_anna, asio::buffer(std::string_view{"still here."}));
  EXPECT_EQ(read(annas, "."), "still here.");
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(Ports, WhereNobodyListensTheAnswerSaysSo) {
  listener_.close();
  Client ours = client(port_);
  const std::string heard = read(ours, "?");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 502 ")) << heard;
  EXPECT_NE(heard.find("Nobody listens at port"), std::string::npos);
  EXPECT_EQ(sockets_.size(), 0U);
}

}  // namespace
}  // namespace hearth::proxy
