#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/libp2p/relay_client.h>
#include <hearth/libp2p/relay_service.h>
#include <hearth/libp2p/test_hosts.h>

namespace hearth::libp2p {
namespace {

bool is_reserved(const RelayClient& client) {
  return client.states().front().phase == RelayState::Phase::reserved;
}

Multiaddr address_of(const Host& host) {
  return host.listen_addresses().front().with_p2p(host.id().bytes());
}

Multiaddr circuit_to(const Host& relay, const Host& target) {
  return address_of(relay).with(codec::Protocol::p2p_circuit).with_p2p(target.id().bytes());
}

/// A relay, an appliance behind it, and someone who wants to reach it.
struct Meeting {
  explicit Meeting(bool registered, relay::PolicyOptions options = {})
      : service(relay, options, [registered](const PeerId&) { return registered; }),
        kept(appliance),
        dialing(visitor) {
    relay.listen(loopback());
    echo_on(appliance);
  }
  Task<ConnectionPtr> meet() {
    kept.keep(address_of(relay));
    co_await hosts.until([&] { return is_reserved(kept); });
    ConnectionPtr connection = co_await visitor.dial_address(circuit_to(relay, appliance));
    co_return connection;
  }

  TestHosts hosts;
  Host& relay = hosts.add();
  Host& appliance = hosts.add();
  Host& visitor = hosts.add();
  RelayService service;
  RelayClient kept;
  RelayClient dialing;
};

TEST(Relay, CarriesAnEndToEndConnectionToAPeerThatListensNowhere) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await at.meet();
    EXPECT_EQ(out->peer(), at.appliance.id());
    EXPECT_EQ(out->transport(), Transport::relayed);
    EXPECT_FALSE(out->is_limited());
    const std::string sent(3'000'000, 'r');
    const std::string got = co_await echo(out, sent);
    EXPECT_EQ(got, sent);
    co_await at.hosts.until([&] { return !at.appliance.connections_to(at.visitor.id()).empty(); });
    EXPECT_EQ(at.appliance.connections_to(at.visitor.id()).front()->transport(),
              Transport::relayed);
    EXPECT_EQ(at.service.status().circuits, 1U);
    EXPECT_GT(at.service.status().counters.relayed_bytes, 6'000'000U);
    out->close();
    co_await at.hosts.until([&] { return at.service.status().circuits == 0; });
  });
}

TEST(Relay, AnnouncesTheRelayedAddressWhileItIsReserved) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    co_await at.meet();
    const Multiaddr circuit = address_of(at.relay).with(codec::Protocol::p2p_circuit);
    EXPECT_THAT(at.appliance.announced_addresses(), testing::Contains(circuit));
    at.kept.drop(address_of(at.relay));
    EXPECT_TRUE(at.appliance.announced_addresses().empty());
    EXPECT_TRUE(at.kept.states().empty());
    co_await at.hosts.until([&] { return !at.service.has_reservation(at.appliance.id()); });
  });
}

TEST(Relay, IsFoundAtItsOtherAddressWhereTheKnownOneAnswersNoMore) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    const std::uint16_t port = tcp_endpoint(at.relay).port;
    const auto over_v6 = *Multiaddr::parse("/ip6/::1/tcp/" + std::to_string(port));
    at.relay.listen(over_v6);
    at.kept.keep(address_of(at.relay));
    co_await at.hosts.until([&] { return is_reserved(at.kept); });
    const std::vector<Multiaddr> others = at.kept.states().front().others;
    EXPECT_THAT(others, testing::ElementsAre(over_v6));

    const auto gone = Multiaddr::parse("/ip4/127.0.0.2/tcp/" + std::to_string(port));
    RelayClient later{at.visitor};
    later.keep(gone->with_p2p(at.relay.id().bytes()), others);
    co_await at.hosts.until([&] { return is_reserved(later); });
  });
}

