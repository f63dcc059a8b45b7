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
  EXPECT_GE(held.size(), 672U);
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
  ResourceManager manager{{.connections = 300, .half_open = 300},
                          budget::Budget::create({.handshake_burst = 1000})};
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

/// Address number `i` of as many as are wanted.
IpAddress address(std::size_t i) {
  return IpAddress::v4({10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
}

peer::PeerId peer_number(std::size_t i) {
  Bytes multihash = {std::byte{0x12}, std::byte{0x20}};
  multihash.resize(32, std::byte{7});
  multihash.push_back(static_cast<std::byte>(i >> 8));
  multihash.push_back(static_cast<std::byte>(i));
  return *peer::PeerId::from_bytes(multihash);
}

/// Strangers from everywhere who authenticate as often as they are let.
std::vector<ConnectionLease> crowd(ResourceManager& manager, std::size_t count, Instant from = {}) {
  std::vector<ConnectionLease> held;
  for (std::size_t i = 0; i < count; ++i) {
    auto lease = manager.accept(address(i), from + std::chrono::seconds{i});
    if (lease && manager.authenticated(*lease, peer_number(i))) held.push_back(std::move(*lease));
  }
  return held;
}

TEST(ResourceManager, AnEnrolledDeviceGetsInWhileStrangersHoldAllTheyMay) {
  ResourceManager manager{{.connections = 1024, .connections_for_enrolled = 192}};
  const auto strangers = crowd(manager, 2000);
  EXPECT_EQ(strangers.size(), 1024U - 192U);
  EXPECT_GT(manager.counters().refused_for(Refusal::connections_of_strangers), 0U);
  // And as many half open ones as are let in, from everywhere.
  const Instant later = Instant{} + std::chrono::hours{1};
  std::vector<ConnectionLease> half;
  for (std::size_t i = 0; i < 90; ++i)
    if (auto lease = manager.accept(address(5000 + i), later)) half.push_back(std::move(*lease));
  auto device = manager.accept(IpAddress::v4({192, 0, 2, 7}), later);
  ASSERT_TRUE(device) << to_string(device.error());
  EXPECT_TRUE(manager.authenticated(*device, peer(9), budget::Standing::enrolled));
}

TEST(ResourceManager, WhereSomebodyEnrolledWasOfLateIsRoomAmongTheHalfOpen) {
  ResourceManager manager{{.half_open = 128, .half_open_for_known = 32}};
  const IpAddress home = IpAddress::v4({192, 0, 2, 7});
  {
    auto device = manager.accept(home, {});
    ASSERT_TRUE(device && manager.authenticated(*device, peer(9), budget::Standing::enrolled));
  }
  std::vector<ConnectionLease> half;
  for (std::size_t i = 0; i < 300; ++i)
    if (auto lease = manager.accept(address(i), Instant{} + std::chrono::seconds{i}))
      half.push_back(std::move(*lease));
  EXPECT_EQ(half.size(), 96U);
  EXPECT_GT(manager.counters().refused_for(Refusal::half_open), 0U);
  EXPECT_TRUE(manager.accept(home, Instant{} + std::chrono::hours{1}));
}

TEST(ResourceManager, StreamsOfStrangersLeaveTheirPartToTheEnrolled) {
  ResourceManager manager{
      {.streams = 800, .streams_for_newcomers = 0, .streams_for_enrolled = 100}};
  auto stranger_connection = manager.accept(stranger, {});
  auto device = manager.accept(stranger, {});
  ASSERT_TRUE(stranger_connection && device);
  ASSERT_TRUE(manager.authenticated(*stranger_connection, peer(1)));
  ASSERT_TRUE(manager.authenticated(*device, peer(2), budget::Standing::enrolled));
  std::vector<StreamLease> streams;
  while (auto lease = manager.accept_stream(*stranger_connection))
    streams.push_back(std::move(*lease));
  EXPECT_EQ(streams.size(), 700U);
  EXPECT_GT(manager.counters().refused_for(Refusal::streams), 0U);
  for (int i = 0; i < 100; ++i) {
    auto lease = manager.accept_stream(*device);
    ASSERT_TRUE(lease);
    streams.push_back(std::move(*lease));
  }
}

TEST(ResourceManager, SocketsAndMemoryAreTheWholeProcesss) {
  const auto shared = budget::Budget::create(
      {.memory_bytes = std::size_t{64} << 20, .sockets = 80, .handshake_burst = 1000});
  ResourceManager one{{}, shared};
  ResourceManager other{{}, shared};
  auto held = crowd(one, 60);
  EXPECT_EQ(held.size(), 60U);
  EXPECT_EQ(shared->sockets().used(), 60U);
  auto rest = crowd(other, 60, Instant{} + std::chrono::hours{1});
  EXPECT_EQ(rest.size(), 10U);  // an eighth is kept
  EXPECT_GT(other.counters().refused_for(Refusal::sockets), 0U);
  auto device = other.accept(stranger, Instant{} + std::chrono::hours{2});
  ASSERT_TRUE(device);
  EXPECT_TRUE(other.authenticated(*device, peer(9), budget::Standing::enrolled));
  EXPECT_EQ(shared->memory(budget::Layer::connections).used(), 71 * budget::connection_bytes);
  held.clear();
  rest.clear();
  device->release();
  EXPECT_EQ(shared->sockets().used(), 0U);
  EXPECT_EQ(shared->memory(budget::Layer::connections).used(), 0U);
}

TEST(ResourceManager, EachStreamIsCountedInTheMemoryOfAll) {
  const auto shared =
      budget::Budget::create({.memory_bytes = std::size_t{16} << 20, .handshake_burst = 1000});
  ResourceManager manager{{}, shared};
  const budget::Pool& streams = shared->memory(budget::Layer::streams);
  auto strangers = crowd(manager, 2);
  std::vector<StreamLease> held;
  while (auto lease = manager.accept_stream(strangers[0])) held.push_back(std::move(*lease));
  EXPECT_EQ(streams.used(), held.size() * budget::stream_bytes);
  EXPECT_LE(streams.used(), streams.limit_for(budget::Standing::stranger));
  EXPECT_GT(manager.counters().refused_for(Refusal::memory), 0U);
  EXPECT_TRUE(manager.accept_stream(strangers[1]));  // a newcomer
  auto device = manager.accept(stranger, {});
  ASSERT_TRUE(device && manager.authenticated(*device, peer(9), budget::Standing::enrolled));
  while (auto lease = manager.accept_stream(*device)) held.push_back(std::move(*lease));
  EXPECT_EQ(streams.used(), streams.limit());
  held.clear();
  EXPECT_EQ(streams.used(), 0U);
}

TEST(ResourceManager, WhoeverIsThrownOutComesBackLaterAndOthersAsBefore) {
  ResourceManager manager{{.handshakes_per_second = 1, .handshake_burst = 12}};
  const Instant start{seconds{100}};
  auto lease = manager.accept(stranger, start);
  ASSERT_TRUE(lease);
  manager.thrown_out(*lease, Refusal::abuse);
  lease->release();
  EXPECT_EQ(manager.counters().refused_for(Refusal::abuse), 1U);
  lease = manager.accept(stranger, start);  // the last of its burst
  ASSERT_TRUE(lease);
  for (int i = 0; i < 5; ++i) manager.thrown_out(*lease, Refusal::protocol_errors);
  lease->release();
  EXPECT_EQ(manager.counters().refused_for(Refusal::protocol_errors), 5U);
  EXPECT_FALSE(manager.accept(stranger, start + seconds{10}));
  EXPECT_TRUE(manager.accept(IpAddress::v4({192, 0, 2, 2}), start + seconds{10}));
  EXPECT_TRUE(manager.accept(stranger, start + seconds{12}));
}

TEST(ResourceManager, HandshakesFromEverywhereTogetherHaveARate) {
  const auto shared = budget::Budget::create({.handshakes_per_second = 10, .handshake_burst = 20});
  ResourceManager manager{{}, shared};
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < 100; ++i) accepted += manager.accept(address(i), {}).has_value();
  EXPECT_EQ(accepted, 20U);
  EXPECT_EQ(manager.counters().refused_for(Refusal::handshake_rate_in_all), 80U);
}

TEST(ResourceManager, WhoeverEnrollsWhileConnectedIsNoLongerCountedAmongStrangers) {
  ResourceManager manager{{}};
  auto lease = manager.accept(stranger, {});
  ASSERT_TRUE(lease && manager.authenticated(*lease, peer(1)));
  EXPECT_EQ(manager.counters().strangers, 1U);
  manager.set_standing(*lease, budget::Standing::enrolled);
  EXPECT_EQ(manager.counters().strangers, 0U);
  manager.set_standing(*lease, budget::Standing::stranger);
  EXPECT_EQ(manager.counters().strangers, 1U);
  lease->release();
  EXPECT_EQ(manager.counters().strangers, 0U);
}

}  // namespace
}  // namespace hearth::libp2p
