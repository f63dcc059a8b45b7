// Peers that speak the protocol and mean no good by it: a session driven by hand against a host.

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <hearth/libp2p/host.h>
#include <hearth/libp2p/test_hosts.h>
#include <hearth/session/test_pair.h>

namespace hearth::libp2p {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class Hostile {
 public:
  explicit Hostile(asio::io_context& context)
      : socket_(context),
        keys_(99),
        session_({.role = session::Role::initiator,
                  .credentials = keys_.credentials,
                  .budget = budget_,
                  .limits = {.outbound_streams = 5000}},
                 keys_.entropy, clock_.now()) {}

  Task<void> connect(Endpoint server) {
    const tcp::endpoint at{asio::ip::make_address(server.address.to_string()), server.port};
    co_await socket_.async_connect(at, asio::use_awaitable);
    while (!session_.secured() && !session_.closed()) {
      co_await send();
      co_await hear();
    }
  }
  /// Sends what waits; a pipe that broke is no error.
  Task<void> send() {
    Bytes out(65536);
    boost::system::error_code error;
    while (const std::size_t count = session_.poll_transmit(out)) {
      const auto piece = asio::buffer(out.data(), count);
      co_await asio::async_write(socket_, piece, asio::redirect_error(asio::use_awaitable, error));
      if (error) session_.end(clock_.now());
    }
  }
  /// What came, or comes next.
  Task<void> hear() {
    Bytes in(65536);
    boost::system::error_code error;
    const auto space = asio::buffer(in.data(), in.size());
    const std::size_t count =
        co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    session_.receive(clock_.now(), BytesView{in}.first(count));
    if (error) session_.end(clock_.now());
    while (const auto event = session_.poll_event())
      resets_ += std::holds_alternative<session::StreamReset>(*event);
  }
  Task<void> hear_what_came() {
    while (!session_.closed() && socket_.available() > 0) co_await hear();
  }

  /// Without a word.
  void leave() { socket_.close(); }

  [[nodiscard]] std::optional<session::StreamId> open() {
    const auto id = session_.open_stream(clock_.now());
    return id ? std::optional{*id} : std::nullopt;
  }
  session::Session& session() { return session_; }
  [[nodiscard]] std::size_t resets() const { return resets_; }

 private:
  tcp::socket socket_;
  loop::SystemClock clock_;
  session::TestHost keys_;
  session::MemoryBudget budget_{session::unbounded};
  session::Session session_;
  std::size_t resets_ = 0;
};

TEST(HostileStreams, OpenedAndGivenUpAtOnceEndTheConnectionAndNobodyElses) {
  TestHosts hosts;
  Host& server = hosts.add();
  Host& client = hosts.add();
  server.listen(loopback());
  echo_on(server);
  Hostile peer{hosts.context()};
  hosts.run([&]() -> Task<void> {
    const ConnectionPtr other = co_await client.dial(server.id(), server.listen_addresses());
    co_await peer.connect(tcp_endpoint(server));
    std::size_t given_up = 0;
    while (!peer.session().closed() && given_up < 10'000) {
      std::vector<session::StreamId> streams;
      while (const auto id = peer.open()) streams.push_back(*id);
      co_await peer.send();
      for (const session::StreamId id : streams) peer.session().reset(id);
      given_up += streams.size();
      co_await peer.send();
      co_await peer.hear_what_came();
    }
    EXPECT_TRUE(peer.session().closed());
    // A page with a thousand requests under way may leave them all.
    EXPECT_GT(given_up, 1'500U);
    EXPECT_LT(given_up, 5'000U);
    EXPECT_EQ(server.resources().refused_for(Refusal::abuse), 1U);
    co_await hosts.until([&] { return server.connections().size() == 1; });
    const std::string heard = co_await echo(other, "still here");
    EXPECT_EQ(heard, "still here");
  });
}

TEST(HostileStreams, ThatSayNothingHaveTheirTimeAndThenEnd) {
  TestHosts hosts;
  Limits limits;
  limits.negotiation_timeout = std::chrono::milliseconds{100};
  Host& server = hosts.add(limits);
  server.listen(loopback());
  Hostile peer{hosts.context()};
  hosts.run([&]() -> Task<void> {
    co_await peer.connect(tcp_endpoint(server));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(peer.open());
    co_await peer.send();
    co_await hosts.until([&] { return server.resources().streams >= 100; });
    while (peer.resets() < 100) co_await peer.hear();
    co_await hosts.until([&] { return server.resources().streams == 0; });
  });
  EXPECT_EQ(server.budget()->memory(budget::Layer::streams).used(), 0U);
}

TEST(HostileStreams, OfAConnectionThatEndsAreGoneWithIt) {
  TestHosts hosts;
  Host& server = hosts.add();
  server.listen(loopback());
  hosts.run([&]() -> Task<void> {
    Hostile peer{hosts.context()};
    co_await peer.connect(tcp_endpoint(server));
    for (int i = 0; i < 100; ++i) (void)peer.open();
    co_await peer.send();
    co_await hosts.until([&] { return server.resources().streams >= 100; });
    peer.leave();
    co_await hosts.until([&] { return server.resources().streams == 0; });
  });
  EXPECT_TRUE(server.connections().empty());
}

}  // namespace
}  // namespace hearth::libp2p
