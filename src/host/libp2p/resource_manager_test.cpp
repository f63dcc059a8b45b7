#include <vector>

#include <gtest/gtest.h>

#include <hearth/libp2p/resource_manager.h>

namespace hearth::libp2p {
namespace {

using std::chrono::seconds;

const IpAddress stranger = IpAddress::v4({192, 0, 2, 1});

peer::PeerId peer(std::uint8_t number) {
  Bytes multihash = {std::byte{0x12}, std::byte{0x20}};
  multihash.resize(34, std::byte{number});
  return *peer::PeerId::from_bytes(multihash);
}

/// Accepts `count` connections and keeps them.
std::vector<ConnectionLease> accept(ResourceManager& manager, std::size_t count,
                                    const IpAddress& from, Instant now = {}) {
  std::vector<ConnectionLease> leases;
  for (std::size_t i = 0; i < count; ++i) {
    auto lease = manager.accept(from, now);
    if (lease) leases.push_back(std::move(*lease));
  }
  return leases;
}

TEST(ResourceManager, BoundsConnectionsInAllAndTakesPlacesBack) {
  ResourceManager manager{{.connections = 2}};
  auto inbound = manager.accept(stranger, {});
  auto outbound = manager.dial();
  ASSERT_TRUE(inbound && outbound);
  EXPECT_EQ(manager.accept(stranger, {}).error(), Refusal::connections);
  EXPECT_EQ(manager.dial().error(), Refusal::connections);
  inbound->release();
  EXPECT_TRUE(manager.dial());
  EXPECT_EQ(manager.counters().refused_for(Refusal::connections), 2U);
}

TEST(ResourceManager, BoundsWhatIsHalfOpenUntilItIsAuthenticated) {
  ResourceManager manager{{.half_open = 2, .half_open_per_prefix = 100}};
  auto held = accept(manager, 3, stranger);
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(manager.accept(stranger, {}).error(), Refusal::half_open);
  EXPECT_TRUE(manager.authenticated(held[0], peer(1)));
  EXPECT_TRUE(manager.accept(stranger, {}));
  EXPECT_EQ(manager.counters().half_open, 1U);
}

TEST(ResourceManager, AFewPrefixesCannotKeepEverybodyElseOut) {
  ResourceManager manager{
      {.connections = 100, .connections_per_prefix = 64, .half_open_per_prefix = 100}};
  std::vector<ConnectionLease> held;
  for (std::uint8_t network = 1; network <= 4; ++network)
    for (auto& lease : accept(manager, 64, IpAddress::v4({192, 0, network, 1})))
      held.push_back(std::move(lease));
  EXPECT_LT(held.size(), 100U);
  EXPECT_TRUE(manager.accept(IpAddress::v4({198, 51, 100, 1}), {}));
  EXPECT_GT(manager.counters().refused_for(Refusal::connections_per_prefix), 0U);
}

TEST(ResourceManager, AFewConnectionsCannotTakeAllStreams) {
  ResourceManager manager{{.streams = 1024}};
  const auto peers = accept(manager, 4, stranger);
  std::vector<StreamLease> held;
  for (std::size_t i = 0; i < 3; ++i)
    while (auto stream = manager.accept_stream(peers[i])) held.push_back(std::move(*stream));
  EXPECT_GE(held.size(), 768U);
  std::size_t newcomers = 0;
  while (auto stream = manager.accept_stream(peers[3])) {
    held.push_back(std::move(*stream));
    ++newcomers;
  }
  EXPECT_EQ(newcomers, 64U);
}

TEST(ResourceManager, BoundsConnectionsOfOnePeer) {
  ResourceManager manager{{.connections_per_peer = 2}};
  auto held = accept(manager, 3, stranger);
  ASSERT_EQ(held.size(), 3U);
  EXPECT_TRUE(manager.authenticated(held[0], peer(1)));
  EXPECT_TRUE(manager.authenticated(held[1], peer(1)));
  EXPECT_EQ(manager.authenticated(held[2], peer(1)).error(), Refusal::connections_per_peer);
  held[0].release();
  auto next = manager.accept(stranger, {});
  EXPECT_TRUE(manager.authenticated(*next, peer(1)));
}

TEST(ResourceManager, BoundsConnectionsOfOneAddressAndNotOfItsNeighbours) {
  ResourceManager manager{{.connections_per_prefix = 2}};
  const auto held = accept(manager, 3, stranger);
  EXPECT_EQ(held.size(), 2U);
  EXPECT_EQ(manager.counters().refused_for(Refusal::connections_per_prefix), 1U);
  EXPECT_TRUE(manager.accept(IpAddress::v4({192, 0, 2, 2}), {}));
}

TEST(ResourceManager, CountsIpv6BySubnetSinceACustomerHoldsAllOfIt) {
  ResourceManager manager{{.connections_per_prefix = 1, .ipv6_prefix_bits = 56}};
  const auto first = manager.accept(*IpAddress::parse("2001:db8:0:1100::1"), {});
  ASSERT_TRUE(first);
  EXPECT_EQ(manager.accept(*IpAddress::parse("2001:db8:0:11ff:ffff::9"), {}).error(),
            Refusal::connections_per_prefix);
  EXPECT_TRUE(manager.accept(*IpAddress::parse("2001:db8:0:1200::1"), {}));
}

TEST(ResourceManager, TakesAMappedAddressForTheIpv4AddressItIs) {
  ResourceManager manager{{.connections_per_prefix = 1}};
  const auto first = manager.accept(stranger, {});
  EXPECT_EQ(manager.accept(*IpAddress::parse("::ffff:192.0.2.1"), {}).error(),
            Refusal::connections_per_prefix);
}

TEST(ResourceManager, AllowsABurstOfHandshakesAndThenTheRate) {
  ResourceManager manager{{.handshakes_per_second = 2, .handshake_burst = 3}};
  const auto hang_up_at_once = [&](Instant now) {
    return manager.accept(stranger, now).has_value();
  };
  const Instant start{seconds{100}};
  EXPECT_TRUE(hang_up_at_once(start));
  EXPECT_TRUE(hang_up_at_once(start));
  EXPECT_TRUE(hang_up_at_once(start));
  EXPECT_FALSE(hang_up_at_once(start));
  EXPECT_TRUE(hang_up_at_once(start + seconds{1}));
  EXPECT_TRUE(hang_up_at_once(start + seconds{1}));
  EXPECT_FALSE(hang_up_at_once(start + seconds{1}));
  EXPECT_EQ(manager.counters().refused_for(Refusal::handshake_rate), 2U);
}

TEST(ResourceManager, ExemptsLoopbackFromAllButTheTotals) {
  ResourceManager manager{{.connections = 300, .half_open = 300}};
  EXPECT_EQ(accept(manager, 250, IpAddress::v4({127, 0, 0, 1})).size(), 250U);
  EXPECT_EQ(accept(manager, 250, *IpAddress::parse("::1")).size(), 250U);
  ResourceManager strict{{.exempt_loopback = false}};
  EXPECT_LT(accept(strict, 250, IpAddress::v4({127, 0, 0, 1})).size(), 250U);
}

TEST(ResourceManager, RemembersABoundedNumberOfPrefixes) {
  ResourceManager manager{{.connections = 10'000, .half_open = 10'000, .prefixes = 100}};
  for (std::uint8_t high = 0; high < 8; ++high)
    for (std::uint8_t low = 0; low < 255; ++low)
      (void)manager.accept(IpAddress::v4({198, 51, high, low}), {});
  EXPECT_EQ(manager.counters().prefixes, 100U);
}

TEST(ResourceManager, NeverForgetsAPrefixThatHoldsConnections) {
  ResourceManager manager{{.connections_per_prefix = 1, .prefixes = 1}};
  const auto held = manager.accept(stranger, {});
  ASSERT_TRUE(held);
  EXPECT_FALSE(manager.accept(IpAddress::v4({198, 51, 100, 1}), {}));
  EXPECT_EQ(manager.accept(stranger, {}).error(), Refusal::connections_per_prefix);
}

TEST(ResourceManager, BoundsStreamsOfAConnectionByDirection) {
  ResourceManager manager{
      {.inbound_streams_per_connection = 1, .outbound_streams_per_connection = 2}};
  auto connection = manager.dial();
  const auto in = manager.accept_stream(*connection);
  const auto out = manager.open_stream(*connection);
  const auto more = manager.open_stream(*connection);
  EXPECT_TRUE(in && out && more);
  EXPECT_EQ(manager.accept_stream(*connection).error(), Refusal::streams_per_connection);
  EXPECT_EQ(manager.open_stream(*connection).error(), Refusal::streams_per_connection);
  auto other = manager.dial();
  EXPECT_TRUE(manager.accept_stream(*other));
}

TEST(ResourceManager, BoundsStreamsInAll) {
  ResourceManager manager{{.streams = 2}};
  auto one = manager.dial();
  auto two = manager.dial();
  const auto first = manager.accept_stream(*one);
  auto second = manager.open_stream(*two);
  EXPECT_EQ(manager.accept_stream(*two).error(), Refusal::streams);
  EXPECT_EQ(manager.open_stream(*one).error(), Refusal::streams);
  second->release();
  EXPECT_TRUE(manager.open_stream(*one));
}

TEST(ResourceManager, BoundsStreamsOfOneProtocolOnAConnection) {
  ResourceManager manager{{.stream_limits = {{"/scarce", 1}, {"/none", 0}}}};
  auto connection = manager.dial();
  std::vector<StreamLease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(std::move(*manager.accept_stream(*connection)));
  EXPECT_TRUE(manager.agreed(leases[0], "/scarce"));
  EXPECT_EQ(manager.agreed(leases[1], "/scarce").error(), Refusal::streams_per_protocol);
  EXPECT_TRUE(manager.agreed(leases[1], "/plenty"));
  EXPECT_EQ(manager.agreed(leases[2], "/none").error(), Refusal::streams_per_protocol);
  leases[0].release();
  EXPECT_TRUE(manager.agreed(leases[3], "/scarce"));
}

TEST(ResourceManager, BoundsStreamsThatHaveNotAgreedOnAProtocol) {
  ResourceManager manager{{.negotiating_streams_per_connection = 1}};
  auto connection = manager.dial();
  auto first = manager.accept_stream(*connection);
  EXPECT_EQ(manager.accept_stream(*connection).error(), Refusal::negotiating_streams);
  EXPECT_TRUE(manager.agreed(*first, "/echo"));
  EXPECT_TRUE(manager.accept_stream(*connection));
}

TEST(ResourceManager, LeavesNothingCountedWhenAllLeasesEndInAnyOrder) {
  std::optional<ResourceManager> manager{std::in_place, Limits{}};
  auto connection = manager->accept(stranger, {});
  ASSERT_TRUE(manager->authenticated(*connection, peer(1)));
  auto stream = manager->accept_stream(*connection);
  ASSERT_TRUE(manager->agreed(*stream, "/echo"));
  auto other = manager->open_stream(*connection);
  connection->release();
  stream->release();
  EXPECT_EQ(manager->counters().connections, 0U);
  EXPECT_EQ(manager->counters().streams, 1U);
  manager.reset();
  other->release();  // outlives the manager
  EXPECT_FALSE(*other);
}

}  // namespace
}  // namespace hearth::libp2p
