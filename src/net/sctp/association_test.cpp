// The seam's claims, for both makes at either end: what one can't do with the other isn't SCTP.

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/time.h>

#include <hearth/sctp/world_for_test.h>

// usrsctp reads the wall clock for round-trip times and for which chunks are old enough to be sent
// again; here that clock is the test's.
namespace hearth::sctp {
Instant wall_clock{};
}  // namespace hearth::sctp
extern "C" int gettimeofday(timeval* __restrict out, void* __restrict) noexcept {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      hearth::sctp::wall_clock.time_since_epoch());
  out->tv_sec = 1'750'000'000 + micros.count() / 1'000'000;
  out->tv_usec = micros.count() % 1'000'000;
  return 0;
}

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr Ppid binary{53};

struct Makes {
  Make a;
  Make b;
};
constexpr std::array every_pair{Makes{Make::own, Make::own}, Makes{Make::own, Make::usrsctp},
                                Makes{Make::usrsctp, Make::own},
                                Makes{Make::usrsctp, Make::usrsctp}};

std::string name(const Makes& makes) {
  const auto one = [](Make make) { return make == Make::own ? "own" : "usrsctp"; };
  return std::string{one(makes.a)} + " to " + one(makes.b);
}

/// Two of them and a path of 1 ms.
class Pair : public World {
 public:
  explicit Pair(const Makes& makes, const Options& options = {}, const Path& path = {}) {
    const std::size_t there = add_path(path);
    add_pair(makes.a, makes.b, there, add_path(path), options);
  }
  Side& a() { return side(0); }
  Side& b() { return side(1); }
  Result<Unit, SendError> send(std::uint16_t stream, BytesView payload,
                               Ordering ordering = Ordering::ordered) {
    return a().association->send(now(), StreamId{stream}, binary, ordering, payload);
  }
};

TEST(Association, BothSidesConnectingMakeOne) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    ASSERT_EQ(world.a().all<Established>().size(), 1u);
    ASSERT_EQ(world.b().all<Established>().size(), 1u);
    EXPECT_EQ(world.a().all<Established>()[0].streams, 256);
  }
}

TEST(Association, CarriesMessagesOfEverySizeWhole) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    std::vector<Bytes> sent;
    for (const std::size_t size :
         {1UL, 2UL, 1155UL, 1156UL, 1200UL, 16384UL, 65535UL, 65536UL, 262143UL, 262144UL}) {
      const Bytes payload = pattern(size);
      while (true) {
        const auto result = world.send(3, payload);
        if (result) break;
        ASSERT_EQ(result.error(), SendError::would_block);
        world.run(10ms);
      }
      sent.push_back(payload);
    }
    world.run_until([&] { return world.b().messages.size() == sent.size(); }, 10s);
    ASSERT_EQ(world.b().messages.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(world.b().messages[i].payload, sent[i]);
      EXPECT_EQ(world.b().messages[i].stream, StreamId{3});
      EXPECT_EQ(world.b().messages[i].ppid, binary);
    }
    world.run(1s);
    EXPECT_EQ(world.a().association->buffered(), 0u);
  }
}

TEST(Association, RefusesWhatCannotBeSent) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    const Bytes one(1);
    const auto send = [&](std::uint16_t stream, BytesView bytes) {
      return world.a().association->send(world.now(), StreamId{stream}, binary, Ordering::ordered,
                                         bytes);
    };
    EXPECT_EQ(send(0, one).error(), SendError::not_established);
    world.run(1s);
    EXPECT_EQ(send(0, {}).error(), SendError::bad_size);
    EXPECT_EQ(send(0, Bytes(262'145)).error(), SendError::bad_size);
    EXPECT_EQ(send(256, one).error(), SendError::bad_stream);
    EXPECT_TRUE(send(255, one));
  }
}

TEST(Association, AReaderThatStopsStopsTheWriterAndThenGetsEverything) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    world.b().reads = false;
    std::size_t sent = 0;
    for (int round = 0; round < 400; ++round) {
      while (world.a().association->send(world.now(), StreamId{1}, binary, Ordering::ordered,
                                         pattern(16384, sent)))
        ++sent;
      world.run(10ms);
    }
    // A send and a receive buffer's worth, not more.
    EXPECT_LT(sent * 16384, std::size_t{4} << 20);
    EXPECT_GT(sent * 16384, std::size_t{2} << 20);
    EXPECT_LT(world.a().association->writable(), 2 * 16384u);  // a probe may have gone
    world.b().reads = true;
    ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == sent; }, 60s));
    EXPECT_FALSE(world.a().all<Writable>().empty());
    for (std::size_t i = 0; i < sent; ++i)
      ASSERT_EQ(world.b().messages[i].payload, pattern(16384, i));
  }
}

