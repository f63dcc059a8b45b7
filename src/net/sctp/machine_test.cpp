// What our association does where usrsctp wouldn't follow or couldn't be watched: every path's
// worst, a peer's every lie, and what it costs.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include <hearth/sctp/crc32c.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/world_for_test.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr Ppid binary{53};

class Two : public World {
 public:
  explicit Two(const Options& options = {}, const Path& path = {}, std::uint64_t seed = 1)
      : World(seed) {
    const std::size_t there = add_path(path);
    add_pair(Make::own, Make::own, there, add_path(path), options);
  }
  Side& a() { return side(0); }
  Side& b() { return side(1); }
  hearth::Result<Unit, SendError> send(std::uint16_t stream, BytesView payload,
                                       const Reliability& reliability = {},
                                       Ordering ordering = Ordering::ordered) {
    return a().association->own()->send(now(), StreamId{stream}, binary, ordering, payload,
                                        reliability);
  }
};

/// The chunks of a packet, by type.
std::vector<ChunkType> types_of(const Bytes& packet) {
  std::vector<ChunkType> types;
  ChunkReader reader{packet};
  while (!reader.empty()) {
    const auto chunk = reader.next();
    if (!chunk) break;
    types.push_back(chunk->type);
  }
  return types;
}
bool has(const Bytes& packet, ChunkType type) {
  const auto types = types_of(packet);
  return std::ranges::find(types, type) != types.end();
}

// --- Every message once, in order
// -----------------------------------------------------------------

/// Random messages over a path from both sides at once; every one arrives once, ordered ones in
/// their streams' order.
void check_delivery(const Path& path, const Options& options, std::uint64_t seed, Make other) {
  World world{seed};
  const std::size_t there = world.add_path(path);
  world.add_pair(Make::own, other, there, world.add_path(path), options);
  TestDice dice{seed};
  ASSERT_TRUE(world.run_until(
      [&] { return world.side(0).established() && world.side(1).established(); }, 60s));
  struct Sent {
    std::size_t count = 0;
    std::map<std::uint16_t, std::vector<std::size_t>> by_stream;  // ordered
  };
  std::array<Sent, 2> sent;
  const auto number_of = [](const Message& message) {
    std::size_t number = 0;
    for (int i = 0; i < 4; ++i)
      number =
          number << 8 | std::to_integer<std::size_t>(message.payload[static_cast<std::size_t>(i)]);
    return number;
  };
  for (int step = 0; step < 120; ++step) {
    const std::size_t from = dice.next() % 2;
    const auto stream = static_cast<std::uint16_t>(dice.next() % 5);
    const std::size_t size = 4 + (dice.chance(0.3) ? dice.next() % 60000 : dice.next() % 1500);
    const auto ordering = dice.chance(0.3) ? Ordering::unordered : Ordering::ordered;
    Bytes payload = pattern(size, sent[from].count);
    for (std::size_t i = 0; i < 4; ++i)
      payload[i] = static_cast<std::byte>(sent[from].count >> (24 - 8 * i) & 0xff);
    const auto result = world.side(from).association->send(world.now(), StreamId{stream}, binary,
                                                           ordering, payload);
    if (result) {
      if (ordering == Ordering::ordered) sent[from].by_stream[stream].push_back(sent[from].count);
      ++sent[from].count;
    }
    if (dice.chance(0.4)) world.run(Duration{1ms} * static_cast<int>(dice.next() % 30));
  }
  ASSERT_TRUE(world.run_until(
      [&] {
        return world.side(1).messages.size() >= sent[0].count &&
               world.side(0).messages.size() >= sent[1].count;
      },
      600s));
  world.run(5s);
  for (std::size_t from = 0; from < 2; ++from) {
    const World::Side& to = world.side(1 - from);
    ASSERT_EQ(to.messages.size(), sent[from].count);
    std::vector<bool> seen(sent[from].count);
    std::map<std::uint16_t, std::vector<std::size_t>> by_stream;
    for (const Message& message : to.messages) {
      const std::size_t number = number_of(message);
      ASSERT_LT(number, seen.size());
      ASSERT_FALSE(seen[number]);
      seen[number] = true;
      const Bytes expected = pattern(message.payload.size(), number);
      ASSERT_TRUE(equal(BytesView{message.payload}.subspan(4), BytesView{expected}.subspan(4)));
      if (message.ordering == Ordering::ordered)
        by_stream[message.stream.value()].push_back(number);
    }
    EXPECT_EQ(by_stream, sent[from].by_stream);
    EXPECT_EQ(world.side(from).association->buffered(), 0u);
  }
}

