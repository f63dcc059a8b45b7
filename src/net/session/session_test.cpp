#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <hearth/multistream/negotiator.h>
#include <hearth/noise/handshake.h>
#include <hearth/session/session.h>
#include <hearth/session/test_pair.h>

namespace hearth::session {
namespace {

template <class T>
std::vector<T> only(const std::vector<Event>& events) {
  std::vector<T> some;
  for (const Event& event : events)
    if (const T* one = std::get_if<T>(&event)) some.push_back(*one);
  return some;
}

std::string read_all(Session& session, StreamId id) {
  std::string text;
  std::array<std::byte, 1000> piece;
  while (const std::size_t size = session.read(id, piece))
    text += as_text(BytesView{piece}.first(size));
  return text;
}

TEST(Session, BothEndsLearnWhoTheOtherIs) {
  TestPair pair;
  pair.pump();
  const auto at_dialer = only<Secured>(TestPair::events(pair.dialer));
  const auto at_listener = only<Secured>(TestPair::events(pair.listener));
  ASSERT_EQ(at_dialer.size(), 1U);
  ASSERT_EQ(at_listener.size(), 1U);
  EXPECT_EQ(at_dialer[0].peer, pair.listener_host.id);
  EXPECT_EQ(at_listener[0].peer, pair.dialer_host.id);
  EXPECT_EQ(at_listener[0].key, pair.dialer_host.key.public_key());
}

TEST(Session, TheDialIsOneRoundTripAndAHalf) {
  TestPair pair;
  pair.carry(pair.dialer, pair.listener);  // header, /noise, message 1
  pair.carry(pair.listener, pair.dialer);  // answers, message 2
  EXPECT_TRUE(pair.dialer.secured());
  const auto stream = pair.dialer.open_stream(pair.now);
  ASSERT_TRUE(stream);
  EXPECT_EQ(pair.dialer.write(*stream, as_bytes("first")), 5U);
  pair.carry(pair.dialer, pair.listener);  // message 3, and the first stream right behind
  const auto opened = only<StreamOpened>(TestPair::events(pair.listener));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(read_all(pair.listener, opened[0].id), "first");
}

TEST(Session, CarriesBytesBothWaysInAnyFragmentation) {
  for (const std::size_t portion : {1U, 7U, 100'000U}) {
    TestPair pair;
    pair.pump(portion);
    const auto id = *pair.dialer.open_stream(pair.now);
    EXPECT_EQ(pair.dialer.write(id, as_bytes("ask")), 3U);
    pair.dialer.close_write(id);
    pair.pump(portion);
    EXPECT_EQ(read_all(pair.listener, id), "ask");
    EXPECT_EQ(pair.listener.read_state(id), ReadState::finished);
    EXPECT_EQ(pair.listener.write(id, as_bytes("answer")), 6U);
    pair.listener.close_write(id);
    pair.pump(portion);
    EXPECT_EQ(read_all(pair.dialer, id), "answer");
    EXPECT_EQ(pair.dialer.read_state(id), ReadState::finished);
    pair.dialer.release(id);
    pair.listener.release(id);
    EXPECT_EQ(pair.dialer.streams() + pair.listener.streams(), 0U);
    EXPECT_EQ(pair.budget.used(), 0U);
  }
}

TEST(Session, BulkBothWaysArrivesAsSent) {
  TestPair pair;
  pair.secure();
  const StreamId id = *pair.dialer.open_stream(pair.now);
  std::mt19937_64 random{3};
  constexpr std::size_t total = 8'000'000;
  Bytes data(total);
  for (std::byte& byte : data) byte = static_cast<std::byte>(random());
  struct End {
    Session& session;
    std::size_t sent = 0, received = 0;
  };
  End ends[] = {{pair.dialer}, {pair.listener}};
  for (int round = 0; ends[0].received < total || ends[1].received < total; ++round) {
    ASSERT_LT(round, 10'000);
    pair.now += std::chrono::milliseconds{1};
    for (End& end : ends) {
      const std::size_t most = std::min<std::size_t>(random() % 300'000, total - end.sent);
      end.sent += end.session.write(id, BytesView{data}.subspan(end.sent, most));
    }
    pair.pump(1 + random() % 100'000);
    for (End& end : ends) {
      Bytes out(random() % 400'000);
      const std::size_t size = end.session.read(id, out);
      ASSERT_TRUE(equal(BytesView{out}.first(size), BytesView{data}.subspan(end.received, size)));
      end.received += size;
    }
  }
  pair.dialer.reset(id);
  pair.listener.reset(id);
  EXPECT_EQ(pair.budget.used(), 0U);
}

TEST(Session, AReaderThatDoesNotReadHoldsTheWriterBack) {
  TestPair pair;
  pair.secure();
  const StreamId id = *pair.dialer.open_stream(pair.now);
  const Bytes data(1'000'000);
  std::size_t written = 0;
  for (int i = 0; i < 100; ++i) {
    written += pair.dialer.write(id, data);
    pair.pump();
  }
  EXPECT_EQ(written, 256 * 1024 + 4096U) << "the peer's window, and a little that waits";
  TestPair::events(pair.dialer);
  Bytes out(200'000);
  EXPECT_EQ(pair.listener.read(id, out), out.size());
  pair.pump();
  EXPECT_EQ(only<Writable>(TestPair::events(pair.dialer)).size(), 1U);
}

TEST(Session, NothingOfWhatIsSentIsReadableOnTheWire) {
  TestPair pair;
  pair.secure();
  const StreamId id = *pair.dialer.open_stream(pair.now);
  const std::string secret = "a message between two nodes";
  EXPECT_EQ(pair.dialer.write(id, as_bytes(secret)), secret.size());
  Bytes wire(4096);
  wire.resize(pair.dialer.poll_transmit(wire));
  EXPECT_EQ(as_text(wire).find(secret.substr(0, 4)), std::string_view::npos);
  pair.listener.receive(pair.now, wire);
  EXPECT_EQ(read_all(pair.listener, id), secret);
}

std::optional<CloseReason> ending(Session& session) {
  const auto closed = only<Closed>(TestPair::events(session));
  if (closed.empty()) return std::nullopt;
  return closed[0].reason;
}

TEST(Session, AWrongPeerIsRefusedBeforeItLearnsAnything) {
  TestPair pair;
  TestHost other{3};
  Session picky{{.role = Role::initiator,
                 .credentials = pair.dialer_host.credentials,
                 .expected = other.id,
                 .budget = pair.budget},
                pair.dialer_host.entropy,
                at(0)};
  pair.carry(picky, pair.listener);
  pair.carry(pair.listener, picky);
  const auto events = TestPair::events(picky);
  EXPECT_TRUE(only<Secured>(events).empty());
  ASSERT_EQ(only<Closed>(events).size(), 1U);
  EXPECT_EQ(only<Closed>(events)[0].reason, CloseReason::wrong_peer);
  Bytes buffer(1000);
  EXPECT_EQ(picky.poll_transmit(buffer), 0U) << "an impostor learns nothing of us";
}

// S26: a middleman who alters any byte of the upgrade, in either direction, ends it.
TEST(Session, AnyAlteredByteOfTheUpgradeAborts) {
  for (int flight = 0; flight < 3; ++flight) {
    for (std::size_t position = 0;; ++position) {
      TestPair pair;
      Session* const ends[] = {&pair.dialer, &pair.listener};
      bool altered = false;
      for (int i = 0; i < 3; ++i) {
        Bytes buffer(4096);
        const std::size_t size = ends[i % 2]->poll_transmit(buffer);
        // Behind the third message the dialer's first frame begins.
        const std::size_t end = i == 2 ? std::size_t{2 + 184} : size;
        if (i == flight && position < end) {
          buffer[position] ^= std::byte{1};
          altered = true;
        }
        ends[(i + 1) % 2]->receive(pair.now, BytesView{buffer}.first(size));
      }
      if (!altered) break;
      pair.pump();
      // Either somebody noticed, or a frame became longer and never completes: then the time-out
      // ends it.
      const bool noticed = pair.dialer.closed() || pair.listener.closed();
      EXPECT_TRUE(noticed || !pair.listener.secured()) << flight << ":" << position;
    }
  }
}

TEST(Session, AStrippedOrReplacedSecurityProtocolAborts) {
  const auto answer_to = [](std::string_view first) {
    TestPair pair;
    pair.listener.receive(pair.now, as_bytes(first));
    return std::pair{ending(pair.listener), pair.listener.secured()};
  };
  const std::string header = "\x13/multistream/1.0.0\n";
  EXPECT_EQ(answer_to("\x07/noise\n").first, CloseReason::bad_negotiation);
  EXPECT_EQ(answer_to(header + "\x11/plaintext/2.0.0\n").first, std::nullopt)
      << "refused, and waits";
  EXPECT_EQ(answer_to(header + "\x0d/yamux/1.0.0\n").first, std::nullopt);
  TestPair pair;
  pair.dialer.receive(pair.now, as_bytes(header + "\x03na\n"));
  EXPECT_EQ(ending(pair.dialer), CloseReason::no_common_protocol);
  TestPair other;
  other.dialer.receive(other.now, as_bytes(header + "\x11/plaintext/2.0.0\n"));
  EXPECT_EQ(ending(other.dialer), CloseReason::bad_negotiation);
}

TEST(Session, AHandshakeThatTakesTenSecondsIsOver) {
  TestPair pair;
  EXPECT_EQ(pair.listener.deadline(), at(10'000));
  pair.listener.advance(at(9'999));
  EXPECT_FALSE(pair.listener.closed());
  pair.listener.advance(at(10'000));
  EXPECT_EQ(ending(pair.listener), CloseReason::handshake_timeout);
  EXPECT_FALSE(pair.listener.deadline());
}

TEST(Session, AnAlteredRepeatedOrMissingFrameEndsItAndKeepsWhatCameBefore) {
  for (int what = 0; what < 3; ++what) {
    TestPair pair;
    pair.secure();
    const StreamId id = *pair.dialer.open_stream(pair.now);
    (void)pair.dialer.write(id, as_bytes("before"));
    pair.pump();
    Bytes first(1000), second(1000);
    (void)pair.dialer.write(id, as_bytes("one"));
    first.resize(pair.dialer.poll_transmit(first));
    (void)pair.dialer.write(id, as_bytes("two"));
    second.resize(pair.dialer.poll_transmit(second));
    if (what == 0) first.back() ^= std::byte{1};
    if (what == 1) pair.listener.receive(pair.now, first);
    if (what != 2) pair.listener.receive(pair.now, first);
    pair.listener.receive(pair.now, second);
    EXPECT_EQ(ending(pair.listener), CloseReason::decryption_failed);
    EXPECT_EQ(read_all(pair.listener, id), what == 1 ? "beforeone" : "before");
    EXPECT_EQ(pair.listener.read_state(id), ReadState::reset) << "cut short is not finished";
  }
}

TEST(Session, ThePipesEndIsTheEndAtEachStage) {
  TestPair fresh;
  fresh.listener.end(fresh.now);
  EXPECT_EQ(ending(fresh.listener), CloseReason::pipe_ended);
  TestPair secured;
  secured.secure();
  secured.listener.end(secured.now);
  secured.listener.end(secured.now);
  EXPECT_EQ(only<Closed>(TestPair::events(secured.listener)).size(), 1U);
}

TEST(Session, ClosingTellsThePeer) {
  TestPair fresh;
  fresh.dialer.close();
  EXPECT_EQ(ending(fresh.dialer), CloseReason::closed_by_us);
  TestPair pair;
  pair.secure();
  pair.dialer.close();
  EXPECT_EQ(ending(pair.dialer), CloseReason::closed_by_us);
  pair.pump();
  EXPECT_EQ(ending(pair.listener), CloseReason::closed_by_peer);
}

TEST(Session, BeforeItIsSecuredStreamCallsDoNothing) {
  TestPair pair;
  EXPECT_EQ(pair.dialer.open_stream(pair.now).error(), OpenError::closed);
  EXPECT_EQ(pair.dialer.write(StreamId{1}, as_bytes("x")), 0U);
  EXPECT_EQ(pair.dialer.read_state(StreamId{1}), ReadState::reset);
  pair.dialer.reset(StreamId{1});
}

// A peer made by hand, which offers other muxers in its handshake than we do.
class HandMadePeer {
 public:
  HandMadePeer(noise::Role role, std::vector<std::string> muxers)
      : negotiator_(role == noise::Role::initiator ? multistream::Negotiator::dialer({"/noise"})
                                                   : multistream::Negotiator::listener(
                                                         [](auto id) { return id == "/noise"; })),
        handshake_(host_.credentials, {.role = role, .stream_muxers = std::move(muxers)},
                   host_.entropy) {}

  void upgrade(Session& session) {
    for (int i = 0; i < 4; ++i) {
      carry_in(session);
      Bytes buffer(4096);
      for (std::size_t size; (size = negotiator_.poll_transmit(buffer)) > 0;)
        session.receive(at(0), BytesView{buffer}.first(size));
      if (negotiator_.selected().empty()) continue;
      for (std::size_t size; (size = handshake_.poll_transmit(buffer)) > 0;)
        session.receive(at(0), BytesView{buffer}.first(size));
    }
    if (handshake_.done()) outcome_.emplace(handshake_.take());
    carry_in(session);
  }
  void send(Session& session, std::string_view text) {
    Bytes frame;
    Writer{frame}.u16_be(static_cast<std::uint16_t>(text.size() + noise::tag_size));
    frame.resize(2 + text.size() + noise::tag_size);
    outcome_->send.seal(as_bytes(text), MutableBytes{frame}.subspan(2));
    session.receive(at(0), frame);
  }
  std::string received(Session& session) {
    carry_in(session);
    std::string text;
    while (rest_.size() > 2) {
      const std::size_t size = *Reader{rest_}.u16_be();
      Bytes plain(size - noise::tag_size);
      EXPECT_TRUE(outcome_->receive.open(BytesView{rest_}.subspan(2, size), plain));
      text += as_text(plain);
      rest_.erase(rest_.begin(), rest_.begin() + 2 + static_cast<std::ptrdiff_t>(size));
    }
    return text;
  }

 private:
  void carry_in(Session& session) {
    Bytes buffer(4096);
    while (const std::size_t size = session.poll_transmit(buffer))
      append(rest_, BytesView{buffer}.first(size));
    std::size_t used = *negotiator_.receive(rest_);
    if (!negotiator_.selected().empty() && !outcome_)
      used += *handshake_.receive(BytesView{rest_}.subspan(used));
    rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(used));
  }

  TestHost host_{9};
  multistream::Negotiator negotiator_;
  noise::Handshake handshake_;
  std::optional<noise::Handshake::Outcome> outcome_;
  Bytes rest_;
};

const std::string header = "\x13/multistream/1.0.0\n";
const std::string yamux = "\x0d/yamux/1.0.0\n";

TEST(Session, NegotiatesTheMuxerInsideWithAListenerThatOffersNoneEarly) {
  TestHost host{1};
  MemoryBudget budget{unbounded};
  Session session{{.role = Role::initiator, .credentials = host.credentials, .budget = budget},
                  host.entropy,
                  at(0)};
  HandMadePeer peer{noise::Role::responder, {}};
  peer.upgrade(session);
  EXPECT_EQ(peer.received(session), header + yamux);
  EXPECT_FALSE(session.secured());
  peer.send(session, header + yamux);
  EXPECT_TRUE(session.secured());
  EXPECT_EQ(only<Secured>(TestPair::events(session)).size(), 1U);
}

TEST(Session, NegotiatesTheMuxerInsideWithADialerThatOffersNoneEarly) {
  TestHost host{1};
  MemoryBudget budget{unbounded};
  Session session{{.role = Role::responder, .credentials = host.credentials, .budget = budget},
                  host.entropy,
                  at(0)};
  HandMadePeer peer{noise::Role::initiator, {}};
  peer.upgrade(session);
  peer.send(session, header + "\x0d/mplex/6.7.0\n");
  EXPECT_EQ(peer.received(session), header + "\x03na\n");
  peer.send(session, yamux + std::string{"\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00\x00\x07", 12});
  EXPECT_TRUE(session.secured());
  EXPECT_EQ(peer.received(session).substr(0, yamux.size()), yamux);
}

TEST(Session, RefusesAPeerWithoutYamux) {
  TestHost host{1};
  MemoryBudget budget{unbounded};
  Session session{{.role = Role::responder, .credentials = host.credentials, .budget = budget},
                  host.entropy,
                  at(0)};
  HandMadePeer peer{noise::Role::initiator, {"/mplex/6.7.0"}};
  peer.upgrade(session);
  EXPECT_EQ(ending(session), CloseReason::no_common_protocol);
}

TEST(Session, AnIdleConnectionCostsLessThan16KiB) {
  const auto allocated = [] { return mallinfo2().uordblks; };
  constexpr std::size_t pairs = 50;
  std::vector<std::unique_ptr<TestPair>> all;
  all.reserve(pairs);
  (void)TestPair{};  // what the libraries allocate once
  const std::size_t before = allocated();
  if (before == 0) GTEST_SKIP() << "an allocator that doesn't count";
  for (std::size_t i = 0; i < pairs; ++i) {
    auto& pair = *all.emplace_back(std::make_unique<TestPair>());
    pair.secure();
    // Not only fresh: a stream came and went.
    const StreamId id = *pair.dialer.open_stream(pair.now);
    (void)pair.dialer.write(id, Bytes(100'000));
    pair.pump();
    pair.dialer.reset(id);
    pair.pump();
    pair.listener.release(id);
    TestPair::events(pair.dialer);
    TestPair::events(pair.listener);
  }
  const std::size_t each = (allocated() - before) / (2 * pairs);
  RecordProperty("bytes_per_idle_connection", static_cast<int>(each));
  EXPECT_LT(each, 16 * 1024U);
}

// OpenSSL's Poly1305 takes other lengths a third slower.
TEST(Session, FillsBulkFramesToAMultipleOf128Bytes) {
  TestPair pair;
  pair.secure();
  const StreamId id = *pair.dialer.open_stream(pair.now);
  const Bytes data(200'000, std::byte{42});
  ASSERT_EQ(pair.dialer.write(id, data), data.size());
  Bytes wire(256 * 1024);
  const std::size_t size = pair.dialer.poll_transmit(wire);
  std::vector<std::size_t> plaintexts;
  for (BytesView rest = BytesView{wire}.first(size); !rest.empty();) {
    const std::size_t frame = *Reader{rest}.u16_be();
    plaintexts.push_back(frame - noise::tag_size);
    rest = rest.subspan(noise::length_size + frame);
  }
  ASSERT_EQ(plaintexts.size(), 4U);
  for (const std::size_t full : {plaintexts[0], plaintexts[1], plaintexts[2]}) {
    EXPECT_EQ(full % 128, 0U);
    EXPECT_GT(full, noise::max_plaintext - 128);
  }
}

}  // namespace
}  // namespace hearth::session
