#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/crypto/ed25519.h>
#include <hearth/webrtc/connection.h>
#include <hearth/webrtc/world_for_test.h>

namespace hearth::webrtc {
namespace {

using namespace std::chrono_literals;

struct Identity {
  explicit Identity(std::uint64_t seed)
      : entropy(seed),
        key(crypto::Ed25519PrivateKey::generate(entropy)),
        credentials(key, entropy),
        id(peer::PeerId::from_public_key(key.public_key())),
        certificate(test_certificate(seed)) {}
  TestEntropy entropy;
  crypto::Ed25519PrivateKey key;
  noise::Credentials credentials;
  peer::PeerId id;
  dtls::Certificate certificate;
};

struct Side {
  Identity identity;
  Endpoint address;
  std::unique_ptr<Connection> connection;
  std::vector<Event> events;
  std::map<StreamId, Bytes> received;
  std::vector<StreamId> opened;
  bool reads = true;

  Side(std::uint64_t seed, const char* at) : identity(seed), address(*Endpoint::parse(at)) {}

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Event& e : events)
      if (const auto* one = std::get_if<T>(&e)) found.push_back(*one);
    return found;
  }
  std::optional<CloseReason> closed() const {
    const auto ends = all<Closed>();
    if (ends.empty()) return std::nullopt;
    return ends.front().why;
  }
  void drain() {
    if (!connection) return;
    while (const auto event = connection->poll_event()) {
      events.push_back(*event);
      if (const auto* stream = std::get_if<StreamOpened>(&*event)) opened.push_back(stream->id);
      if (const auto* stream = std::get_if<Readable>(&*event)) received[stream->id];
    }
    if (!reads) return;
    std::array<std::byte, 8192> buffer;
    for (auto& [id, bytes] : received)
      while (const std::size_t count = connection->read(id, buffer))
        append(bytes, BytesView{buffer}.first(count));
  }
};

class Pair {
 public:
  explicit Pair(Duration delay = 5ms) : world(delay) {
    for (Side* side : {&client, &server})
      world.nodes.push_back(
          {.address = side->address,
           .receive =
               [side](Instant now, const Endpoint& from, const Endpoint& local, BytesView bytes) {
                 if (side->connection) (void)side->connection->receive(now, from, local, bytes);
               },
           .advance =
               [side](Instant now) {
                 if (side->connection) side->connection->advance(now);
               },
           .poll_transmit = [side](MutableBytes out) -> std::optional<ice::Transmit> {
             if (!side->connection) return std::nullopt;
             return side->connection->poll_transmit(out);
           },
           .deadline = [side]() -> std::optional<Instant> {
             if (!side->connection) return std::nullopt;
             return side->connection->deadline();
           },
           .drain = [side] { side->drain(); }});
  }

  /// The server's connection is made when the first check comes, as a driver does.
  void connect_direct(std::optional<peer::PeerId> expected = std::nullopt,
                      std::optional<Fingerprint> certhash = std::nullopt) {
    client.connection = std::make_unique<Connection>(
        Options{.certificate = client.identity.certificate,
                .mode = DirectClient{client.identity.credentials, server.address,
                                     certhash.value_or(server.identity.certificate.fingerprint()),
                                     expected},
                .ice = {.local = direct_credentials(client.identity.entropy),
                        .bases = {client.address}}},
        client.identity.entropy, world.now());
    const std::string text = client.connection->local_description().ice_ufrag;
    server.connection = std::make_unique<Connection>(
        Options{.certificate = server.identity.certificate,
                .mode = DirectServer{server.identity.credentials},
                .ice = {.mode = ice::Mode::lite, .local = {text, text}}},
        server.identity.entropy, world.now());
  }
  void connect_signaled(std::optional<Fingerprint> offered = std::nullopt) {
    const auto make = [&](Side& side, const Side& other, ice::Role role) {
      side.connection = std::make_unique<Connection>(
          Options{.certificate = side.identity.certificate,
                  .mode = Signaled{other.identity.id},
                  .ice = {.role = role,
                          .local = ice::Credentials::generate(side.identity.entropy),
                          .bases = {side.address}}},
          side.identity.entropy, world.now());
    };
    make(client, server, ice::Role::controlling);
    make(server, client, ice::Role::controlled);
    sdp::Description offer = client.connection->local_description();
    EXPECT_EQ(offer.setup, sdp::Setup::actpass);
    if (offered) offer.fingerprint = offered->digest;
    ASSERT_TRUE(server.connection->set_remote_description(world.now(), offer));
    const sdp::Description answer = server.connection->local_description();
    EXPECT_EQ(answer.setup, sdp::Setup::passive);
    ASSERT_TRUE(client.connection->set_remote_description(world.now(), answer));
    // Candidates trickle.
    world.pump();
    for (const auto& one : client.all<LocalCandidate>())
      server.connection->add_remote_candidate(world.now(), one.candidate);
    for (const auto& one : server.all<LocalCandidate>())
      client.connection->add_remote_candidate(world.now(), one.candidate);
  }
  bool secured() {
    return world.run_until(
        [&] { return !client.all<Secured>().empty() && !server.all<Secured>().empty(); }, 20s);
  }
  /// Writes all of it, waiting as a driver would.
  void write_all(Side& from, StreamId id, BytesView bytes) {
    for (int round = 0; round < 100'000 && !bytes.empty(); ++round) {
      bytes = bytes.subspan(from.connection->write(id, bytes));
      if (!bytes.empty()) world.run(5ms);
    }
    EXPECT_TRUE(bytes.empty());
  }