TEST(Machine, EveryMessageArrivesOnceAndInOrderOnAnyPath) {
  const std::array<Path, 6> paths{
      Path{.delay = 20ms},
      Path{.delay = 5ms, .loss = 0.05},
      Path{.delay = 20ms, .duplicates = 0.1, .reordered = 0.2},
      Path{.delay = 10ms, .loss = 0.02, .duplicates = 0.02, .bytes_per_second = 1e6, .queue = 30ms},
      Path{.delay = 15ms, .loss = 0.01, .lumps = 40ms},
      Path{.delay = 1ms, .receive_cost = 300us, .receive_buffer = 8}};
  for (std::uint64_t seed = 1; seed <= 5; ++seed)
    for (std::size_t i = 0; i < paths.size(); ++i)
      for (const bool interleaving : {false, true}) {
        SCOPED_TRACE("path " + std::to_string(i) + ", seed " + std::to_string(seed));
        check_delivery(paths[i], {.streams = 8, .interleaving = interleaving}, seed * 100 + i,
                       Make::own);
        if (testing::Test::HasFatalFailure()) return;
      }
}

TEST(Machine, EveryMessageArrivesOnceAndInOrderWithUsrsctp) {
  const std::array<Path, 3> paths{Path{.delay = 5ms}, Path{.delay = 5ms, .loss = 0.02},
                                  Path{.delay = 10ms, .duplicates = 0.05, .reordered = 0.1}};
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    for (std::size_t i = 0; i < paths.size(); ++i) {
      SCOPED_TRACE("path " + std::to_string(i) + ", seed " + std::to_string(seed));
      check_delivery(paths[i], {.streams = 8}, seed * 100 + i, Make::usrsctp);
      if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(Machine, LongMessagesOfTwoStreamsShareThePathByIData) {
  for (const bool interleaving : {true, false}) {
    Two world{{.interleaving = interleaving}, {.delay = 5ms, .bytes_per_second = 1e6, .queue = 1s}};
    world.run(1s);
    ASSERT_TRUE(world.send(1, pattern(250'000)));
    ASSERT_TRUE(world.send(2, pattern(1000)));
    ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 2; }, 10s));
    // The short one needn't wait for the long one, unless messages can't be mixed.
    EXPECT_EQ(world.b().messages[0].stream, (interleaving ? StreamId{2} : StreamId{1}));
  }
}

TEST(Machine, UnorderedMessagesPassALostOne) {
  Two world;
  world.run(1s);
  bool dropped = false;
  world.drop = [&](std::size_t side, Bytes& packet) {
    return side == 0 && has(packet, ChunkType::i_data) && !std::exchange(dropped, true);
  };
  ASSERT_TRUE(world.send(1, pattern(1000, 1), {}, Ordering::unordered));
  world.drain_all();
  ASSERT_TRUE(world.send(1, pattern(1000, 2), {}, Ordering::unordered));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 2; }, 5s));
  EXPECT_EQ(world.b().messages[0].payload, pattern(1000, 2));
}

// --- Setting up
// -----------------------------------------------------------------------------------

TEST(Machine, EstablishesWhateverSinglePacketOfTheHandshakeIsLost) {
  for (int lost = 0; lost < 8; ++lost) {
    Two world;
    int count = 0;
    world.drop = [&](std::size_t, Bytes&) { return count++ == lost; };
    ASSERT_TRUE(
        world.run_until([&] { return world.a().established() && world.b().established(); }, 5s))
        << lost;
    ASSERT_TRUE(world.send(0, pattern(10)));
    EXPECT_TRUE(world.run_until([&] { return world.b().messages.size() == 1; }, 5s)) << lost;
  }
}