TEST(Association, SurvivesLoss) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    std::uint32_t state = 7;
    world.drop = [&](std::size_t, Bytes&) {
      state = state * 1664525 + 1013904223;
      return state >> 24 < 13;  // 5 %
    };
    world.run(5s);
    ASSERT_EQ(world.a().all<Established>().size(), 1u);
    for (std::size_t i = 0; i < 50; ++i)
      ASSERT_TRUE(world.a().association->send(world.now(), StreamId{0}, binary, Ordering::ordered,
                                              pattern(10'000, i)));
    ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 50; }, 300s));
    for (std::size_t i = 0; i < 50; ++i)
      EXPECT_EQ(world.b().messages[i].payload, pattern(10'000, i));
  }
}

TEST(Association, DropsPacketsWithAWrongChecksum) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.drop = [](std::size_t, Bytes& packet) {
      packet.back() ^= std::byte{1};
      return false;
    };
    world.run(3s);
    EXPECT_TRUE(world.a().all<Established>().empty());
  }
}

TEST(Association, ResetsManyStreamsOneRequestAtATime) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    for (std::uint16_t id = 0; id < 200; ++id) {
      ASSERT_TRUE(world.a().association->send(world.now(), StreamId{id}, binary, Ordering::ordered,
                                              pattern(100)));
      world.a().association->reset_stream(world.now(), StreamId{id});
    }
    ASSERT_TRUE(world.run_until([&] { return world.a().all<ResetDone>().size() == 200; }, 20s));
    world.run(1s);
    EXPECT_EQ(world.b().all<PeerReset>().size(), 200u);
    EXPECT_EQ(world.b().messages.size(), 200u);
    // And they can be used again.
    ASSERT_TRUE(world.a().association->send(world.now(), StreamId{5}, binary, Ordering::ordered,
                                            pattern(9)));
    EXPECT_TRUE(world.run_until([&] { return world.b().messages.size() == 201; }, 1s));
  }
}

TEST(Association, CloseAbortsThePeerAndEndsInSilence) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    world.a().association->close(world.now());
    world.run(1s);
    ASSERT_EQ(world.a().all<Closed>().size(), 1u);
    EXPECT_EQ(world.a().all<Closed>()[0].why, CloseReason::closed_here);
    ASSERT_EQ(world.b().all<Closed>().size(), 1u);
    EXPECT_EQ(world.b().all<Closed>()[0].why, CloseReason::aborted_by_peer);
    EXPECT_FALSE(world.a().association->deadline());
    EXPECT_FALSE(world.b().association->deadline());
  }
}

TEST(Association, IsLostWhenNothingIsAcknowledged) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(1s);
    ASSERT_TRUE(world.a().association->send(world.now(), StreamId{0}, binary, Ordering::ordered,
                                            pattern(10)));
    world.drop = [](std::size_t, Bytes&) { return true; };
    ASSERT_TRUE(world.run_until([&] { return !world.a().all<Closed>().empty(); }, 300s));
    EXPECT_EQ(world.a().all<Closed>()[0].why, CloseReason::lost);
  }
}

TEST(Association, AnIdleOneAsksForNoTime) {
  for (const Makes& makes : every_pair) {
    SCOPED_TRACE(name(makes));
    Pair world{makes};
    world.run(2s);
    EXPECT_FALSE(world.a().association->deadline());
    EXPECT_FALSE(world.b().association->deadline());
  }
}

}  // namespace
}  // namespace hearth::sctp