  TestWorld world;
  Side client{1, "10.0.0.1:1000"};
  Side server{2, "10.0.0.2:2000"};
};

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

TEST(WebRtcDirect, BothSidesLearnWhoTheOtherIs) {
  Pair pair;
  pair.connect_direct(pair.server.identity.id);
  ASSERT_TRUE(pair.secured());
  EXPECT_EQ(pair.client.all<Secured>()[0].peer, pair.server.identity.id);
  EXPECT_EQ(pair.server.all<Secured>()[0].peer, pair.client.identity.id);
}

TEST(WebRtcDirect, RefusesAnotherPeerThanTheAddressNames) {
  Pair pair;
  pair.connect_direct(pair.client.identity.id);
  pair.world.run(5s);
  EXPECT_EQ(pair.client.closed(), CloseReason::handshake_failed);
  EXPECT_TRUE(pair.client.all<Secured>().empty());
  EXPECT_EQ(pair.server.closed(), CloseReason::closed_by_peer);
}

TEST(WebRtcDirect, RefusesAnotherCertificateThanTheCerthash) {
  Pair pair;
  pair.connect_direct(std::nullopt, test_certificate(9).fingerprint());
  pair.world.run(5s);
  EXPECT_EQ(pair.client.closed(), CloseReason::fingerprint_mismatch);
  EXPECT_TRUE(pair.server.all<Secured>().empty());
}

TEST(WebRtc, TwoFullAgentsMeetBySignaling) {
  Pair pair;
  pair.connect_signaled();
  ASSERT_TRUE(pair.secured());
  EXPECT_EQ(pair.client.all<Secured>()[0].peer, pair.server.identity.id);
  EXPECT_EQ(pair.server.all<Secured>()[0].peer, pair.client.identity.id);
}

TEST(WebRtc, AWrongFingerprintInTheOfferEndsTheHandshake) {
  Pair pair;
  pair.connect_signaled(test_certificate(9).fingerprint());
  pair.world.run(5s);
  EXPECT_EQ(pair.server.closed(), CloseReason::fingerprint_mismatch);
  EXPECT_TRUE(pair.server.all<Secured>().empty());
  EXPECT_TRUE(pair.client.all<Secured>().empty());
  EXPECT_TRUE(pair.client.closed());
}

