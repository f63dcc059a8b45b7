#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <hearth/flock/server.h>
#include <hearth/membership/membership.h>
#include <hearth/membership/name_client.h>
#include <hearth/storage/memory_store.h>

namespace hearth::membership {
namespace {

namespace asio = boost::asio;
using libp2p::Task;

crypto::Ed25519PrivateKey key(char c) {
  return *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(c)));
}

/// A real flock and real appliances, over loopback.
class AtAFlock : public ::testing::Test {
 protected:
  AtAFlock() { flock_host_.listen(*codec::Multiaddr::parse("/ip4/127.0.0.1/tcp/0")); }

  codec::Multiaddr flock_address() {
    return flock_host_.listen_addresses().front().with_p2p(flock_host_.id().bytes());
  }

  struct Appliance {
    Appliance(AtAFlock& at, char root, char host_key, std::uint64_t epoch)
        : host(at.io_.get_executor(), {.key = key(host_key)}, at.clock_, at.entropy_, at.log_),
          relays(host),
          certificate{.root = identity::RootId{key(root).public_key()},
                      .peer_id = host.id(),
                      .epoch = epoch,
                      .not_before = 0},
          membership(host, relays, store, {certificate, certificate.sign(key(root))}, at.clock_,
                     at.log_) {}
    storage::MemoryStore store;
    libp2p::Host host;
    libp2p::RelayClient relays;
    identity::HostCertificate certificate;
    Membership membership;
  };
  Appliance& appliance(char root, char host_key, std::uint64_t epoch = 1) {
    return *appliances_.emplace_back(std::make_unique<Appliance>(*this, root, host_key, epoch));
  }

  /// Runs until it holds; false after 10 s.
  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds{100});
    }
    return true;
  }
  bool until_settled(Appliance& who) {
    return until([&] { return who.membership.settled(); });
  }
  FlockStatus status(Appliance& who) { return who.membership.list().front(); }

  asio::io_context io_;
  loop::SystemClock clock_;
  loop::SystemEntropy entropy_;
  NullLog log_;
  storage::MemoryStore names_;
  libp2p::Host flock_host_{io_.get_executor(), {.key = key('F')}, clock_, entropy_, log_};
  flock::Server flock_{flock_host_, names_, nullptr, {}, clock_, log_};
  std::vector<std::unique_ptr<Appliance>> appliances_;
};

TEST_F(AtAFlock, AnApplianceRegistersItsNameAndAnybodyResolvesIt) {
  Appliance& home = appliance('r', 'h');
  ASSERT_TRUE(home.membership.join(flock_address(), "alice"));
  ASSERT_TRUE(until_settled(home));
  EXPECT_EQ(status(home).state, FlockState::joined) << status(home).error;

  Appliance& visitor = appliance('v', 'w');
  std::optional<Bytes> found;
  asio::co_spawn(
      io_,
      [](libp2p::Host& host, peer::PeerId flock,
         codec::Multiaddr address) -> Task<std::optional<Bytes>> {
        std::vector<codec::Multiaddr> addresses{address};
        auto connection = co_await host.dial(flock, std::move(addresses));
        co_return co_await resolve_name(connection, "alice");
      }(visitor.host, flock_host_.id(), flock_address()),
      [&](const std::exception_ptr&, std::optional<Bytes> bytes) { found = std::move(bytes); });
  ASSERT_TRUE(until([&] { return found.has_value(); }));
  const auto record = identity::NameRecord::verify(*found);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->root, home.certificate.root);
  EXPECT_EQ(record->host.peer_id, home.host.id());
}

TEST_F(AtAFlock, WhereElseTheFlockIsIsKnownAfterARestart) {
  const auto over_v6 = *codec::Multiaddr::parse(
      "/ip6/::1/tcp/" + std::to_string(flock_host_.listen_addresses().front().tcp()->port));
  flock_host_.listen(over_v6);
  Appliance& home = appliance('r', 'h');
  ASSERT_TRUE(home.membership.join(flock_address(), "alice"));
  ASSERT_TRUE(until_settled(home));
  Appliance& restarted = appliance('r', 'i');
  libp2p::RelayClient relays{restarted.host};
  const Membership membership{restarted.host, relays,
                              home.store,     {home.certificate, home.certificate.sign(key('r'))},
                              clock_,         log_};
  ASSERT_EQ(relays.states().size(), 1U);
  EXPECT_EQ(relays.states().front().others, std::vector{over_v6});
  EXPECT_EQ(membership.list().front().others, std::vector{over_v6});
}

