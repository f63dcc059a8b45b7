#include <array>
#include <deque>
#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <sys/time.h>

#include <hearth/sctp/usrsctp_association.h>

// usrsctp reads the wall clock for round-trip times and for which chunks are old enough to be sent
// again; here that clock is the test's.
namespace {
hearth::Instant wall_clock{};
}  // namespace
extern "C" int gettimeofday(timeval* __restrict out, void* __restrict) noexcept {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(wall_clock.time_since_epoch());
  out->tv_sec = 1'750'000'000 + micros.count() / 1'000'000;
  out->tv_usec = micros.count() % 1'000'000;
  return 0;
}

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr Ppid binary{53};

/// Two associations over a network with a fixed delay and seeded loss.
class World {
 public:
  struct Side {
    UsrsctpAssociation association;
    std::vector<Message> messages;
    std::vector<Event> events;
    bool reads = true;

    template <class T>
    std::vector<T> all() const {
      std::vector<T> found;
      for (const Event& e : events)
        if (const auto* one = std::get_if<T>(&e)) found.push_back(*one);
      return found;
    }
  };

  explicit World(const Options& options = {}, Duration delay = 1ms) : delay_(delay) {
    for (int i = 0; i < 2; ++i) sides_.push_back({UsrsctpAssociation{options, now_}, {}, {}});
  }

  Side& a() { return sides_[0]; }
  Side& b() { return sides_[1]; }
  Instant now() const { return now_; }
  std::function<bool(BytesView)> drop = [](BytesView) { return false; };

  void drain() {
    std::array<std::byte, 1500> buffer;
    for (std::size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      while (const auto event = side.association.poll_event()) side.events.push_back(*event);
      if (side.reads)
        while (auto message = side.association.poll_message())
          side.messages.push_back(std::move(*message));
      while (const auto event = side.association.poll_event()) side.events.push_back(*event);
      while (const auto size = side.association.poll_transmit(buffer)) {
        const BytesView packet = BytesView{buffer}.first(*size);
        if (!drop(packet)) in_flight_.push_back({now_ + delay_, 1 - i, to_bytes(packet)});
      }
    }
  }
  void run(Duration time) {
    run_until([] { return false; }, time);
  }
  bool run_until(const std::function<bool()>& done, Duration at_most) {
    const Instant end = now_ + at_most;
    drain();
    while (!done()) {
      std::optional<Instant> next;
      if (!in_flight_.empty()) next = in_flight_.front().at;
      for (Side& side : sides_)
        if (const auto d = side.association.deadline(); d && (!next || *d < *next)) next = d;
      if (!next || *next > end) {
        now_ = end;
        return done();
      }
      now_ = std::max(now_, *next);
      wall_clock = now_;
      if (!in_flight_.empty() && in_flight_.front().at <= now_) {
        const Packet packet = std::move(in_flight_.front());
        in_flight_.pop_front();
        sides_[packet.to].association.receive(now_, packet.bytes);
      } else {
        for (Side& side : sides_) side.association.advance(now_);
      }
      drain();
    }
    return true;
  }

 private:
  struct Packet {
    Instant at;
    std::size_t to;
    Bytes bytes;
  };
  Duration delay_;
  Instant now_{};
  std::deque<Packet> in_flight_;
  std::vector<Side> sides_;
};

Bytes pattern(std::size_t size, std::uint8_t seed = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(seed + i * 7 + i / 251);
  return bytes;
}

TEST(Association, BothSidesConnectingMakeOne) {
  World world;
  world.run(1s);
  ASSERT_EQ(world.a().all<Established>().size(), 1u);
  ASSERT_EQ(world.b().all<Established>().size(), 1u);
  EXPECT_EQ(world.a().all<Established>()[0].streams, 256);
}

