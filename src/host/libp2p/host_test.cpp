#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/libp2p/host.h>
#include <hearth/libp2p/ping.h>
#include <hearth/libp2p/test_hosts.h>

namespace hearth::libp2p {
namespace {

using testing::ElementsAre;

/// Two that know nothing of each other yet; the server listens.
class HostTest : public testing::Test {
 protected:
  HostTest() { server.listen(loopback()); }

  TestHosts hosts;
  Host& server = hosts.add();
  Host& client = hosts.add();
};

TEST_F(HostTest, ConnectsOverTcpAndBothSidesKnowWhoIsThere) {
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    EXPECT_EQ(out->peer(), server.id());
    EXPECT_EQ(out->direction(), Direction::outbound);
    EXPECT_EQ(out->transport(), Transport::tcp);
    co_await hosts.until([&] { return !server.connections_to(client.id()).empty(); });
    EXPECT_EQ(server.connections().front()->direction(), Direction::inbound);
    const ConnectionPtr again = co_await client.dial(server.id(), {});
    EXPECT_EQ(again, out);
  });
}

TEST_F(HostTest, ConnectsOverWebSocketOnTheSamePort) {
  echo_on(server);
  hosts.run([&]() -> Task<void> {
    const Multiaddr address = websocket_address(server);
    const ConnectionPtr out = co_await client.dial_address(address);
    EXPECT_EQ(out->transport(), Transport::websocket);
    const std::string sent(300'000, 'x');
    EXPECT_EQ(co_await echo(out, sent), sent);
    EXPECT_EQ(server.connections().front()->transport(), Transport::websocket);
  });
}

TEST_F(HostTest, RefusesAPeerOtherThanTheOneDialed) {
  Host& other = hosts.add();
  hosts.run([&]() -> Task<void> {
    boost::system::error_code error;
    try {
      co_await client.dial(other.id(), server.listen_addresses());
    } catch (const boost::system::system_error& failed) {
      error = failed.code();
    }
    EXPECT_EQ(error, boost::asio::error::access_denied);
    EXPECT_TRUE(client.connections().empty());
  });
}

TEST_F(HostTest, EchoesAMegabyteOnAStreamAndSeesItsEnd) {
  echo_on(server);
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    std::string sent(1'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 256);
    EXPECT_EQ(co_await echo(out, sent), sent);
  });
}

TEST_F(HostTest, ServesAThousandStreamsAtOnceOnOneConnection) {
  echo_on(server);
  int done = 0;
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    for (int i = 0; i < 1000; ++i)
      boost::asio::co_spawn(
          hosts.context(),
          [](ConnectionPtr on, int number, int& count) -> Task<void> {
            const std::string sent = "stream " + std::to_string(number);
            const std::string got = co_await echo(on, sent);
            if (got == sent) ++count;
          }(out, i, done),
          boost::asio::detached);
    co_await hosts.until([&] { return done == 1000; });
    EXPECT_EQ(client.resources().streams, 0U);
  });
  EXPECT_EQ(done, 1000);
}

TEST_F(HostTest, SaysWhenNoProtocolIsAgreed) {
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    boost::system::error_code error;
    try {
      co_await out->open("/nobody/speaks/this");
    } catch (const boost::system::system_error& failed) {
      error = failed.code();
    }
    EXPECT_EQ(error, boost::asio::error::no_protocol_option);
    EXPECT_TRUE(out->is_open());
  });
}