TEST(Machine, GivesUpWhereNobodyAnswers) {
  Two world;
  world.drop = [](std::size_t, Bytes&) { return true; };
  world.run(60s);
  ASSERT_EQ(world.a().all<Closed>().size(), 1u);
  EXPECT_EQ(world.a().all<Closed>()[0].why, CloseReason::lost);
  EXPECT_FALSE(world.a().association->deadline());
}

TEST(Machine, ACookieThatWasAlteredOrIsOldOpensNothing) {
  Two world;
  Bytes echo;
  world.drop = [&](std::size_t side, Bytes& packet) {
    if (side == 0 && has(packet, ChunkType::cookie_echo)) {
      if (echo.empty()) echo = packet;
      return true;
    }
    return side == 1;  // so that only a's echo can establish b
  };
  // b's INIT ACK must pass once for a to have a cookie.
  bool passed = false;
  const auto strict = world.drop;
  world.drop = [&](std::size_t side, Bytes& packet) {
    if (side == 1 && has(packet, ChunkType::init_ack) && !std::exchange(passed, true)) return false;
    return strict(side, packet);
  };
  world.run(200ms);
  ASSERT_FALSE(echo.empty());
  for (std::size_t at = 16; at < echo.size(); at += 7) {
    Bytes altered = echo;
    altered[at] ^= std::byte{4};
    write_checksum(altered);
    world.b().association->receive(world.now(), altered);
    world.drain_all();
    ASSERT_FALSE(world.b().established()) << at;
  }
  world.b().association->receive(world.now() + 61s, echo);
  world.drain_all();
  EXPECT_FALSE(world.b().established());
  Two fresh;  // the same at its time works
  fresh.run(1s);
  EXPECT_TRUE(fresh.b().established());
}

TEST(Machine, AnInitChangesNothingAndIsAnsweredWithoutState) {
  Two world;
  world.run(1s);
  std::array<std::byte, 1500> out;
  for (std::uint32_t i = 1; i < 200; ++i) {
    PacketWriter packet{out, 0};
    packet.add(ChunkType::init, 0,
               encode_init({.tag = i,
                            .window = 1 << 20,
                            .outbound_streams = 9,
                            .inbound_streams = 9,
                            .first_tsn = i,
                            .extensions = {},
                            .cookie = {}}));
    write_checksum(MutableBytes{out}.first(packet.size()));
    world.b().association->receive(world.now(), BytesView{out}.first(packet.size()));
  }
  // What couldn't be answered at once was dropped.
  std::size_t answers = 0;
  while (world.b().association->poll_transmit(out)) ++answers;
  EXPECT_LE(answers, 16u);
  ASSERT_TRUE(world.send(0, pattern(10)));
  EXPECT_TRUE(world.run_until([&] { return world.b().messages.size() == 1; }, 1s));
}

TEST(Machine, PacketsWithAnotherVerificationTagAreNobodys) {
  Two world;
  world.run(1s);
  std::array<std::byte, 1500> out;
  for (const ChunkType type : {ChunkType::abort, ChunkType::shutdown, ChunkType::cookie_ack}) {
    for (const bool reflected : {false, true}) {
      PacketWriter packet{out, 0x12345678};
      packet.add(type, reflected ? 1 : 0, {});
      write_checksum(MutableBytes{out}.first(packet.size()));
      world.b().association->receive(world.now(), BytesView{out}.first(packet.size()));
    }
  }
  world.run(1s);
  EXPECT_TRUE(world.b().all<Closed>().empty());
  EXPECT_EQ(world.b().association->own()->statistics().packets_refused, 6u);
}

TEST(Machine, ZeroChecksumsOnlyWhereBothSaidSo) {
  for (const bool wanted : {true, false}) {
    Two world{{.zero_checksum = wanted}};
    std::size_t zero = 0;
    std::size_t all = 0;
    world.drop = [&](std::size_t, Bytes& packet) {
      const bool is_zero = equal(BytesView{packet}.subspan(8, 4), Bytes(4));
      zero += is_zero ? 1 : 0;
      ++all;
      // RFC 9653 §5.2: never with these.
      if (has(packet, ChunkType::init) || has(packet, ChunkType::cookie_echo)) {
        EXPECT_FALSE(is_zero);
      }
      return false;
    };
    world.run(1s);
    ASSERT_TRUE(world.send(0, pattern(100'000)));
    ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 1; }, 5s));
    EXPECT_EQ(zero > all / 2, wanted);
    EXPECT_TRUE(wanted || zero == 0);
  }
}

