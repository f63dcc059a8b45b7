#include <algorithm>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/yamux/connection.h>

namespace hearth::yamux {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t unbounded = std::size_t{1} << 40;

Instant at(Duration since_start) {
  return Instant{} + seconds{1000} + since_start;
}

Bytes frame(const FrameHeader& header, BytesView body = {}) {
  Bytes bytes(header_size);
  encode_header(header, MutableBytes{bytes}.first<header_size>());
  append(bytes, body);
  return bytes;
}

Bytes data_frame(std::uint32_t stream, BytesView body, std::uint16_t flags = 0) {
  return frame({.type = FrameType::data,
                .flags = flags,
                .stream = stream,
                .length = static_cast<std::uint32_t>(body.size())},
               body);
}

Bytes window_frame(std::uint32_t stream, std::uint32_t length, std::uint16_t flags = 0) {
  return frame(
      {.type = FrameType::window_update, .flags = flags, .stream = stream, .length = length});
}

Bytes ping_frame(std::uint32_t value, std::uint16_t flags) {
  return frame({.type = FrameType::ping, .flags = flags, .length = value});
}

template <class T>
std::size_t count(const std::vector<Event>& events) {
  return static_cast<std::size_t>(std::ranges::count_if(
      events, [](const Event& event) { return std::holds_alternative<T>(event); }));
}

// One machine, and a peer that is whatever the test writes.
class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override { sent(); }  // the first ping

