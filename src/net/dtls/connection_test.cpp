#include <array>
#include <deque>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/dtls/connection.h>

namespace hearth::dtls {
namespace {

using namespace std::chrono_literals;

Certificate certificate(std::uint8_t seed) {
  SeededEntropy entropy{seed};
  return Certificate::create(entropy, Timestamp::from_seconds(1'750'000'000));
}

struct Side {
  Connection connection;
  std::vector<Event> events;
  std::vector<Bytes> data;
  std::size_t sent = 0;

  std::optional<Fingerprint> peer() const {
    for (const Event& e : events)
      if (const auto* connected = std::get_if<Connected>(&e)) return connected->peer;
    return std::nullopt;
  }
  std::optional<CloseReason> closed() const {
    for (const Event& e : events)
      if (const auto* end = std::get_if<Closed>(&e)) return end->why;
    return std::nullopt;
  }
};

/// Two connections and a network with a fixed delay; `drop(direction, number)` loses datagrams.
class World {
 public:
  World(const Certificate& client, const Certificate& server, Options for_client,
        Options for_server)
      : sides_{Side{Connection{client, with(for_client, Role::client), now_}, {}, {}},
               Side{Connection{server, with(for_server, Role::server), now_}, {}, {}}} {}

  std::function<void(std::size_t from, BytesView datagram)> sent = [](auto, auto) {};
  std::size_t first_size = 0;  // of the client's first datagram
  std::function<bool(std::size_t from, std::size_t number)> drop = [](auto, auto) { return false; };

  Side& client() { return sides_[0]; }
  Side& server() { return sides_[1]; }
  Duration elapsed() const { return now_.time_since_epoch(); }

  void drain() {
    std::array<std::byte, 2048> buffer;
    for (std::size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      while (const auto size = side.connection.poll_data(buffer))
        side.data.push_back(to_bytes(BytesView{buffer}.first(*size)));
      while (const auto size = side.connection.poll_transmit(buffer))
        send(i, BytesView{buffer}.first(*size));
      while (const auto event = side.connection.poll_event()) side.events.push_back(*event);
    }
  }
  void send(std::size_t from, BytesView datagram) {
    if (first_size == 0) first_size = datagram.size();
    sent(from, datagram);
    if (drop(from, sides_[from].sent++)) return;
    in_flight_.push_back({now_ + 10ms, 1 - from, to_bytes(datagram)});
  }
  void run(Duration at_most) {
    const Instant end = now_ + at_most;
    drain();
    while (true) {
      std::optional<Instant> next;
      if (!in_flight_.empty()) next = in_flight_.front().at;
      for (Side& side : sides_)
        if (const auto d = side.connection.deadline(); d && (!next || *d < *next)) next = d;
      if (!next || *next > end) break;
      now_ = std::max(now_, *next);
      if (!in_flight_.empty() && in_flight_.front().at <= now_) {
        const Packet packet = std::move(in_flight_.front());
        in_flight_.pop_front();
        sides_[packet.to].connection.receive(now_, packet.bytes);
      } else {
        for (Side& side : sides_) side.connection.advance(now_);
      }
      drain();
    }
    now_ = end;
  }

 private:
  struct Packet {
    Instant at;
    std::size_t to;
    Bytes bytes;
  };
  static Options with(Options options, Role role) {
    options.role = role;
    return options;
  }

  Instant now_{};
  std::deque<Packet> in_flight_;
  std::array<Side, 2> sides_;
};

TEST(Certificate, SurvivesPemWithItsFingerprint) {
  const Certificate made = certificate(1);
  const auto read = Certificate::from_pem(made.to_pem());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->fingerprint(), made.fingerprint());
}

TEST(Certificate, RefusesPemOfTwoKeys) {
  const std::string a = certificate(1).to_pem();
  const std::string b = certificate(2).to_pem();
  const auto mixed = a.substr(0, a.find("-----BEGIN CERT")) + b.substr(b.find("-----BEGIN CERT"));
  EXPECT_EQ(Certificate::from_pem(mixed).error(), CertificateError::key_mismatch);
  EXPECT_EQ(Certificate::from_pem("").error(), CertificateError::bad_pem);
  EXPECT_EQ(Certificate::from_pem(a.substr(0, a.size() / 2)).error(), CertificateError::bad_pem);
}

TEST(Fingerprint, ReadsAndWritesSdpAndMultihash) {
  const Fingerprint fingerprint = certificate(3).fingerprint();
  EXPECT_EQ(fingerprint.to_sdp().size(), 95u);
  EXPECT_EQ(Fingerprint::parse_sdp(fingerprint.to_sdp()), fingerprint);
  EXPECT_EQ(Fingerprint::from_multihash(fingerprint.multihash()), fingerprint);
  EXPECT_FALSE(Fingerprint::parse_sdp(fingerprint.to_sdp().substr(3)));
  std::string wrong = fingerprint.to_sdp();
  wrong[2] = '-';
  EXPECT_FALSE(Fingerprint::parse_sdp(wrong));
}

TEST(Connection, ConnectsBothWaysAndCarriesData) {
  const Certificate a = certificate(1);
  const Certificate b = certificate(2);
  World world{a, b, {.expected_peer = b.fingerprint()}, {.expected_peer = a.fingerprint()}};
  world.run(1s);
  EXPECT_EQ(world.client().peer(), b.fingerprint());
  EXPECT_EQ(world.server().peer(), a.fingerprint());
  std::array<std::byte, 1232> datagram;
  for (std::size_t side = 0; side < 2; ++side) {
    Connection& from = side == 0 ? world.client().connection : world.server().connection;
    const auto size = from.seal(as_bytes("hello"), datagram);
    ASSERT_TRUE(size);
    EXPECT_EQ(*size, 5 + Connection::overhead);
    world.send(side, BytesView{datagram}.first(*size));
  }
  world.run(1s);
  EXPECT_EQ(world.server().data, (std::vector<Bytes>{to_bytes("hello")}));
  EXPECT_EQ(world.client().data, (std::vector<Bytes>{to_bytes("hello")}));
}

TEST(Connection, SealRefusesMoreThanADatagram) {
  World world{certificate(1), certificate(2), {}, {}};
  std::array<std::byte, 1500> datagram;
  EXPECT_EQ(world.client().connection.seal(as_bytes("x"), datagram).error(), Error::not_connected);
  world.run(1s);
  const Bytes content(1232 - Connection::overhead + 1);
  EXPECT_EQ(world.client().connection.seal(content, datagram).error(), Error::too_large);
  EXPECT_TRUE(world.client().connection.seal(BytesView{content}.subspan(1), datagram));
}

TEST(Connection, ServerAbortsWhenTheClientsFingerprintIsWrong) {
  const Certificate promised = certificate(3);
  World world{certificate(1), certificate(2), {}, {.expected_peer = promised.fingerprint()}};
  world.run(5s);
  EXPECT_EQ(world.server().closed(), CloseReason::fingerprint_mismatch);
  EXPECT_FALSE(world.server().peer());
  EXPECT_EQ(world.client().closed(), CloseReason::alert_from_peer);
}

TEST(Connection, ClientAbortsWhenTheServersFingerprintIsWrong) {
  const Certificate promised = certificate(3);
  World world{certificate(1), certificate(2), {.expected_peer = promised.fingerprint()}, {}};
  world.run(5s);
  EXPECT_EQ(world.client().closed(), CloseReason::fingerprint_mismatch);
  EXPECT_FALSE(world.client().peer());
  EXPECT_EQ(world.server().closed(), CloseReason::alert_from_peer);
}

TEST(Connection, SurvivesTheLossOfAnyOneDatagram) {
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t lost = 0; lost < 4; ++lost) {
      World world{certificate(1), certificate(2), {}, {}};
      world.drop = [&](std::size_t from, std::size_t number) {
        return from == side && number == lost;
      };
      world.run(5s);
      EXPECT_TRUE(world.client().peer()) << side << ' ' << lost;
      EXPECT_TRUE(world.server().peer()) << side << ' ' << lost;
    }
  }
}

TEST(Connection, SurvivesTheLossOfEverySecondDatagram) {
  World world{certificate(1), certificate(2), {}, {}};
  world.drop = [](std::size_t, std::size_t number) { return number % 2 == 0; };
  world.run(19s);
  EXPECT_TRUE(world.client().peer());
  EXPECT_TRUE(world.server().peer());
}

TEST(Connection, RepeatsItsFlightWithDoublingWaitsAndGivesUpAfter20Seconds) {
  World world{certificate(1), certificate(2), {}, {}};
  std::vector<std::int64_t> times;
  world.drop = [&](std::size_t from, std::size_t) {
    if (from == 0) times.push_back(world.elapsed() / 1ms);
    return true;
  };
  world.run(30s);
  EXPECT_EQ(times, (std::vector<std::int64_t>{0, 250, 750, 1750, 3750, 7750, 11750, 15750, 19750}));
  EXPECT_EQ(world.client().closed(), CloseReason::handshake_timed_out);
  EXPECT_EQ(world.server().closed(), CloseReason::handshake_timed_out);
  EXPECT_FALSE(world.client().connection.deadline());
}

TEST(Connection, S20SendsAnUnprovedAddressLessThanCameFromIt) {
  World world{certificate(1), certificate(2), {}, {.prove_address = true}};
  std::array<std::size_t, 2> bytes{};
  world.sent = [&](std::size_t from, BytesView datagram) { bytes[from] += datagram.size(); };
  // A forged source: one ClientHello arrives, and whom we answer never asked.
  world.drop = [](std::size_t from, std::size_t number) { return from == 1 || number > 0; };
  world.run(30s);
  EXPECT_GT(bytes[1], 0u);
  EXPECT_LT(world.server().sent, 2u);
  EXPECT_LT(bytes[1], world.first_size);
}

TEST(Connection, ProvesItsAddressWhicheverDatagramIsLost) {
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t lost = 0; lost < 6; ++lost) {
      World world{certificate(1), certificate(2), {}, {.prove_address = true}};
      world.drop = [&](std::size_t from, std::size_t number) {
        return from == side && number == lost;
      };
      world.run(10s);
      EXPECT_TRUE(world.client().peer()) << side << ' ' << lost;
      EXPECT_TRUE(world.server().peer()) << side << ' ' << lost;
    }
  }
}

TEST(Connection, CloseReachesThePeer) {
  World world{certificate(1), certificate(2), {}, {}};
  world.run(1s);
  world.client().connection.close();
  world.run(1s);
  EXPECT_EQ(world.client().closed(), CloseReason::closed_here);
  EXPECT_EQ(world.server().closed(), CloseReason::closed_by_peer);
}

TEST(Connection, IgnoresRubbishBeforeAndAfterTheHandshake) {
  World world{certificate(1), certificate(2), {}, {}};
  const Bytes rubbish(100, std::byte{0x5a});
  world.server().connection.receive({}, rubbish);
  world.run(1s);
  ASSERT_TRUE(world.server().peer());
  world.server().connection.receive(Instant{} + 1s, rubbish);
  world.run(1s);
  EXPECT_FALSE(world.server().closed());
  EXPECT_TRUE(world.server().data.empty());
}

}  // namespace
}  // namespace hearth::dtls