// --- Recovery
// -------------------------------------------------------------------------------------

/// Drops data packets by their place among those that `a` sends after the handshake.
struct DropDataAt {
  std::vector<int> places;
  int count = 0;
  bool operator()(std::size_t side, Bytes& packet) {
    if (side != 0 || !has(packet, ChunkType::i_data)) return false;
    return std::ranges::find(places, count++) != places.end();
  }
};

TEST(Machine, ALostTailIsProbedForLongBeforeTheTimeout) {
  Two world{{}, {.delay = 20ms}};
  world.run(1s);
  ASSERT_TRUE(world.send(0, pattern(1000)));
  world.run(1s);
  world.drop = DropDataAt{{0}};
  ASSERT_TRUE(world.send(0, pattern(1000)));
  const Instant sent = world.now();
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 2; }, 5s));
  EXPECT_LE(world.now() - sent, 2 * 40ms + 10ms + 20ms + 1ms);
  EXPECT_EQ(world.a().association->own()->statistics().timeouts, 0u);
}

TEST(Machine, ALostRetransmissionIsNoticedWithoutATimeout) {
  Two world{{}, {.delay = 20ms}};
  world.run(1s);
  std::optional<std::uint32_t> victim;
  int losses = 0;
  world.drop = [&](std::size_t side, Bytes& packet) {
    if (side != 0) return false;
    ChunkReader reader{packet};
    while (!reader.empty()) {
      const auto chunk = reader.next();
      if (!chunk || chunk->type != ChunkType::i_data) continue;
      const auto data = parse_data(*chunk);
      if (!victim) victim = data->tsn + 3;
      if (data->tsn == *victim && losses < 3) return ++losses, true;
    }
    return false;
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.send(0, pattern(260'000)));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 3; }, 5s));
  EXPECT_EQ(losses, 3);
  EXPECT_EQ(world.a().association->own()->statistics().timeouts, 0u);
}

TEST(Machine, RetransmitsWhatWasLostAndNotMuchMore) {
  Two world{{.send_buffer = std::size_t{4} << 20}, {.delay = 20ms, .loss = 0.01}, 3};
  world.run(1s);
  const std::uint64_t lost_before = world.path(0).lost;
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(world.send(0, pattern(260'000)));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 15; }, 60s));
  const std::uint64_t lost = world.path(0).lost - lost_before;
  EXPECT_GT(lost, 10u);
  EXPECT_LE(world.a().association->own()->statistics().chunks_sent_again, lost + lost / 4 + 4);
}

TEST(Machine, AbsenceBeyondTheTwentiethBlockIsNoLoss) {
  Two world{{.send_buffer = std::size_t{4} << 20}, {.delay = 20ms}};
  world.run(1s);
  // Every other packet is lost once: more gaps than a SACK of Chromium's tells.
  int count = 0;
  std::uint64_t dropped = 0;
  world.drop = [&](std::size_t side, Bytes& packet) {
    if (side == 0 && has(packet, ChunkType::i_data)) {
      const bool drop = count < 160 && count % 2 == 1;
      ++count;
      dropped += drop ? 1 : 0;
      return drop;
    }
    if (side == 1 && has(packet, ChunkType::sack)) {  // as dcSCTP writes it
      ChunkReader reader{packet};
      Sack sack;
      const auto chunk = reader.next();
      if (chunk && chunk->type == ChunkType::sack && parse_sack(chunk->value, sack) &&
          sack.blocks.size() > 20) {
        sack.blocks.resize(20);
        const std::uint32_t tag = parse_common_header(packet)->verification_tag;
        PacketWriter writer{packet, tag};
        writer.add(ChunkType::sack, 0, encode_sack(sack));
        packet.resize(writer.size());
        write_checksum(packet);
      }
    }
    return false;
  };
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.send(0, pattern(260'000)));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 4; }, 60s));
  EXPECT_GE(dropped, 70u);
  EXPECT_LE(world.a().association->own()->statistics().chunks_sent_again, dropped + dropped / 4);
}

TEST(Machine, NeverSendsMoreThan30PacketsBackToBack) {
  Two world{{.send_buffer = std::size_t{4} << 20}, {.delay = 20ms, .receive_cost = 80us}};
  int longest = 0;
  int run = 0;
  Instant last{};
  world.drop = [&](std::size_t side, Bytes&) {
    if (side != 0) return false;
    run = world.now() == last ? run + 1 : 1;
    last = world.now();
    longest = std::max(longest, run);
    return false;
  };
  world.run(1s);
  world.b().keeps = false;
  const Bytes payload = pattern(64 * 1024);
  world.a().work = [&](World::Side& self) {
    while (self.association->send(world.now(), StreamId{0}, binary, Ordering::ordered, payload)) {
    }
  };
  world.run(5s);
  EXPECT_GT(world.b().received, std::size_t{20'000'000});
  EXPECT_LE(longest, 30);
}

// --- A peer that stops, or gives up
// ---------------------------------------------------------------

TEST(Machine, AClosedWindowIsTriedForAsLongAsThePeerSaysSo) {
  Two world;
  world.run(1s);
  world.b().reads = false;
  std::size_t sent = 0;
  while (world.send(1, pattern(16384, sent))) ++sent;
  for (int i = 0; i < 300; ++i) {
    world.run(1s);
    while (world.send(1, pattern(16384, sent))) ++sent;
  }
  EXPECT_TRUE(world.a().all<Closed>().empty());
  world.b().reads = true;
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == sent; }, 30s));
  for (std::size_t i = 0; i < sent; ++i)
    ASSERT_EQ(world.b().messages[i].payload, pattern(16384, i));
}

TEST(Machine, WhatIsNotWorthSendingAgainIsPassedOver) {
  for (const bool interleaving : {true, false}) {
    for (const bool ordered : {true, false}) {
      Two world{{.interleaving = interleaving}, {.delay = 10ms, .loss = 0.1}, 9};
      world.run(5s);
      ASSERT_TRUE(world.a().established() && world.b().established());
      constexpr std::size_t count = 200;
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(world.send(4, pattern(3000, i),
                               {.lifetime = std::nullopt, .max_retransmissions = 0},
                               ordered ? Ordering::ordered : Ordering::unordered));
        world.run(5ms);
      }
      ASSERT_TRUE(world.send(5, pattern(5)));
      ASSERT_TRUE(world.run_until([&] { return world.a().association->buffered() == 0; }, 60s));
      world.run(2s);
      const auto& messages = world.b().messages;
      EXPECT_GT(messages.size(), count / 2);
      EXPECT_LT(messages.size(), count);
      std::size_t next = 0;
      for (const Message& message : messages) {
        if (message.stream == StreamId{5}) continue;
        std::size_t found = ordered ? next : 0;
        while (found < count && message.payload != pattern(3000, found)) ++found;
        ASSERT_LT(found, count);  // whole, and in order where that was asked
        next = found + 1;
      }
    }
  }
}

TEST(Machine, AMessageGivenUpHalfSentHoldsNobodyUp) {
  for (const bool interleaving : {true, false}) {
    // Its first chunks arrived, which nobody says, and the rest was never sent.
    Two world{{.send_buffer = 400'000, .interleaving = interleaving},
              {.delay = 10ms, .bytes_per_second = 1e6, .queue = 10s}};
    world.run(1s);
    ASSERT_TRUE(world.send(1, pattern(250'000), {.lifetime = 300ms, .max_retransmissions = {}}));
    ASSERT_TRUE(world.send(1, pattern(100)));
    world.run(20ms);
    bool losing = true;
    world.drop = [&](std::size_t side, Bytes&) { return losing && side == 1; };
    world.run(800ms);
    losing = false;
    ASSERT_TRUE(world.run_until([&] { return !world.b().messages.empty(); }, 30s));
    EXPECT_EQ(world.b().messages.front().payload, pattern(100));
    ASSERT_TRUE(world.run_until([&] { return world.a().association->buffered() == 0; }, 30s));
  }
}

TEST(Machine, InterleavedMessagesDontTakeEachOthersRoomToEnd) {
  Two world{{.max_message = 60'000,
             .send_buffer = 2'000'000,
             .receive_buffer = 100'000,
             .interleaving = true},
            {.delay = 10ms, .loss = 0.02}};
  world.run(5s);
  for (std::uint16_t stream = 0; stream < 20; ++stream)
    ASSERT_TRUE(world.send(stream, pattern(60'000, stream)));
  ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 20; }, 120s));
}

TEST(Machine, WhatIsTooOldIsNotSentAtAll) {
  Two world{{}, {.delay = 10ms, .bytes_per_second = 1e6, .queue = 10s}};
  world.run(1s);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.send(1, pattern(250'000)));
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(
        world.send(2, pattern(500), {.lifetime = 1ms, .max_retransmissions = std::nullopt}));
  ASSERT_TRUE(world.run_until([&] { return world.a().association->buffered() == 0; }, 30s));
  EXPECT_LT(world.b().messages.size(), 40u);
}

// --- Resets
// ---------------------------------------------------------------------------------------

TEST(Machine, IdsAreUsedAgainAHundredTimesOverALossyPath) {
  for (const Make other : {Make::own, Make::usrsctp}) {
    World world{4};
    const Path path{.delay = 5ms, .loss = 0.03};
    const std::size_t there = world.add_path(path);
    world.add_pair(Make::own, other, there, world.add_path(path), {.streams = 4});
    ASSERT_TRUE(world.run_until(
        [&] { return world.side(0).established() && world.side(1).established(); }, 20s));
    for (std::size_t life = 0; life < 100; ++life) {
      const StreamId stream{static_cast<std::uint16_t>(life % 3)};
      for (std::size_t i = 0; i < 3; ++i)
        ASSERT_TRUE(world.side(0).association->send(world.now(), stream, binary, Ordering::ordered,
                                                    pattern(2000, life * 3 + i)));
      world.side(0).association->reset_stream(world.now(), stream);
      ASSERT_TRUE(
          world.run_until([&] { return world.side(0).all<ResetDone>().size() == life + 1; }, 60s))
          << life;
    }
    ASSERT_EQ(world.side(1).messages.size(), 300u);
    EXPECT_EQ(world.side(1).all<PeerReset>().size(), 100u);
    for (std::size_t i = 0; i < 300; ++i)
      ASSERT_EQ(world.side(1).messages[i].payload, pattern(2000, i));
  }
}

TEST(Machine, NothingIsSentOnAStreamThatIsBeingReset) {
  Two world;
  world.run(1s);
  ASSERT_TRUE(world.send(3, pattern(100)));
  world.a().association->reset_stream(world.now(), StreamId{3});
  EXPECT_EQ(world.send(3, pattern(100)).error(), SendError::would_block);
  ASSERT_TRUE(world.send(4, pattern(100)));
  ASSERT_TRUE(world.run_until([&] { return !world.a().all<ResetDone>().empty(); }, 1s));
  EXPECT_FALSE(world.a().all<Writable>().empty());
  EXPECT_TRUE(world.send(3, pattern(100)));
}

// --- What it costs
// --------------------------------------------------------------------------------

TEST(Machine, AnIdleAssociationTakesLessThan16KiB) {
  constexpr std::size_t count = 64;
  std::vector<std::unique_ptr<Two>> worlds;
  for (std::size_t i = 0; i < count; ++i) {
    worlds.push_back(std::make_unique<Two>());
    Two& world = *worlds.back();
    world.run(1s);
    for (std::uint16_t stream = 0; stream < 8; ++stream)
      ASSERT_TRUE(world.send(stream, pattern(60'000)));
    ASSERT_TRUE(world.run_until([&] { return world.b().messages.size() == 8; }, 5s));
    world.run(2s);
    world.b().messages = {};
    world.b().events = world.a().events = {};
  }
  const auto used = [] { return mallinfo2().uordblks; };
  const auto before = used();
  for (auto& world : worlds) world->a().association.reset();
  const std::size_t each = (before - used()) / count;
  RecordProperty("bytes", static_cast<int>(each));
  EXPECT_LT(each, 16u * 1024);
}

}  // namespace
}  // namespace hearth::sctp