TEST_F(AtAFlock, ANameOfAnotherRootIsRefusedInWords) {
  Appliance& first = appliance('r', 'h');
  ASSERT_TRUE(first.membership.join(flock_address(), "alice"));
  ASSERT_TRUE(until_settled(first));
  Appliance& second = appliance('s', 'i');
  ASSERT_TRUE(second.membership.join(flock_address(), "alice"));
  ASSERT_TRUE(until_settled(second));
  EXPECT_EQ(status(second).state, FlockState::refused);
  EXPECT_NE(status(second).error.find("belongs to another box"), std::string::npos);
  // Another name goes on from there.
  ASSERT_TRUE(second.membership.join(flock_address(), "bob"));
  ASSERT_TRUE(until([&] { return status(second).state == FlockState::joined; }));
}

TEST_F(AtAFlock, AnotherHostCannotRegisterAStolenRecord) {
  Appliance& home = appliance('r', 'h');
  Appliance& thief = appliance('t', 'u');
  const identity::NameRecord record{
      .name = "alice",
      .root = home.certificate.root,
      .sequence = 1,
      .expires = static_cast<std::uint64_t>(clock_.wall().seconds()) + 1000,
      .host = home.certificate,
      .host_certificate = home.certificate.sign(key('r'))};
  std::optional<RegisterResult> result;
  asio::co_spawn(
      io_,
      [](libp2p::Host& host, peer::PeerId flock, codec::Multiaddr address,
         Bytes bytes) -> Task<RegisterResult> {
        std::vector<codec::Multiaddr> addresses{address};
        auto connection = co_await host.dial(flock, std::move(addresses));
        co_return co_await register_name(connection, "alice", std::move(bytes));
      }(thief.host, flock_host_.id(), flock_address(), record.sign(key('h'))),
      [&](const std::exception_ptr&, RegisterResult got) { result = std::move(got); });
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_NE(result->outcome, Registered::yes);
}

TEST_F(AtAFlock, AFlockWithAnotherKeyAtTheSamePlaceIsRefused) {
  Appliance& home = appliance('r', 'h');
  const auto impostor = flock_host_.listen_addresses().front().with_p2p(
      peer::PeerId::from_public_key(key('X').public_key()).bytes());
  ASSERT_TRUE(home.membership.join(impostor, "alice"));
  ASSERT_TRUE(until([&] { return status(home).state == FlockState::unreachable; }));
  EXPECT_FALSE(status(home).error.empty());
}

TEST_F(AtAFlock, MembershipsAreJoinedAgainFromTheStoreAndLeftForGood) {
  Appliance& home = appliance('r', 'h');
  ASSERT_TRUE(home.membership.join(flock_address(), "alice"));
  ASSERT_TRUE(until_settled(home));
  {
    libp2p::Host host{io_.get_executor(), {.key = key('h')}, clock_, entropy_, log_};
    libp2p::RelayClient relays{host};
    Membership again{host,       relays,
                     home.store, {home.certificate, home.certificate.sign(key('r'))},
                     clock_,     log_};
    ASSERT_EQ(again.list().size(), 1U);
    EXPECT_EQ(again.list().front().name, "alice");
    EXPECT_EQ(again.leave(flock_host_.id()), true);
    EXPECT_EQ(again.leave(flock_host_.id()), false);
  }
  libp2p::Host host{io_.get_executor(), {.key = key('h')}, clock_, entropy_, log_};
  libp2p::RelayClient relays{host};
  const Membership third{
      host, relays, home.store, {home.certificate, home.certificate.sign(key('r'))}, clock_, log_};
  EXPECT_TRUE(third.list().empty());
}

}  // namespace
}  // namespace hearth::membership
