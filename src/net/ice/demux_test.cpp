#include <gtest/gtest.h>

#include <hearth/ice/demux.h>
#include <hearth/ice/network_for_test.h>

namespace hearth::ice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view v1 = "libp2p+webrtc+v1/qIa2XYnVvRxQs7HGmKDe1Zr2";
constexpr std::string_view v2 = "libp2p+webrtc+v2/gNDac28JVDBb0FGqwQJbEt9K";

Bytes dtls() {
  return *from_hex("16fefd0000000000000000");
}

class DemuxTest : public ::testing::Test {
 protected:
  Bytes check(std::string_view ufrag, std::string_view password) {
    Bytes out(600);
    stun::MessageWriter writer{out, stun::Class::request,
                               stun::TransactionId{entropy_.array<12>()}};
    writer.username(ufrag, "PxUK").priority(1845494271).ice_controlling(1).use_candidate();
    writer.integrity(as_bytes(password)).fingerprint();
    out.resize(*writer.finish());
    return out;
  }
  std::string direct_ufrag(int n) { return std::string{v1} + std::to_string(n); }
  Bytes first_check(int n) { return check(direct_ufrag(n), direct_ufrag(n)); }

  // Routes a copy whose life ends here, so a result that borrows is looked at inside.
  Route route(const Endpoint& from, const Bytes& bytes) { return demux_.route(now_, from, bytes); }
  DropReason dropped(const Endpoint& from, const Bytes& bytes) {
    const Route result = route(from, bytes);
    EXPECT_TRUE(std::holds_alternative<Drop>(result));
    return std::holds_alternative<Drop>(result) ? std::get<Drop>(result).why : DropReason{};
  }
  std::optional<Admit> admitted(const Endpoint& from, const Bytes& bytes) {
    const Route result = route(from, bytes);
    if (const auto* admit = std::get_if<Admit>(&result)) return *admit;
    return std::nullopt;
  }

  SeededEntropy entropy_{3};
  Instant now_{seconds{100}};
  Demux demux_{{}, entropy_};
  const Endpoint browser_ = ep("203.0.113.5:50000");
};

TEST_F(DemuxTest, ClassifiesByTheFirstByte) {  // RFC 7983 §7
  for (int first = 0; first < 256; ++first) {
    const Bytes datagram{static_cast<std::byte>(first)};
    const PacketKind expected = first <= 3                   ? PacketKind::stun
                                : first >= 20 && first <= 63 ? PacketKind::dtls
                                                             : PacketKind::other;
    EXPECT_EQ(classify(datagram), expected) << first;
  }
  EXPECT_EQ(classify({}), PacketKind::other);
}

TEST_F(DemuxTest, SendsChecksByUfragResponsesByTagAndDtlsByEndpoint) {
  const auto one = demux_.add("ufragone");
  const auto two = demux_.add("ufragtwo");
  ASSERT_TRUE(one && two);
  const Route first_route = route(browser_, check("ufragtwo", "any"));
  const auto* by_ufrag = std::get_if<ToSession>(&first_route);
  ASSERT_TRUE(by_ufrag);
  EXPECT_EQ(by_ufrag->session, *two);
  EXPECT_EQ(by_ufrag->kind, PacketKind::stun);

  Bytes answer(100);
  const auto size =
      stun::MessageWriter{answer, stun::Class::success, make_transaction(*one, entropy_)}
          .xor_mapped_address(browser_)
          .finish();
  answer.resize(*size);
  EXPECT_EQ(std::get<ToSession>(route(ep("192.0.2.1:3478"), answer)).session, *one);

  EXPECT_EQ(dropped(browser_, dtls()), DropReason::unknown_endpoint);
  EXPECT_TRUE(demux_.bind(*two, browser_));
  const Route bound = route(browser_, dtls());
  EXPECT_EQ(std::get<ToSession>(bound).session, *two);
  EXPECT_EQ(std::get<ToSession>(bound).kind, PacketKind::dtls);

  demux_.remove(*two);
  EXPECT_EQ(dropped(browser_, dtls()), DropReason::unknown_endpoint);
  EXPECT_EQ(dropped(browser_, check("ufragtwo", "any")), DropReason::unknown_session);
  demux_.remove(*one);
  EXPECT_EQ(demux_.table_size(), 0U);
}

TEST_F(DemuxTest, AdmitsWebrtcDirectDialersOfBothVersions) {
  const Bytes first = check(v1, v1);
  const auto one = admitted(browser_, first);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->version, DirectVersion::v1);
  EXPECT_EQ(one->ufrag, v1);
  EXPECT_EQ(one->remote_ufrag, "PxUK");
  EXPECT_FALSE(one->evicted);
  const Bytes second = check(v2, v2);
  const auto two = admitted(browser_, second);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->version, DirectVersion::v2);
  // The next check of the same dialer goes to its session.
  EXPECT_EQ(std::get<ToSession>(route(browser_, check(v1, v1))).session, one->session);
}

TEST_F(DemuxTest, AdmittedDialerMeetsItsLiteAgent) {
  const Bytes first = check(v2, v2);
  const auto admit = admitted(browser_, first);
  ASSERT_TRUE(admit);
  const std::string ufrag{admit->ufrag};
  Agent agent{{.tag = admit->session, .mode = Mode::lite, .local = {ufrag, ufrag}}, entropy_, now_};
  EXPECT_EQ(agent.receive(now_, browser_, ep("198.51.100.1:4001"), first), Received::check);
  ASSERT_TRUE(agent.selected());
  EXPECT_EQ(agent.selected()->remote, browser_);
}