TEST(Host, HandsOtherHttpRequestsOnWithTheBytesReadSoFar) {
  TestHosts hosts;
  Host& server = hosts.add();
  server.listen(loopback());
  std::string asked;
  server.set_http_fallback([&](std::unique_ptr<loop::ByteStream> raw) -> Task<void> {
    asked = co_await read_some_text(*raw);
    const std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
    co_await raw->write(as_bytes(answer));
    co_await raw->close_write();
  });
  hosts.run([&]() -> Task<void> {
    const std::string answer =
        co_await ask_raw(tcp_endpoint(server), "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  EXPECT_EQ(asked, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(Host, DropsWhoSpeaksNothingWeKnow) {
  TestHosts hosts;
  Host& server = hosts.add();
  server.listen(loopback());
  hosts.run([&]() -> Task<void> {
    EXPECT_EQ(co_await ask_raw(tcp_endpoint(server), "SSH-2.0-x\r\n"), "");
    co_await hosts.until([&] { return server.resources().connections == 0; });
  });
}

TEST(Host, DropsAConnectionThatSaysNothingInTime) {
  TestHosts hosts;
  Limits limits;
  limits.upgrade_timeout = std::chrono::milliseconds{50};
  Host& server = hosts.add(limits);
  server.listen(loopback());
  hosts.run([&]() -> Task<void> {
    EXPECT_EQ(co_await ask_raw(tcp_endpoint(server), ""), "");
    EXPECT_EQ(co_await ask_raw(tcp_endpoint(server), "\x13/multistream"), "");
    EXPECT_EQ(co_await ask_raw(tcp_endpoint(server), "GET / HTTP/1.1\r\n"), "");
    co_await hosts.until([&] { return server.resources().half_open == 0; });
  });
}

TEST(Host, RefusesConnectionsBeyondItsTotal) {
  TestHosts hosts;
  Limits limits;
  limits.connections = 1;
  Host& server = hosts.add(limits);
  Host& first = hosts.add();
  Host& second = hosts.add();
  server.listen(loopback());
  hosts.run([&]() -> Task<void> {
    co_await first.dial(server.id(), server.listen_addresses());
    bool refused = false;
    try {
      co_await second.dial(server.id(), server.listen_addresses());
    } catch (const boost::system::system_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    EXPECT_GE(server.resources().refused_for(Refusal::connections), 1U);
  });
}

TEST(Host, ResetsStreamsBeyondAProtocolsLimit) {
  TestHosts hosts;
  Limits limits;
  limits.stream_limits["/echo/1.0.0"] = 1;
  Host& server = hosts.add(limits);
  Host& client = hosts.add();
  server.listen(loopback());
  echo_on(server);
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    const StreamPtr held = co_await out->open("/echo/1.0.0");
    bool reset = false;
    try {
      co_await echo(out, "x");
    } catch (const boost::system::system_error&) {
      reset = true;
    }
    EXPECT_TRUE(reset);
    EXPECT_EQ(server.resources().refused_for(Refusal::streams_per_protocol), 1U);
  });
}

TEST_F(HostTest, TellsObserversWhenConnectionsStandAndEnd) {
  std::vector<std::string> seen;
  server.on_connected(
      [&](const ConnectionPtr& on) { seen.push_back("+" + on->peer().to_string()); });
  server.on_disconnected(
      [&](const ConnectionPtr& on) { seen.push_back("-" + on->peer().to_string()); });
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    out->close();
    EXPECT_FALSE(out->is_open());
    co_await hosts.until([&] { return seen.size() == 2; });
  });
  const std::string id = client.id().to_string();
  EXPECT_THAT(seen, ElementsAre("+" + id, "-" + id));
}

TEST_F(HostTest, GoesOnByTheNextAddressWhenOneFails) {
  hosts.run([&]() -> Task<void> {
    std::vector<Multiaddr> addresses;
    addresses.push_back(*Multiaddr::parse("/ip4/127.0.0.1/tcp/1"));
    addresses.push_back(*Multiaddr::parse("/dns4/localhost/udp/1/quic-v1"));
    for (const Multiaddr& address : server.listen_addresses()) addresses.push_back(address);
    const ConnectionPtr out = co_await client.dial(server.id(), addresses);
    EXPECT_TRUE(out->is_open());
  });
}

TEST_F(HostTest, ListensAndDialsOverIpv6BesideIpv4OnOnePort) {
  const std::string port = std::to_string(tcp_endpoint(server).port);
  const Multiaddr address = *Multiaddr::parse("/ip6/::1/tcp/" + port);
  try {
    server.listen(address);
  } catch (const boost::system::system_error&) {
    GTEST_SKIP() << "no IPv6 on this machine";
  }
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial_address(address.with_p2p(server.id().bytes()));
    EXPECT_EQ(out->remote_address().ip(), IpAddress::parse("::1"));
  });
}

TEST_F(HostTest, DialsByName) {
  hosts.run([&]() -> Task<void> {
    const std::string port = std::to_string(tcp_endpoint(server).port);
    const Multiaddr address = *Multiaddr::parse("/dns4/localhost/tcp/" + port);
    const ConnectionPtr out = co_await client.dial_address(address.with_p2p(server.id().bytes()));
    EXPECT_TRUE(out->is_open());
  });
}

TEST_F(HostTest, MakesTheWriterWaitWhileTheReaderIsSlow) {
  StreamPtr unread;
  server.handle("/sink", [&](StreamPtr stream) -> Task<void> {
    unread = std::move(stream);
    co_return;
  });
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    const StreamPtr stream = co_await out->open("/sink");
    std::size_t written = 0;
    bool failed = false;
    boost::asio::co_spawn(
        hosts.context(),
        [](Stream& to, std::size_t& count, bool& ended) -> Task<void> {
          const Bytes chunk(65536);
          try {
            while (true) {
              co_await to.write(chunk);
              count += chunk.size();
            }
          } catch (const boost::system::system_error&) {
            ended = true;
          }
        }(*stream, written, failed),
        boost::asio::detached);
    co_await hosts.until([&] { return written > 200'000; });
    co_await hosts.settled([&] { return written; });
    // The peer's window, our send buffer, and no more.
    EXPECT_LT(written, 2'000'000U);
    unread.reset();
    co_await hosts.until([&] { return failed; });
  });
}

