#include <array>
#include <set>

#include <gtest/gtest.h>

#include <hearth/relay/policy.h>

namespace hearth::relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp wall = Timestamp::from_seconds(1'700'000'000);

/// A valid id without a key behind it: the policy never looks.
PeerId peer(std::uint8_t number) {
  Bytes multihash = {std::byte{0x12}, std::byte{0x20}};
  multihash.resize(34, std::byte{number});
  return *PeerId::from_bytes(multihash);
}

IpAddress at(std::uint8_t last) {
  return IpAddress::v4({192, 0, 2, last});
}

struct Fixture {
  explicit Fixture(PolicyOptions options = {}, std::set<PeerId> appliances = {})
      : policy(options, [appliances](const PeerId& id) { return appliances.contains(id); }, now) {}
  Instant now{seconds{1000}};
  RelayPolicy policy;
};

TEST(RelayPolicy, GrantsAReservationForItsTimeToLive) {
  Fixture f{{.reservation_ttl = minutes{10}}};
  const auto granted = f.policy.reserve(peer(1), at(1), f.now, wall);
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->expire.seconds(), wall.seconds() + 600);
  f.policy.heard(peer(1), f.now + minutes{10} - seconds{1});
  EXPECT_TRUE(f.policy.has_reservation(peer(1), f.now + minutes{10} - milliseconds{1}));
  EXPECT_FALSE(f.policy.has_reservation(peer(1), f.now + minutes{10}));
}

TEST(RelayPolicy, F2APeerIsGoneAfter61SecondsOfSilence) {
  Fixture f;
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  ASSERT_TRUE(f.policy.reserve(peer(2), at(2), f.now, wall));
  // One is heard of each 30 s, as our appliances are; of the other nothing more comes.
  const Instant begin = f.now;
  for (int i = 0; i < 40; ++i) {
    f.now += seconds{30};
    f.policy.heard(peer(1), f.now);
    EXPECT_TRUE(f.policy.has_reservation(peer(1), f.now));
    EXPECT_EQ(f.policy.has_reservation(peer(2), f.now), f.now < begin + seconds{60});
  }
  EXPECT_TRUE(f.policy.has_reservation(peer(1), f.now + seconds{59}));
  EXPECT_FALSE(f.policy.has_reservation(peer(1), f.now + seconds{61}));
  EXPECT_EQ(f.policy.connect(peer(3), peer(1), f.now + seconds{61}).error(),
            Status::no_reservation);
  // What is forgotten takes no room.
  f.policy.advance(f.now + seconds{61});
  EXPECT_EQ(f.policy.reservations(), 0U);
}

TEST(RelayPolicy, TellsOfWhomNothingWasHeardSince) {
  Fixture f;
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  ASSERT_TRUE(f.policy.reserve(peer(2), at(2), f.now, wall));
  f.policy.heard(peer(1), f.now + seconds{20});
  f.policy.heard(peer(1), f.now + seconds{10});  // older news than what is known
  EXPECT_EQ(f.policy.unheard_since(f.now + seconds{15}), std::vector{peer(2)});
  EXPECT_EQ(f.policy.unheard_since(f.now + seconds{21}).size(), 2U);
  f.policy.heard(peer(9), f.now);  // nobody here
  EXPECT_EQ(f.policy.reserved().size(), 2U);
}