TEST(Association, CarriesMessagesOfEverySizeWhole) {
  World world;
  world.run(1s);
  std::vector<Bytes> sent;
  for (const std::size_t size :
       {1UL, 2UL, 1155UL, 1156UL, 1200UL, 16384UL, 65535UL, 65536UL, 262143UL, 262144UL}) {
    const Bytes payload = pattern(size);
    while (true) {
      const auto result =
          world.a().association.send(world.now(), StreamId{3}, binary, Ordering::ordered, payload);
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
  EXPECT_EQ(world.a().association.buffered(), 0u);
}

TEST(Association, RefusesWhatCannotBeSent) {
  World world;
  const Bytes one(1);
  const auto send = [&](std::uint16_t stream, BytesView bytes) {
    return world.a().association.send(world.now(), StreamId{stream}, binary, Ordering::ordered,
                                      bytes);
  };
  EXPECT_EQ(send(0, one).error(), SendError::not_established);
  world.run(1s);
  EXPECT_EQ(send(0, {}).error(), SendError::bad_size);
  EXPECT_EQ(send(0, Bytes(262'145)).error(), SendError::bad_size);
  EXPECT_EQ(send(256, one).error(), SendError::bad_stream);
  EXPECT_TRUE(send(255, one));
}

TEST(Association, AReaderThatStopsStopsTheWriterAndThenGetsEverything) {
  World world;
  world.run(1s);
  world.b().reads = false;
  std::size_t sent = 0;
  for (int round = 0; round < 400; ++round) {
    while (world.a().association.send(world.now(), StreamId{1}, binary, Ordering::ordered,
                                      pattern(16384, static_cast<std::uint8_t>(sent))))
      ++sent;
    world.run(10ms);
  }
  // A send and a receive buffer's worth, not more.
  EXPECT_LT(sent * 16384, std::size_t{4} << 20);
  EXPECT_GT(sent * 16384, std::size_t{2} << 20);
  EXPECT_LT(world.a().association.writable(), 16384u);
  world.b().reads = true;
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == sent; }, 60s));
  EXPECT_FALSE(world.a().all<Writable>().empty());
  for (std::size_t i = 0; i < sent; ++i)
    ASSERT_EQ(world.b().messages[i].payload, pattern(16384, static_cast<std::uint8_t>(i)));
}

TEST(Association, SurvivesLoss) {
  World world;
  std::uint32_t state = 7;
  world.drop = [&](BytesView) {
    state = state * 1664525 + 1013904223;
    return state >> 24 < 13;  // 5 %
  };
  world.run(5s);
  ASSERT_EQ(world.a().all<Established>().size(), 1u);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(world.a().association.send(world.now(), StreamId{0}, binary, Ordering::ordered,
                                           pattern(10'000, static_cast<std::uint8_t>(i))));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 50; }, 300s));
  for (std::size_t i = 0; i < 50; ++i)
    EXPECT_EQ(world.b().messages[i].payload, pattern(10'000, static_cast<std::uint8_t>(i)));
}

TEST(Association, DropsPacketsWithAWrongChecksum) {
  World world;
  world.drop = [](BytesView packet) {
    // Alters the packet in place: the view is of the test's own buffer.
    const_cast<std::byte&>(packet[packet.size() - 1]) ^= std::byte{1};
    return false;
  };
  world.run(3s);
  EXPECT_TRUE(world.a().all<Established>().empty());
}

TEST(Association, ResetsManyStreamsOneRequestAtATime) {
  World world;
  world.run(1s);
  for (std::uint16_t id = 0; id < 200; ++id) {
    ASSERT_TRUE(world.a().association.send(world.now(), StreamId{id}, binary, Ordering::ordered,
                                           pattern(100)));
    world.a().association.reset_stream(world.now(), StreamId{id});
  }
  ASSERT_TRUE(world.run_until([&] { return world.a().all<ResetDone>().size() == 200; }, 20s));
  world.run(1s);
  EXPECT_EQ(world.b().all<PeerReset>().size(), 200u);
  EXPECT_EQ(world.b().messages.size(), 200u);
  // And they can be used again.
  ASSERT_TRUE(
      world.a().association.send(world.now(), StreamId{5}, binary, Ordering::ordered, pattern(9)));
  EXPECT_TRUE(world.run_until([&] { return world.b().messages.size() == 201; }, 1s));
}

TEST(Association, CloseAbortsThePeerAndEndsInSilence) {
  World world;
  world.run(1s);
  world.a().association.close(world.now());
  world.run(1s);
  ASSERT_EQ(world.a().all<Closed>().size(), 1u);
  EXPECT_EQ(world.a().all<Closed>()[0].why, CloseReason::closed_here);
  ASSERT_EQ(world.b().all<Closed>().size(), 1u);
  EXPECT_EQ(world.b().all<Closed>()[0].why, CloseReason::aborted_by_peer);
  EXPECT_FALSE(world.a().association.deadline());
  EXPECT_FALSE(world.b().association.deadline());
}

TEST(Association, IsLostWhenNothingIsAcknowledged) {
  World world;
  world.run(1s);
  ASSERT_TRUE(
      world.a().association.send(world.now(), StreamId{0}, binary, Ordering::ordered, pattern(10)));
  world.drop = [](BytesView) { return true; };
  ASSERT_TRUE(world.run_until([&] { return !world.a().all<Closed>().empty(); }, 300s));
  EXPECT_EQ(world.a().all<Closed>()[0].why, CloseReason::lost);
}

TEST(Association, AnIdleOneAsksForNoTime) {
  World world;
  world.run(2s);
  EXPECT_FALSE(world.a().association.deadline());
  EXPECT_FALSE(world.b().association.deadline());
}

}  // namespace
}  // namespace hearth::sctp