TEST_F(HostTest, KeepsWhatAPeerSentBeforeItLeft) {
  serve_pings(server);
  std::vector<StreamPtr> unread;
  server.handle("/sink", [&](StreamPtr stream) -> Task<void> {
    unread.push_back(std::move(stream));
    co_return;
  });
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    const StreamPtr whole = co_await out->open("/sink");
    const Bytes sent(200'000, std::byte{7});
    co_await whole->write(sent);
    co_await whole->close_write();
    const StreamPtr cut = co_await out->open("/sink");
    co_await cut->write(BytesView{sent}.first(1000));
    co_await ping(client, out);  // behind all of it on the one pipe
    out->close();
    co_await hosts.until([&] { return server.connections().empty(); });

    EXPECT_EQ(unread.size(), 2U);
    Bytes got(sent.size());
    co_await loop::read_exactly(*unread[0], got);
    EXPECT_EQ(got, sent);
    EXPECT_EQ(co_await unread[0]->read_some(got), 0U) << "its end had come";
    EXPECT_EQ(co_await unread[1]->read_some(got), 1000U);
    bool reset = false;
    try {
      co_await unread[1]->read_some(got);
    } catch (const boost::system::system_error&) {
      reset = true;
    }
    EXPECT_TRUE(reset) << "its end had not";
    bool refused = false;
    try {
      co_await unread[0]->write(sent);
    } catch (const boost::system::system_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  });
}

TEST(Host, ResetsStreamsOfAConnectionThatFillsItsMemoryAndServesOthers) {
  TestHosts hosts;
  Limits limits;
  limits.memory_bytes_per_connection = 1 << 20;
  Host& server = hosts.add(limits);
  Host& greedy = hosts.add();
  Host& modest = hosts.add();
  server.listen(loopback());
  echo_on(server);
  std::vector<StreamPtr> unread;
  server.handle("/sink", [&](StreamPtr stream) -> Task<void> {
    unread.push_back(std::move(stream));
    co_return;
  });
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await greedy.dial(server.id(), server.listen_addresses());
    std::vector<StreamPtr> streams;
    for (int i = 0; i < 20; ++i) {
      StreamPtr stream = co_await out->open("/sink");
      const Bytes chunk(200'000);
      co_await stream->write(chunk);
      streams.push_back(std::move(stream));
    }
    co_await hosts.until([&] { return server.resources().memory_bytes > 500'000; });
    co_await hosts.settled([&] { return server.resources().memory_bytes; });
    EXPECT_LE(server.resources().memory_bytes, 1U << 20);
    int reset = 0;
    const Bytes more(1);
    for (const StreamPtr& stream : streams) {
      try {
        co_await stream->write(more);
      } catch (const boost::system::system_error&) {
        ++reset;
      }
    }
    EXPECT_GE(reset, 10);
    const ConnectionPtr other = co_await modest.dial(server.id(), server.listen_addresses());
    const std::string sent(300'000, 'm');
    const std::string got = co_await echo(other, sent);
    EXPECT_EQ(got, sent);
    unread.clear();
    out->close();
    co_await hosts.until([&] { return server.connections_to(greedy.id()).empty(); });
  });
}

TEST_F(HostTest, PingsAndAnswersPings) {
  serve_pings(server);
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    const Duration took = co_await ping(client, out);
    EXPECT_GT(took, Duration{0});
    EXPECT_LT(took, std::chrono::seconds{5});
  });
}

TEST_F(HostTest, ShutsDownWithConnectionsAndStreamsOpen) {
  echo_on(server);
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await client.dial(server.id(), server.listen_addresses());
    const StreamPtr stream = co_await out->open("/echo/1.0.0");
    co_await server.shut_down();
    EXPECT_TRUE(server.connections().empty());
    co_await hosts.until([&] { return client.connections().empty(); });
    bool refused = false;
    try {
      co_await client.dial_address(
          Multiaddr::parse("/ip4/127.0.0.1/tcp/1")->with_p2p(server.id().bytes()));
    } catch (const boost::system::system_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  });
}

}  // namespace
}  // namespace hearth::libp2p