TEST(RelayPolicy, RenewsInsteadOfCountingTwice) {
  Fixture f{{.reservations = 1}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  f.now += minutes{30};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  f.policy.heard(peer(1), f.now + minutes{59});
  EXPECT_TRUE(f.policy.has_reservation(peer(1), f.now + minutes{59}));
  EXPECT_EQ(f.policy.reservations(), 1U);
  EXPECT_EQ(f.policy.counters().renewed, 1U);
}

TEST(RelayPolicy, BoundsReservationsInAllAndPerAddress) {
  Fixture f{{.reservations = 3, .reservations_per_address = 2}};
  EXPECT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  EXPECT_TRUE(f.policy.reserve(peer(2), at(1), f.now, wall));
  EXPECT_EQ(f.policy.reserve(peer(3), at(1), f.now, wall).error(), Status::reservation_refused);
  EXPECT_TRUE(f.policy.reserve(peer(3), at(2), f.now, wall));
  EXPECT_EQ(f.policy.reserve(peer(4), at(3), f.now, wall).error(), Status::resource_limit_exceeded);
  EXPECT_EQ(f.policy.counters().refused, 2U);
}

TEST(RelayPolicy, GivesPlacesBackWhenReservationsRunOutOrTheirPeersLeave) {
  Fixture f{{.reservations = 1}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  f.now += std::chrono::hours{1};
  ASSERT_TRUE(f.policy.reserve(peer(2), at(1), f.now, wall));
  f.policy.forget(peer(2));
  EXPECT_EQ(f.policy.reservations(), 0U);
  EXPECT_TRUE(f.policy.reserve(peer(3), at(1), f.now, wall));
}

TEST(RelayPolicy, TellsStrangersTheStockLimitsAndAppliancesNone) {
  Fixture f{{}, {peer(2)}};
  const auto stranger = f.policy.reserve(peer(1), at(1), f.now, wall);
  EXPECT_EQ(stranger->limit, (Limit{.duration = minutes{2}, .data_bytes = 131072}));
  EXPECT_FALSE(f.policy.reserve(peer(2), at(1), f.now, wall)->limit);
  EXPECT_TRUE(f.policy.connect(peer(9), peer(1), f.now)->limit);
  const auto to_appliance = f.policy.connect(peer(9), peer(2), f.now);
  EXPECT_FALSE(to_appliance->limit);
  EXPECT_FALSE(to_appliance->ends);
}

TEST(RelayPolicy, ConnectsOnlyToWhoHoldsAReservation) {
  Fixture f;
  EXPECT_EQ(f.policy.connect(peer(9), peer(1), f.now).error(), Status::no_reservation);
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  EXPECT_TRUE(f.policy.connect(peer(9), peer(1), f.now));
  EXPECT_EQ(f.policy.connect(peer(1), peer(1), f.now).error(), Status::permission_denied);
  EXPECT_EQ(f.policy.connect(peer(9), peer(1), f.now + std::chrono::hours{1}).error(),
            Status::no_reservation);
}

TEST(RelayPolicy, BoundsCircuitsInAllPerSourceAndPerTarget) {
  Fixture f{{.circuits = 4,
             .circuits_for_registered = 0,
             .circuits_per_target = 3,
             .circuits_per_source = 2}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  ASSERT_TRUE(f.policy.reserve(peer(2), at(1), f.now, wall));
  EXPECT_TRUE(f.policy.connect(peer(8), peer(1), f.now));
  const auto second = f.policy.connect(peer(8), peer(1), f.now);
  EXPECT_TRUE(second);
  EXPECT_EQ(f.policy.connect(peer(8), peer(2), f.now).error(), Status::resource_limit_exceeded);
  EXPECT_TRUE(f.policy.connect(peer(9), peer(1), f.now));
  EXPECT_EQ(f.policy.connect(peer(9), peer(1), f.now).error(), Status::resource_limit_exceeded);
  EXPECT_TRUE(f.policy.connect(peer(9), peer(2), f.now));
  EXPECT_EQ(f.policy.connect(peer(7), peer(2), f.now).error(), Status::resource_limit_exceeded);
  f.policy.close(second->id);
  EXPECT_TRUE(f.policy.connect(peer(7), peer(2), f.now));
}

TEST(RelayPolicy, StrangersLeaveRoomForTheRegistered) {
  Fixture f{{.reservations = 8, .circuits = 8, .circuits_per_source = 100}, {peer(100)}};
  for (std::uint8_t i = 1; i <= 6; ++i) ASSERT_TRUE(f.policy.reserve(peer(i), at(i), f.now, wall));
  EXPECT_EQ(f.policy.reserve(peer(7), at(7), f.now, wall).error(), Status::resource_limit_exceeded);
  EXPECT_TRUE(f.policy.reserve(peer(100), at(100), f.now, wall));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(f.policy.connect(peer(7), peer(1), f.now));
  EXPECT_EQ(f.policy.connect(peer(7), peer(1), f.now).error(), Status::resource_limit_exceeded);
  EXPECT_TRUE(f.policy.connect(peer(7), peer(100), f.now));
  EXPECT_EQ(f.policy.counters().refused, 1U);
  EXPECT_EQ(f.policy.counters().connect_refused, 1U);
}

TEST(RelayPolicy, CutsAStrangersCircuitAfterItsBytesInEitherDirection) {
  Fixture f{{.stranger_bytes = 1000}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  const CircuitId id = f.policy.connect(peer(9), peer(1), f.now)->id;
  EXPECT_EQ(f.policy.allowance(id, Flow::to_target, 5000, f.now).bytes, 1000U);
  f.policy.flowed(id, Flow::to_target, 1000);
  EXPECT_TRUE(f.policy.allowance(id, Flow::to_target, 1, f.now).cut);
  EXPECT_EQ(f.policy.allowance(id, Flow::to_source, 5000, f.now).bytes, 1000U);
}

TEST(RelayPolicy, CutsAStrangersCircuitAfterItsTime) {
  Fixture f;
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  const auto opened = f.policy.connect(peer(9), peer(1), f.now);
  EXPECT_EQ(opened->ends, f.now + minutes{2});
  EXPECT_FALSE(f.policy.allowance(opened->id, Flow::to_target, 1, f.now + seconds{119}).cut);
  EXPECT_TRUE(f.policy.allowance(opened->id, Flow::to_target, 1, f.now + minutes{2}).cut);
}

TEST(RelayPolicy, NeverCutsAnApplianceAndHoldsItToItsRate) {
  Fixture f{{.appliance_bytes_per_second = 1e6, .burst = milliseconds{100}}, {peer(1)}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  const CircuitId id = f.policy.connect(peer(9), peer(1), f.now)->id;
  std::uint64_t total = 0;
  const Instant end = f.now + seconds{10};
  while (f.now < end) {
    const auto allowed = f.policy.allowance(id, Flow::to_target, 65536, f.now);
    ASSERT_FALSE(allowed.cut);
    if (allowed.bytes == 0) {
      ASSERT_TRUE(allowed.retry);
      ASSERT_GT(*allowed.retry, f.now);
      f.now = *allowed.retry;
      continue;
    }
    f.policy.flowed(id, Flow::to_target, allowed.bytes);
    total += allowed.bytes;
  }
  EXPECT_GT(total, 9'800'000U);   // a wait for a piece worth moving may be under way
  EXPECT_LT(total, 10'300'000U);  // ten seconds' worth and the burst
}

TEST(RelayPolicy, SharesOneBudgetAmongAllAppliances) {
  Fixture f{{.appliance_bytes_per_second = 1e9,
             .total_bytes_per_second = 1e6,
             .burst = milliseconds{100}},
            {peer(1), peer(2)}};
  std::array<CircuitId, 2> ids;
  for (std::uint8_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(f.policy.reserve(peer(i + 1), at(1), f.now, wall));
    ids[i] = f.policy.connect(peer(9), peer(i + 1), f.now)->id;
  }
  EXPECT_EQ(f.policy.allowance(ids[0], Flow::to_target, 200'000, f.now).bytes, 100'000U);
  f.policy.flowed(ids[0], Flow::to_target, 100'000);
  EXPECT_EQ(f.policy.allowance(ids[1], Flow::to_target, 200'000, f.now).bytes, 0U);
  EXPECT_GE(f.policy.allowance(ids[1], Flow::to_target, 200'000, f.now + milliseconds{70}).bytes,
            70'000U);
}

TEST(RelayPolicy, ABusyCircuitGoesOnInPiecesThatAreWorthMoving) {
  Fixture f{{.appliance_bytes_per_second = 25e6, .burst = milliseconds{100}}, {peer(1)}};
  ASSERT_TRUE(f.policy.reserve(peer(1), at(1), f.now, wall));
  const CircuitId id = f.policy.connect(peer(9), peer(1), f.now)->id;
  const Instant end = f.now + seconds{4};
  std::uint64_t total = 0;
  std::uint64_t pieces = 0;
  while (f.now < end) {
    const auto allowed = f.policy.allowance(id, Flow::to_target, 65536, f.now);
    f.now += std::chrono::microseconds{20};  // what moving it takes
    if (allowed.bytes == 0) {
      f.now = *allowed.retry;
      continue;
    }
    f.policy.flowed(id, Flow::to_target, allowed.bytes);
    total += allowed.bytes;
    ++pieces;
  }
  EXPECT_GT(total, 99'000'000U);
  EXPECT_GT(total / pieces, 60'000U);
}

TEST(RelayPolicy, AnUnknownCircuitIsCut) {
  Fixture f;
  EXPECT_TRUE(f.policy.allowance(CircuitId{7}, Flow::to_target, 1, f.now).cut);
  f.policy.flowed(CircuitId{7}, Flow::to_target, 1);
  f.policy.close(CircuitId{7});
  EXPECT_EQ(f.policy.counters().relayed_bytes, 0U);
}

}  // namespace
}  // namespace hearth::relay