  void receive(BytesView bytes) { machine.receive(now, bytes); }
  std::vector<FrameHeader> sent() {
    std::vector<FrameHeader> headers;
    Bytes buffer(100'000);
    while (const std::size_t size = machine.poll_transmit(buffer)) {
      Reader reader{BytesView{buffer}.first(size)};
      while (!reader.empty()) {
        const BytesView header = *reader.bytes(header_size);
        headers.push_back(*decode_header(header.first<header_size>()));
        if (headers.back().type == FrameType::data)
          append(body, *reader.bytes(headers.back().length));
      }
    }
    return headers;
  }
  std::vector<Event> events() {
    std::vector<Event> all;
    while (auto event = machine.poll_event()) all.push_back(*event);
    return all;
  }
  std::optional<EndCause> ending() {
    for (const Event& event : events())
      if (const auto* ended = std::get_if<Ended>(&event)) return ended->cause;
    return std::nullopt;
  }
  // A stream that the peer opened and both know of.
  StreamId inbound(std::uint32_t id = 1) {
    receive(window_frame(id, 0, flag_syn));
    events();
    sent();
    return StreamId{id};
  }
  StreamId outbound() {
    const StreamId id = *machine.open_stream(now);
    sent();
    receive(window_frame(id.value(), 0, flag_ack));
    events();
    return id;
  }

  MemoryBudget budget{unbounded};
  Instant now = at(seconds{0});
  Connection machine{Role::listener, {}, budget, now};
  Bytes body;
};

TEST(FrameHeader, IsTwelveBytesBigEndian) {
  // js-libp2p's first frame: PING SYN with value 0.
  EXPECT_EQ(to_hex(ping_frame(0, flag_syn)), "000200010000000000000000");
  EXPECT_EQ(to_hex(window_frame(0x01020304, 0x05060708, flag_fin | flag_rst)),
            "0001000c0102030405060708");
  const Bytes bytes = *from_hex("0001000c0102030405060708");
  EXPECT_EQ(decode_header(BytesView{bytes}.first<header_size>()),
            (FrameHeader{.type = FrameType::window_update,
                         .flags = flag_fin | flag_rst,
                         .stream = 0x01020304,
                         .length = 0x05060708}));
}

TEST_F(ConnectionTest, PingsAtOnceAndMeasuresTheRoundTrip) {
  Connection fresh{Role::dialer, {}, budget, now};
  Bytes buffer(100);
  const std::size_t size = fresh.poll_transmit(buffer);
  EXPECT_EQ(to_hex(BytesView{buffer}.first(size)), "000200010000000000000001");
  EXPECT_FALSE(fresh.round_trip());
  fresh.receive(now + milliseconds{20}, ping_frame(7, flag_ack));  // not the value that was sent
  EXPECT_FALSE(fresh.round_trip());
  fresh.receive(now + milliseconds{30}, ping_frame(1, flag_ack));
  EXPECT_EQ(fresh.round_trip(), milliseconds{30});
}

TEST_F(ConnectionTest, AnswersPingsWithTheirValue) {
  receive(ping_frame(0xabcdef01, flag_syn));
  EXPECT_THAT(sent(), ElementsAre(FrameHeader{
                          .type = FrameType::ping, .flags = flag_ack, .length = 0xabcdef01}));
}

TEST_F(ConnectionTest, NumbersItsStreamsByItsRole) {
  EXPECT_EQ(machine.open_stream(now), StreamId{2});
  EXPECT_EQ(machine.open_stream(now), StreamId{4});
  EXPECT_THAT(
      sent(),
      ElementsAre(FrameHeader{.type = FrameType::window_update, .flags = flag_syn, .stream = 2},
                  FrameHeader{.type = FrameType::window_update, .flags = flag_syn, .stream = 4}));
  Connection dialer{Role::dialer, {}, budget, now};
  EXPECT_EQ(dialer.open_stream(now), StreamId{1});
}

TEST_F(ConnectionTest, TakesStreamsOpenedByAWindowFrameOrByData) {
  receive(window_frame(1, 0, flag_syn));
  receive(data_frame(3, as_bytes("hello"), flag_syn | flag_fin));
  EXPECT_EQ(count<StreamOpened>(events()), 2U);
  EXPECT_THAT(
      sent(),
      ElementsAre(FrameHeader{.type = FrameType::window_update, .flags = flag_ack, .stream = 1},
                  FrameHeader{.type = FrameType::window_update, .flags = flag_ack, .stream = 3}));
  EXPECT_EQ(as_text(machine.peek(StreamId{3})), "hello");
  machine.consume(StreamId{3}, 5);
  EXPECT_EQ(machine.read_state(StreamId{3}), ReadState::finished);
}

TEST_F(ConnectionTest, SaysReadableOncePerFilling) {
  const StreamId id = inbound();
  receive(data_frame(1, as_bytes("a")));
  receive(data_frame(1, as_bytes("b")));
  EXPECT_EQ(count<Readable>(events()), 1U);
  Bytes out(10);
  EXPECT_EQ(machine.read(id, out), 2U);
  EXPECT_EQ(machine.read(id, out), 0U);
  EXPECT_EQ(machine.read_state(id), ReadState::open);
  receive(data_frame(1, as_bytes("c")));
  EXPECT_EQ(count<Readable>(events()), 1U);
}

TEST_F(ConnectionTest, PassesABodyOnAsItComes) {
  const StreamId id = inbound();
  const Bytes bytes = data_frame(1, as_bytes("hello"));
  receive(BytesView{bytes}.first(header_size + 2));
  EXPECT_EQ(as_text(machine.peek(id)), "he");
}

TEST_F(ConnectionTest, WritesNoMoreThanTheWindowAndGoesOnWhenItOpens) {
  const StreamId id = outbound();
  const Bytes data(initial_window + 100'000, std::byte{1});
  std::size_t taken = 0;
  while (const std::size_t size = machine.write(id, BytesView{data}.subspan(taken))) {
    taken += size;
    sent();
  }
  EXPECT_EQ(body.size(), initial_window);
  events();
  EXPECT_EQ(machine.write(id, data), 0U);
  receive(window_frame(id.value(), 50'000));
  EXPECT_EQ(count<Writable>(events()), 1U);
  sent();
  EXPECT_GT(body.size(), initial_window);
  EXPECT_LE(body.size(), initial_window + 50'000);
}

TEST_F(ConnectionTest, SendsFinOnAFrameOfItsOwnAfterTheData) {
  const StreamId id = outbound();
  EXPECT_EQ(machine.write(id, as_bytes("bye")), 3U);
  machine.close_write(id);
  EXPECT_FALSE(machine.flushed(id));
  EXPECT_THAT(
      sent(),
      ElementsAre(FrameHeader{.type = FrameType::data, .stream = 2, .length = 3},
                  FrameHeader{.type = FrameType::window_update, .flags = flag_fin, .stream = 2}));
  EXPECT_TRUE(machine.flushed(id));
  EXPECT_EQ(machine.write(id, as_bytes("more")), 0U);
  EXPECT_EQ(machine.read_state(id), ReadState::open) << "half closed";
}

TEST_F(ConnectionTest, AReleasedStreamStillDeliversAndThenIsGone) {
  const StreamId id = outbound();
  EXPECT_EQ(machine.write(id, as_bytes("bye")), 3U);
  machine.close_write(id);
  machine.release(id);
  EXPECT_EQ(machine.read_state(id), ReadState::reset) << "not the user's any more";
  EXPECT_EQ(sent().size(), 2U);
  receive(data_frame(id.value(), as_bytes("nobody reads this"), flag_fin));
  EXPECT_EQ(machine.streams(), 0U);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(ConnectionTest, AReleasedStreamThatDoesNotEndIsResetInTime) {
  const StreamId id = outbound();
  machine.close_write(id);
  machine.release(id);
  sent();
  receive(ping_frame(1, flag_ack));
  EXPECT_LE(*machine.deadline(), now + seconds{30});
  machine.advance(now + seconds{31});
  EXPECT_EQ(machine.streams(), 0U);
  EXPECT_THAT(sent(),
              testing::Contains(FrameHeader{
                  .type = FrameType::window_update, .flags = flag_rst, .stream = id.value()}));
}

TEST_F(ConnectionTest, ReleasingAnUnfinishedStreamResetsIt) {
  const StreamId id = inbound();
  machine.release(id);
  EXPECT_THAT(sent(), ElementsAre(FrameHeader{
                          .type = FrameType::window_update, .flags = flag_rst, .stream = 1}));
  EXPECT_EQ(machine.streams(), 0U);
}

TEST_F(ConnectionTest, AResetByThePeerEndsBothSides) {
  const StreamId id = inbound();
  receive(data_frame(1, as_bytes("lost")));
  EXPECT_EQ(machine.write(id, as_bytes("lost too")), 8U);
  receive(window_frame(1, 0, flag_rst));
  EXPECT_EQ(count<StreamReset>(events()), 1U);
  EXPECT_EQ(machine.read_state(id), ReadState::reset);
  EXPECT_TRUE(machine.peek(id).empty());
  EXPECT_EQ(machine.write(id, as_bytes("x")), 0U);
  EXPECT_THAT(sent(), IsEmpty());
  machine.release(id);
  EXPECT_EQ(machine.streams(), 0U);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ConnectionTest, FramesForUnknownStreamsArePassedOver) {
  receive(data_frame(99, as_bytes("race after a reset")));
  receive(window_frame(99, 10));
  receive(window_frame(99, 0, flag_rst));
  receive(ping_frame(1, flag_syn));
  EXPECT_EQ(sent().size(), 1U);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(ConnectionTest, ARepeatedSynChangesNothing) {
  inbound();
  receive(window_frame(1, 0, flag_syn));
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(machine.streams(), 1U);
}

TEST_F(ConnectionTest, TheWindowIsGrantedAgainWhenHalfOfItWasRead) {
  const StreamId id = inbound();
  const Bytes half(initial_window / 2, std::byte{1});
  receive(data_frame(1, BytesView{half}.first(half.size() - 1)));
  machine.consume(id, half.size() - 1);
  EXPECT_THAT(sent(), IsEmpty());
  receive(data_frame(1, as_bytes("x")));
  machine.consume(id, 1);
  EXPECT_THAT(sent(),
              ElementsAre(FrameHeader{
                  .type = FrameType::window_update, .stream = 1, .length = initial_window / 2}));
}

// What a peer that always fills its window, and whose data is read at once, is granted beyond what
// it sent.
struct Credit {
  std::uint64_t granted = initial_window, used = 0;
};

class WindowTest : public ConnectionTest {
 protected:
  // Half a window each `pause`.
  Credit exchange(int rounds, Duration pause) {
    const StreamId id = inbound();
    Credit credit;
    for (int i = 0; i < rounds; ++i) {
      now += pause;
      const Bytes piece((credit.granted - credit.used) / 2, std::byte{1});
      receive(data_frame(1, piece));
      credit.used += piece.size();
      Bytes out(piece.size());
      EXPECT_EQ(machine.read(id, out), piece.size());
      for (const FrameHeader& header : sent())
        if (header.type == FrameType::window_update) credit.granted += header.length;
    }
    return credit;
  }
  void measure_round_trip(Duration value) {
    now += value;
    receive(ping_frame(1, flag_ack));
  }
};

TEST_F(WindowTest, GrowsToItsLimitWhileTheReaderKeepsUp) {
  measure_round_trip(milliseconds{20});
  const Credit credit = exchange(20, milliseconds{20});
  EXPECT_EQ(credit.granted - credit.used, Limits{}.max_window_bytes);
  EXPECT_EQ(budget.used(), Limits{}.max_window_bytes - initial_window);
  machine.reset(StreamId{1});
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(WindowTest, StaysSmallWhileThePeerIsSlow) {
  measure_round_trip(milliseconds{20});
  const Credit credit = exchange(50, milliseconds{200});
  EXPECT_LE(credit.granted - credit.used, initial_window);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(WindowTest, StaysSmallUntilTheRoundTripIsKnown) {
  exchange(50, milliseconds{0});
  EXPECT_EQ(budget.used(), 0U);
}

TEST(Window, GrowsOnlyAsFarAsTheSharedBudgetAllows) {
  MemoryBudget total{1'000'000};
  MemoryBudget share{500'000, &total};
  EXPECT_TRUE(share.reserve(400'000));
  EXPECT_FALSE(share.reserve(200'000)) << "its own limit";
  MemoryBudget other{5'000'000, &total};
  EXPECT_FALSE(other.reserve(700'000)) << "the shared limit";
  EXPECT_EQ(total.used(), 400'000U);
  share.release(400'000);
  EXPECT_EQ(total.used(), 0U);
}

class TightTest : public ConnectionTest {
 protected:
  MemoryBudget small{100'000};
  Connection tight{Role::listener, {}, small, now};
};

TEST_F(TightTest, AStreamWhoseDataTheBudgetRefusesIsResetAndTheOthersGoOn) {
  tight.receive(now, data_frame(1, Bytes(60'000), flag_syn));
  tight.receive(now, data_frame(3, Bytes(60'000), flag_syn));
  bool was_reset = false;
  while (const auto event = tight.poll_event())
    if (const auto* reset = std::get_if<StreamReset>(&*event)) was_reset = reset->id == StreamId{3};
  EXPECT_TRUE(was_reset);
  EXPECT_EQ(tight.read_state(StreamId{3}), ReadState::reset);
  EXPECT_EQ(small.used(), 60'000U);
  tight.consume(StreamId{1}, 60'000);
  EXPECT_EQ(small.used(), 0U);
  tight.receive(now, data_frame(1, Bytes(60'000)));
  EXPECT_EQ(tight.read_state(StreamId{1}), ReadState::open);
}

TEST_F(TightTest, WritingGoesOnInSmallPiecesWhenTheBudgetIsSpent) {
  const StreamId id = *tight.open_stream(now);
  EXPECT_TRUE(small.reserve(100'000));
  const Bytes data(50'000);
  std::size_t written = 0;
  Bytes buffer(10'000);
  while (written < data.size()) {
    const std::size_t size = tight.write(id, BytesView{data}.subspan(written));
    EXPECT_GT(size, 0U);
    written += size;
    bool writable = false;
    while (tight.poll_transmit(buffer) > 0) continue;
    while (const auto event = tight.poll_event())
      writable |= std::holds_alternative<Writable>(*event);
    EXPECT_TRUE(writable || written == data.size());
  }
  small.release(100'000);
  EXPECT_EQ(small.used(), 0U);
}

TEST_F(ConnectionTest, StreamsBeyondTheLimitAreRefused) {
  for (std::uint32_t i = 0; i < 1000; ++i) receive(window_frame(2 * i + 1, 0, flag_syn));
  EXPECT_EQ(machine.inbound_streams(), 1000U);
  events();
  sent();
  receive(data_frame(2001, as_bytes("x"), flag_syn));
  EXPECT_THAT(sent(), ElementsAre(FrameHeader{
                          .type = FrameType::window_update, .flags = flag_rst, .stream = 2001}));
  EXPECT_THAT(events(), IsEmpty());
  machine.reset(StreamId{1});
  receive(window_frame(2003, 0, flag_syn));
  EXPECT_EQ(count<StreamOpened>(events()), 1U);
}

TEST_F(ConnectionTest, OpensNoMoreThan256StreamsThatThePeerDidNotAcknowledge) {
  for (int i = 0; i < 256; ++i) EXPECT_TRUE(machine.open_stream(now));
  EXPECT_EQ(machine.open_stream(now).error(), OpenError::backlog);
  receive(window_frame(2, 0, flag_ack));
  EXPECT_EQ(count<CanOpen>(events()), 1U);
  EXPECT_TRUE(machine.open_stream(now));
}

TEST_F(ConnectionTest, OpensNoMoreStreamsThanItsLimit) {
  for (std::uint32_t i = 0; i < 1000; ++i) outbound();
  EXPECT_EQ(machine.open_stream(now).error(), OpenError::too_many_streams);
  machine.reset(StreamId{2});
  EXPECT_EQ(count<CanOpen>(events()), 1U);
}

TEST_F(ConnectionTest, StreamsTakeTurns) {
  const StreamId a = outbound(), b = outbound();
  EXPECT_EQ(machine.write(a, Bytes(48'000)), 48'000U);
  EXPECT_EQ(machine.write(b, Bytes(48'000)), 48'000U);
  std::vector<std::uint32_t> order;
  for (const FrameHeader& header : sent()) order.push_back(header.stream);
  EXPECT_THAT(order, ElementsAre(2, 4, 2, 4, 2, 4));
}

TEST_F(ConnectionTest, OneStreamAloneFillsTheOutput) {
  const StreamId id = outbound();
  EXPECT_EQ(machine.write(id, Bytes(200'000)), 200'000U);
  Bytes buffer(65'519);
  EXPECT_EQ(machine.poll_transmit(buffer), buffer.size());
}

TEST_F(ConnectionTest, AQuietConnectionIsPingedAndADeadOneNoticed) {
  receive(ping_frame(1, flag_ack));
  EXPECT_EQ(machine.deadline(), at(seconds{30}));
  machine.advance(now = at(seconds{30}));
  EXPECT_THAT(sent(),
              ElementsAre(FrameHeader{.type = FrameType::ping, .flags = flag_syn, .length = 2}));
  EXPECT_EQ(machine.deadline(), at(seconds{60}));
  machine.advance(at(seconds{59}));
  EXPECT_FALSE(machine.ended());
  machine.advance(at(seconds{60}));
  EXPECT_EQ(ending(), EndCause::unresponsive);
}

TEST_F(ConnectionTest, ClosingSaysGoAwayAndNothingElse) {
  const StreamId id = outbound();
  EXPECT_EQ(machine.write(id, as_bytes("unsent")), 6U);
  machine.close();
  machine.close();
  EXPECT_EQ(ending(), EndCause::closed_by_us);
  EXPECT_THAT(sent(), ElementsAre(FrameHeader{.type = FrameType::go_away}));
  EXPECT_EQ(machine.open_stream(now).error(), OpenError::closed);
  EXPECT_FALSE(machine.deadline());
}

TEST_F(ConnectionTest, WhatCameBeforeTheEndCanStillBeRead) {
  const StreamId whole = inbound(1), broken = inbound(3);
  receive(data_frame(1, as_bytes("all of it"), flag_fin));
  receive(data_frame(3, as_bytes("a part")));
  machine.end(now);
  EXPECT_EQ(ending(), EndCause::pipe_ended);
  EXPECT_EQ(as_text(machine.peek(whole)), "all of it");
  machine.consume(whole, 9);
  EXPECT_EQ(machine.read_state(whole), ReadState::finished);
  EXPECT_EQ(machine.read_state(broken), ReadState::open);
  machine.consume(broken, 6);
  EXPECT_EQ(machine.read_state(broken), ReadState::reset);
}

TEST_F(ConnectionTest, APeerThatGoesAwayMayFinishItsStreams) {
  const StreamId id = inbound();
  receive(frame({.type = FrameType::go_away}));
  EXPECT_FALSE(machine.ended());
  EXPECT_EQ(machine.open_stream(now).error(), OpenError::closed);
  receive(data_frame(1, as_bytes("last words"), flag_fin));
  EXPECT_EQ(as_text(machine.peek(id)), "last words");
  machine.close_write(id);
  sent();
  machine.release(id);
  EXPECT_EQ(ending(), EndCause::closed_by_peer);
}

TEST_F(ConnectionTest, APeerThatReportsAnErrorIsBelieved) {
  receive(frame({.type = FrameType::go_away, .length = 1}));
  EXPECT_EQ(ending(), EndCause::peer_error);
}

class HostileTest : public ConnectionTest {
 protected:
  void expect_protocol_error() {
    EXPECT_EQ(ending(), EndCause::protocol_error);
    EXPECT_THAT(sent(), ElementsAre(FrameHeader{.type = FrameType::go_away, .length = 1}));
    EXPECT_EQ(budget.used(), 0U);
  }
};

// CVE-2026-32314 (rust-yamux): a first data frame larger than the window panics.
TEST_F(HostileTest, SynWithMoreDataThanTheWindowIsAnErrorByItsHeaderAlone) {
  receive(frame(
      {.type = FrameType::data, .flags = flag_syn, .stream = 1, .length = initial_window + 1}));
  expect_protocol_error();
}

TEST_F(HostileTest, SynWithAWholeWindowOfDataIsFine) {
  receive(data_frame(1, Bytes(initial_window), flag_syn));
  EXPECT_FALSE(machine.ended());
  EXPECT_EQ(budget.used(), initial_window);
  receive(data_frame(1, as_bytes("x")));
  EXPECT_EQ(ending(), EndCause::protocol_error);
}

TEST_F(HostileTest, DataBeyondTheWindowIsAnErrorByItsHeaderAlone) {
  inbound();
  receive(frame({.type = FrameType::data, .stream = 1, .length = 0xffffffff}));
  expect_protocol_error();
}

TEST_F(HostileTest, NobodyMayPassOffAHugeFrameOnAnUnknownStream) {
  receive(frame({.type = FrameType::data, .stream = 77, .length = 0xffffffff}));
  expect_protocol_error();
}

// CVE-2026-31814 (rust-yamux): window increments beyond 32 bits.
TEST_F(HostileTest, WindowIncrementsDoNotOverflow) {
  const StreamId id = outbound();
  for (int i = 0; i < 1000; ++i) receive(window_frame(id.value(), 0xffffffff));
  EXPECT_FALSE(machine.ended());
  EXPECT_EQ(machine.writable(id), Limits{}.send_buffer_bytes);
  EXPECT_EQ(machine.write(id, Bytes(300'000)), Limits{}.send_buffer_bytes);
  sent();
  EXPECT_EQ(body.size(), Limits{}.send_buffer_bytes);
}

// CVE-2024-32984 (rust-yamux): frames that answer the peer pile up while it doesn't read.
TEST_F(HostileTest, AnswersToAPeerThatDoesNotReadAreBounded) {
  for (int i = 0; i < 100'000 && !machine.ended(); ++i) receive(ping_frame(1, flag_syn));
  EXPECT_EQ(ending(), EndCause::abuse);
}

TEST_F(HostileTest, RefusalsToAPeerThatDoesNotReadAreBounded) {
  for (std::uint32_t i = 0; i < 100'000 && !machine.ended(); ++i)
    receive(window_frame(2 * i + 1, 0, flag_syn));
  EXPECT_LE(machine.inbound_streams(), 1000U);
  EXPECT_TRUE(machine.ended());
}

TEST_F(HostileTest, ResetsOfStreamsToAPeerThatDoesNotReadAreBounded) {
  int streams = 0;
  for (std::uint32_t id = 1; !machine.ended() && streams < 100'000; id += 2, ++streams) {
    receive(window_frame(id, 0, flag_syn));
    machine.release(StreamId{id});  // say, of a protocol nobody speaks
    events();
  }
  EXPECT_LT(streams, 5000);
}

TEST_F(HostileTest, ANumberUsedAgainIsNotTakenForTheStreamThatLingered) {
  const StreamId id = inbound();
  machine.close_write(id);
  machine.release(id);
  sent();
  receive(window_frame(1, 0, flag_fin));
  EXPECT_EQ(machine.streams(), 0U);
  inbound(1);
  receive(ping_frame(1, flag_ack));
  machine.advance(now + seconds{31});
  EXPECT_EQ(machine.streams(), 1U);
}

// js-libp2p ends a stream that it is done with so, hundreds of times a second.
TEST_F(HostileTest, ResettingStreamsThatWereAnsweredIsNoAbuse) {
  for (std::uint32_t id = 1; id < 20'000; id += 2) {
    receive(data_frame(id, as_bytes("ask"), flag_syn));
    ASSERT_EQ(machine.write(StreamId{id}, Bytes(100)), 100U);
    sent();
    receive(window_frame(id, 0, flag_rst));
    machine.release(StreamId{id});
    events();
  }
  EXPECT_FALSE(machine.ended());
}

// As CVE-2023-44487 (HTTP/2): streams opened and reset as fast as the wire allows.
TEST_F(HostileTest, OpeningAndResettingStreamsHasARate) {
  int streams = 0;
  for (std::uint32_t id = 1; !machine.ended() && streams < 100'000; id += 2, ++streams) {
    receive(window_frame(id, 0, flag_syn));
    receive(window_frame(id, 0, flag_rst));
    machine.release(StreamId{id});
    sent();
  }
  EXPECT_LT(streams, 3000);
  EXPECT_EQ(machine.streams(), 0U);
}

TEST_F(HostileTest, ResettingAStreamNowAndThenIsNoAbuse) {
  receive(ping_frame(1, flag_ack));
  for (std::uint32_t id = 1; id < 20'000; id += 2) {
    machine.advance(now += milliseconds{10});
    receive(window_frame(id, 0, flag_syn));
    receive(window_frame(id, 0, flag_rst));
    machine.release(StreamId{id});
    for (const FrameHeader& header : sent())
      if (header.type == FrameType::ping) receive(ping_frame(header.length, flag_ack));
  }
  EXPECT_FALSE(machine.ended());
}

TEST_F(HostileTest, StreamsAreOpenedUnderOnesOwnNumbers) {
  receive(window_frame(2, 0, flag_syn));
  expect_protocol_error();
}

TEST_F(HostileTest, NoStreamHasTheNumberOfTheSession) {
  receive(data_frame(0, as_bytes("x")));
  expect_protocol_error();
}

TEST_F(HostileTest, OtherVersionsAndTypesAreErrors) {
  receive(*from_hex("010200010000000000000000"));
  expect_protocol_error();
  Connection another{Role::listener, {}, budget, now};
  another.receive(now, *from_hex("000400010000000000000000"));
  EXPECT_TRUE(another.ended());
}

TEST_F(HostileTest, DataAfterTheEndOfAStreamIsNotKept) {
  const StreamId id = inbound();
  receive(data_frame(1, as_bytes("a"), flag_fin));
  receive(data_frame(1, as_bytes("b")));
  EXPECT_EQ(as_text(machine.peek(id)), "a");
}

}  // namespace
}  // namespace hearth::yamux
