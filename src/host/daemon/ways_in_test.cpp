#include <gtest/gtest.h>

#include <hearth/daemon/ways_in.h>

namespace hearth::daemon {
namespace {

using codec::Multiaddr;
using membership::FlockState;

const std::string flock_id = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2";

class Ways : public ::testing::Test {
 protected:
  static Multiaddr at(const std::string& text) { return *Multiaddr::parse(text); }
  static Multiaddr flock(const std::string& ip, const std::string& port = "4001") {
    return at(ip + "/tcp/" + port + "/p2p/" + flock_id);
  }
  void joined(const Multiaddr& address, FlockState state = FlockState::joined,
              std::vector<Multiaddr> others = {}) {
    ways_.flocks.push_back({.address = address,
                            .state = state,
                            .name = {},
                            .since = {},
                            .error = {},
                            .others = std::move(others)});
  }
  [[nodiscard]] std::string self() const { return "/p2p/" + ways_.self.to_string(); }

  WaysIn ways_{.self = *peer::PeerId::parse("12D3KooWBoJbBUAFvQ3jdT2MR22nNt44X8GJ671G3T3d4fvrueyr"),
               .direct = {},
               .embedded = {},
               .embedded_shell = {},
               .flocks = {}};
};

TEST_F(Ways, WithoutAnyOnlyItsOwnIdIsNamed) {
  EXPECT_FALSE(link_flock(ways_));
  const auto all = addresses(ways_);
  EXPECT_FALSE(all.flock);
  EXPECT_FALSE(all.shell);
  EXPECT_EQ(all.own, std::vector<std::string>{self()});
}

TEST_F(Ways, LinksNameTheFirstFlockThatIsJoinedForBrowsers) {
  joined(flock("/ip4/203.0.113.1"), FlockState::unreachable);
  joined(flock("/ip4/203.0.113.2"));
  joined(flock("/ip4/203.0.113.3"));
  const auto all = addresses(ways_);
  EXPECT_EQ(all.flock, "/ip4/203.0.113.2/tcp/4001/ws/p2p/" + flock_id);
  EXPECT_EQ(all.flocks.size(), 3U);
}

TEST_F(Ways, WhatSpeaksWebSocketAlreadyStaysAsItIs) {
  const std::string secure = "/dns4/flock.example/tcp/443/tls/ws/p2p/" + flock_id;
  joined(at(secure));
  EXPECT_EQ(addresses(ways_).flock, secure);
}

TEST_F(Ways, TheEmbeddedFlockIsNamedByWhatOthersReach) {
  ways_.embedded = {flock("/ip4/127.0.0.1"), flock("/ip4/192.0.2.7"), flock("/ip6/2001:db8::7")};
  ways_.embedded_shell = "http://hearth.localhost:4001";
  joined(flock("/ip4/203.0.113.2"));
  const auto through = link_flock(ways_);
  ASSERT_TRUE(through);
  EXPECT_EQ(through->address.to_string(), "/ip4/192.0.2.7/tcp/4001/ws/p2p/" + flock_id);
  // The other family, on the same port, for who has that alone.
  EXPECT_EQ(addresses(ways_).own, (std::vector<std::string>{self(), "/ip6/2001:db8::7/tcp/4001"}));
  EXPECT_EQ(addresses(ways_).shell, "http://hearth.localhost:4001");
}

TEST_F(Ways, AloneOnAMachineTheLoopbackAddressIsBetterThanNone) {
  ways_.embedded = {flock("/ip4/127.0.0.1")};
  EXPECT_EQ(link_flock(ways_)->address.to_string(), "/ip4/127.0.0.1/tcp/4001/ws/p2p/" + flock_id);
}

TEST_F(Ways, OfTheBoxItselfOneAddressOfEachFamily) {
  const auto way = [](const std::string& ip) { return at(ip + "/udp/4420/webrtc-direct"); };
  ways_.direct = {way("/ip6/::1"), way("/ip6/2001:db8::1"), way("/ip6/2001:db8::2"),
                  way("/ip4/192.0.2.1"), way("/ip4/127.0.0.1")};
  EXPECT_EQ(addresses(ways_).own,
            (std::vector<std::string>{"/ip6/2001:db8::1/udp/4420/webrtc-direct" + self(),
                                      "/ip4/192.0.2.1/udp/4420/webrtc-direct" + self()}));
  ways_.direct.resize(3);
  EXPECT_EQ(addresses(ways_).own.size(), 2U);
}

TEST_F(Ways, TheLinkForTheOwnerHasAllOfIt) {
  joined(flock("/ip4/203.0.113.2"), FlockState::joined, {at("/ip6/2001:db8::2/tcp/4001")});
  const auto code = *identity::SetupCode::parse("7K3M-9QWT");
  const auto link = setup_link(ways_, identity::RootId{*ways_.self.ed25519()}, code);
  EXPECT_EQ(link.kind, identity::LinkKind::setup);
  EXPECT_EQ(link.flock, at(*addresses(ways_).flock));
  EXPECT_EQ(link.addresses, (std::vector<Multiaddr>{at(self()), at("/ip6/2001:db8::2/tcp/4001")}));
  EXPECT_EQ(link.secret, to_bytes(code.bytes()));
}

}  // namespace
}  // namespace hearth::daemon