TEST_F(DemuxTest, KeepsNothingForStrangersWhoProveNothing) {
  EXPECT_EQ(dropped(browser_, check(v1, "another password")), DropReason::unauthenticated);
  EXPECT_EQ(dropped(browser_, check("libp2p+webrtc+v3/0123456789abcdef", "x")),
            DropReason::unknown_session);
  EXPECT_EQ(dropped(browser_, check("libp2p+webrtc+v1/abc", "libp2p+webrtc+v1/abc")),
            DropReason::unknown_session);
  EXPECT_EQ(dropped(browser_, check("unknown", "unknown")), DropReason::unknown_session);
  EXPECT_EQ(dropped(browser_, to_bytes("GET / HTTP/1.1")), DropReason::unknown_kind);
  EXPECT_EQ(dropped(browser_, Bytes(40)), DropReason::malformed);
  EXPECT_EQ(dropped(browser_, dtls()), DropReason::unknown_endpoint);
  EXPECT_EQ(dropped(browser_, {}), DropReason::unknown_kind);
  EXPECT_EQ(demux_.table_size(), 0U);
}

TEST_F(DemuxTest, LimitsAdmissionsPerPrefixAndInAll) {
  int count = 0;
  for (int i = 0; i < 100; ++i)
    count += admitted(ep("203.0.113." + std::to_string(i) + ":1"), first_check(i)) ? 1 : 0;
  EXPECT_EQ(count, 16);
  for (int i = 0; i < 1000; ++i)
    count += admitted({IpAddress::v4({10, 0, static_cast<std::uint8_t>(i % 250), 1}), 1},
                      first_check(1000 + i))
                 ? 1
                 : 0;
  EXPECT_EQ(count, 200);
  EXPECT_EQ(demux_.sessions(), 128U);
  now_ += seconds{1};
  EXPECT_TRUE(admitted(browser_, first_check(5000)));
  for (int i = 0; i < 1000; ++i)  // nobody forges those
    EXPECT_TRUE(admitted(ep("127.0.0.1:" + std::to_string(i + 1)), first_check(10'000 + i)));
}

TEST_F(DemuxTest, GivesTheOldestUnconfirmedPlaceToTheNewestAndNoConfirmedOne) {
  demux_ = Demux{{.max_sessions = 4, .max_unconfirmed = 2}, entropy_};
  const auto first = admitted(browser_, first_check(1));
  demux_.confirm(first->session);
  const auto second = admitted(browser_, first_check(2));
  const auto third = admitted(browser_, first_check(3));
  EXPECT_FALSE(third->evicted);
  EXPECT_EQ(admitted(browser_, first_check(4))->evicted, second->session);
  EXPECT_EQ(demux_.sessions(), 3U);
  EXPECT_EQ(demux_.unconfirmed(), 2U);
  ASSERT_TRUE(demux_.add("ours"));
  EXPECT_FALSE(demux_.add("more"));
  const auto last = admitted(browser_, first_check(5));
  EXPECT_EQ(last->evicted, third->session);
  EXPECT_EQ(demux_.sessions(), 4U);
}

TEST_F(DemuxTest, IsFullWhenAllSessionsAreConfirmed) {
  demux_ = Demux{{.max_sessions = 1}, entropy_};
  ASSERT_TRUE(demux_.add("ours"));
  EXPECT_EQ(dropped(browser_, first_check(1)), DropReason::full);
}

TEST_F(DemuxTest, AStrangersClaimDivertsNoConfirmedSession) {
  const auto standing = demux_.add("ours");
  ASSERT_TRUE(demux_.bind(*standing, browser_));
  const auto stranger = admitted(browser_, first_check(1));  // a forged source
  EXPECT_FALSE(demux_.bind(stranger->session, browser_));
  EXPECT_EQ(std::get<ToSession>(route(browser_, dtls())).session, *standing);
  const auto newer =
      demux_.add("newer");  // from signaling: the peer began again from the same port
  EXPECT_TRUE(demux_.bind(*newer, browser_));
  EXPECT_EQ(std::get<ToSession>(route(browser_, dtls())).session, *newer);
  demux_.remove(*standing);
  EXPECT_EQ(std::get<ToSession>(route(browser_, dtls())).session, *newer);
}

TEST_F(DemuxTest, BoundsTheEndpointsOfASession) {
  const auto session = demux_.add("ours");
  for (int i = 1; i <= 100; ++i) demux_.bind(*session, ep("203.0.113.5:" + std::to_string(i)));
  EXPECT_EQ(demux_.table_size(), 2 + Demux::max_endpoints_per_session);
  EXPECT_EQ(dropped(ep("203.0.113.5:92"), dtls()), DropReason::unknown_endpoint);
  EXPECT_TRUE(std::holds_alternative<ToSession>(route(ep("203.0.113.5:93"), dtls())));
}

TEST_F(DemuxTest, GivesRequestsWithoutUsernameToTheStunServerWhereThereIsOne) {
  const Bytes bare = *from_hex("000100002112a442b7e7a701bc34d686fa87dfae");
  EXPECT_EQ(dropped(browser_, bare), DropReason::unknown_session);
  demux_ = Demux{{.stun_server = true}, entropy_};
  EXPECT_TRUE(std::holds_alternative<ToStunServer>(route(browser_, bare)));
}

}  // namespace
}  // namespace hearth::ice