TEST(Relay, CutsAStrangersCircuitAtItsByteLimit) {
  Meeting at{false};
  at.hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await at.meet();
    EXPECT_TRUE(out->is_limited());
    const std::string small = co_await echo(out, "hello");
    EXPECT_EQ(small, "hello");
    std::string got;
    try {
      got = co_await echo(out, std::string(300'000, 'x'));
    } catch (const boost::system::system_error&) {
    }
    EXPECT_LT(got.size(), 131'072U);
    co_await at.hosts.until([&] { return !out->is_open(); });
    EXPECT_EQ(at.service.status().counters.cut, 1U);
    EXPECT_LE(at.service.status().counters.relayed_bytes, 2U * 131'072U);
  });
}

TEST(Relay, CutsAStrangersCircuitAtItsTimeLimit) {
  relay::PolicyOptions options;
  options.stranger_duration = std::chrono::seconds{1};
  Meeting at{false, options};
  at.hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await at.meet();
    co_await at.hosts.until([&] { return !out->is_open(); });
    EXPECT_EQ(at.service.status().circuits, 0U);
  });
}

TEST(Relay, ShapesARegisteredAppliancesCircuitInsteadOfCuttingIt) {
  relay::PolicyOptions options;
  options.appliance_bytes_per_second = 2e6;
  options.burst = std::chrono::milliseconds{100};
  Meeting at{true, options};
  at.hosts.run([&]() -> Task<void> {
    const ConnectionPtr out = co_await at.meet();
    const std::string sent(600'000, 's');
    const loop::SystemClock clock;
    const Instant began = clock.now();
    const std::string got = co_await echo(out, sent);
    EXPECT_EQ(got, sent);
    // 1.2 MB and overhead at 2 MB/s, less the burst.
    EXPECT_GT(clock.now() - began, std::chrono::milliseconds{450});
  });
}

TEST(Relay, RefusesACircuitToWhoHasNoReservation) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    bool refused = false;
    try {
      co_await at.visitor.dial_address(circuit_to(at.relay, at.appliance));
    } catch (const boost::system::system_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(at.service.status().counters.connect_refused, 1U);
  });
}

TEST(Relay, ReservesAgainWhenTheConnectionToTheRelayWasLost) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    co_await at.meet();
    at.relay.close_peer(at.appliance.id());
    co_await at.hosts.until([&] { return !is_reserved(at.kept); });
    EXPECT_FALSE(at.kept.states().front().last_error.empty());
    co_await at.hosts.until([&] { return is_reserved(at.kept); });
    const ConnectionPtr again =
        co_await at.visitor.dial_address(circuit_to(at.relay, at.appliance));
    EXPECT_TRUE(again->is_open());
  });
}

// A5: what ships keeps a registration alive, and comes back within 35 s of the relay's return.
TEST(Relay, A5ByDefaultAsksEach30SecondsAndTriesAgainAfter30AtMost) {
  const RelayClientOptions options;
  EXPECT_EQ(options.keep_alive, std::chrono::seconds{30});
  EXPECT_EQ(options.last_retry, std::chrono::seconds{30});
  EXPECT_EQ(relay::PolicyOptions{}.silence, std::chrono::seconds{60});
}

TEST(Relay, F2ForgetsAPeerThatFellSilentAndAsksOneThatOnlySaysNothing) {
  relay::PolicyOptions options;
  options.silence = std::chrono::milliseconds{400};
  Meeting at{true, options};
  // Its loop turns only while we let it: afterwards its connection stands, and nobody is there.
  TestHosts elsewhere;
  Host& stopped = elsewhere.add();
  RelayClient its{stopped};
  its.keep(address_of(at.relay));
  at.hosts.run([&]() -> Task<void> {
    co_await at.meet();
    co_await at.hosts.until([&] {
      elsewhere.context().poll();
      return is_reserved(its);
    });
    EXPECT_TRUE(at.service.has_reservation(stopped.id()));
    co_await at.hosts.until([&] { return !at.service.has_reservation(stopped.id()); });
    co_await at.hosts.until([&] { return at.relay.connections_to(stopped.id()).empty(); });
    EXPECT_TRUE(at.service.has_reservation(at.appliance.id()));
    EXPECT_TRUE(is_reserved(at.kept));
  });
}

TEST(Relay, TakesNoCircuitFromARelayThatWeKeepNoReservationAt) {
  Meeting at{true};
  at.hosts.run([&]() -> Task<void> {
    co_await at.meet();
    at.visitor.close_peer(at.appliance.id());
    // Serves /stop from now on, and has never heard of the relay, which still offers circuits.
    const RelayClient newcomer{at.appliance};
    bool refused = false;
    try {
      co_await at.visitor.dial_address(circuit_to(at.relay, at.appliance));
    } catch (const boost::system::system_error&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
  });
}

}  // namespace
}  // namespace hearth::libp2p