TEST(WebRtc, SurvivesLossOfATenthOfAllDatagrams) {
  Pair pair;
  TestEntropy dice{4};
  pair.world.lose = [&] { return dice.next() >> 32 < 429496729; };
  pair.connect_signaled();
  ASSERT_TRUE(pair.secured());
  const StreamId id = *pair.client.connection->open_stream(pair.world.now());
  const Bytes sent = pattern(100'000);
  pair.write_all(pair.client, id, sent);
  ASSERT_TRUE(pair.world.run_until(
      [&] {
        return pair.server.received.size() == 1 &&
               pair.server.received.begin()->second.size() == sent.size();
      },
      600s));
  EXPECT_EQ(pair.server.received.begin()->second, sent);
}

TEST(Streams, CarryMegabytesBothWaysAndEndInOrder) {
  Pair pair;
  pair.connect_direct();
  ASSERT_TRUE(pair.secured());
  Side& a = pair.client;
  Side& b = pair.server;
  const StreamId id = *a.connection->open_stream(pair.world.now());
  const Bytes up = pattern(3'000'000);
  const Bytes down = pattern(2'000'001);
  pair.write_all(a, id, up);
  a.connection->close_write(id);
  ASSERT_TRUE(pair.world.run_until([&] { return !b.all<StreamFinished>().empty(); }, 120s));
  ASSERT_EQ(b.opened.size(), 1u);
  const StreamId there = b.opened[0];
  EXPECT_EQ(b.received[there], up);
  EXPECT_EQ(b.connection->read_state(there), ReadState::finished);
  pair.write_all(b, there, down);
  b.connection->close_write(there);
  ASSERT_TRUE(pair.world.run_until([&] { return !a.all<StreamFinished>().empty(); }, 120s));
  EXPECT_EQ(a.received[id], down);
  EXPECT_EQ(a.connection->read_state(id), ReadState::finished);
  a.connection->release(id);
  b.connection->release(there);
  pair.world.run(2s);
  EXPECT_EQ(a.connection->streams(), 0u);
  EXPECT_EQ(b.connection->streams(), 0u);
  EXPECT_TRUE(a.all<StreamReset>().empty());
  EXPECT_TRUE(b.all<StreamReset>().empty());
}

TEST(Streams, AResetReachesThePeerEvenWhenTheBufferIsFull) {
  Pair pair;
  pair.connect_direct();
  ASSERT_TRUE(pair.secured());
  const StreamId id = *pair.client.connection->open_stream(pair.world.now());
  const Bytes much = pattern(4'000'000);
  EXPECT_LT(pair.client.connection->write(id, much), much.size());
  pair.client.connection->reset(id);
  ASSERT_TRUE(pair.world.run_until([&] { return !pair.server.all<StreamReset>().empty(); }, 60s));
  EXPECT_TRUE(pair.server.all<StreamFinished>().empty());
  EXPECT_EQ(pair.server.connection->read_state(pair.server.opened[0]), ReadState::reset);
}

TEST(Streams, AReaderThatStopsStopsTheWriter) {
  Pair pair;
  pair.connect_direct();
  ASSERT_TRUE(pair.secured());
  pair.server.reads = false;
  const StreamId id = *pair.client.connection->open_stream(pair.world.now());
  const Bytes piece = pattern(100'000);
  std::size_t written = 0;
  for (int round = 0; round < 500; ++round) {
    written += pair.client.connection->write(id, piece);
    pair.world.run(5ms);
  }
  EXPECT_LT(written, std::size_t{6} << 20);
  pair.server.reads = true;
  ASSERT_TRUE(pair.world.run_until(
      [&] {
        const auto found = pair.server.received.begin();
        return found != pair.server.received.end() && found->second.size() == written;
      },
      60s));
  pair.world.run(100ms);  // what was read last is still to be acknowledged
  EXPECT_FALSE(pair.client.all<Writable>().empty());
}

TEST(Streams, TwoThousandInTurnLeaveNothingBehind) {
  Pair pair;
  pair.connect_signaled();
  ASSERT_TRUE(pair.secured());
  for (int round = 0; round < 40; ++round) {
    std::vector<StreamId> ids;
    for (int i = 0; i < 50; ++i) {
      const auto id = pair.client.connection->open_stream(pair.world.now());
      ASSERT_TRUE(id);
      EXPECT_EQ(pair.client.connection->write(*id, as_bytes("ask")), 3u);
      pair.client.connection->close_write(*id);
      ids.push_back(*id);
    }
    const std::size_t expected = static_cast<std::size_t>(round + 1) * 50;
    ASSERT_TRUE(pair.world.run_until(
        [&] { return pair.server.all<StreamFinished>().size() == expected; }, 30s));
    for (const StreamId id : pair.server.opened) {
      pair.server.connection->close_write(id);
      pair.server.connection->release(id);
    }
    pair.server.opened.clear();
    ASSERT_TRUE(pair.world.run_until(
        [&] { return pair.client.all<StreamFinished>().size() == expected; }, 30s));
    for (const StreamId id : ids) pair.client.connection->release(id);
    pair.world.run(1s);
  }
  EXPECT_EQ(pair.client.connection->streams(), 0u);
  EXPECT_EQ(pair.server.connection->streams(), 0u);
  EXPECT_TRUE(pair.client.all<StreamReset>().empty());
}

TEST(WebRtc, CloseReachesThePeerAndResetsStreams) {
  Pair pair;
  pair.connect_direct();
  ASSERT_TRUE(pair.secured());
  const StreamId id = *pair.client.connection->open_stream(pair.world.now());
  EXPECT_EQ(pair.client.connection->write(id, as_bytes("x")), 1u);
  ASSERT_TRUE(pair.world.run_until([&] { return !pair.server.opened.empty(); }, 1s));
  pair.client.connection->close(pair.world.now());
  ASSERT_TRUE(pair.world.run_until([&] { return pair.server.closed().has_value(); }, 1s));
  EXPECT_EQ(pair.server.closed(), CloseReason::closed_by_peer);
  EXPECT_EQ(pair.client.closed(), CloseReason::closed_here);
  EXPECT_EQ(pair.server.all<StreamReset>().size(), 1u);
  EXPECT_FALSE(pair.server.connection->deadline());
  EXPECT_FALSE(pair.client.connection->deadline());
}

TEST(WebRtc, NoticesWithinFortySecondsThatThePeerIsGone) {
  Pair pair;
  pair.connect_signaled();
  ASSERT_TRUE(pair.secured());
  pair.world.lose = [] { return true; };
  pair.world.run(40s);
  EXPECT_EQ(pair.client.closed(), CloseReason::lost);
  EXPECT_EQ(pair.server.closed(), CloseReason::lost);
}

}  // namespace
}  // namespace hearth::webrtc
