#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/tunnel/app_front.h>
#include <hearth/tunnel/box.h>
#include <hearth/tunnel/peer_uid.h>

namespace hearth::tunnel {
namespace {

crypto::Ed25519PrivateKey key(int seed) {
  return crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))).value();
}

codec::Multiaddr address(std::string_view text) {
  return codec::Multiaddr::parse(text).value();
}

Box box() {
  const auto flock = peer::PeerId::from_public_key(key(3).public_key());
  return {
      .name = "casa",
      .root = identity::RootId{key(1).public_key()},
      .peer = peer::PeerId::from_public_key(key(2).public_key()),
      .epoch = 4,
      .persona = "anna",
      .key = key(9),
      .flocks = {{.address = address("/dns4/flock.example/tcp/443/tls/ws").with_p2p(flock.bytes()),
                  .name = "casa"}},
      .addresses = {address("/ip4/192.0.2.7/udp/4420/webrtc-direct"),
                    address("/ip4/192.0.2.7/tcp/4420"), address("/ip6/2001:db8::7/tcp/4420")}};
}

TEST(Box, IsReadAsItWasWritten) {
  const std::string text = to_json(box());
  const auto again = parse_box(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), text);
  EXPECT_EQ(again->root, box().root);
  EXPECT_EQ(again->epoch, 4U);
  EXPECT_TRUE(equal(again->key.seed(), box().key.seed()));
}

TEST(Box, OfAnotherVersionOrDamagedIsNone) {
  const std::string text = to_json(box());
  for (const auto& [from, to] :
       {std::pair{"\"version\": 1", "\"version\": 2"},
        {"\"epoch\": 4", "\"epoch\": -4"},
        {"\"epoch\": 4", "\"epoch\": 9007199254740992"},
        {"\"name\": \"casa\",\n \"peer", "\"name\": \"../casa\",\n \"peer"},
        {"/tcp/443/tls/ws/p2p/", "/tcp/443/tls/ws/sni/"}}) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, std::string_view{from}.size(), to);
    EXPECT_FALSE(parse_box(changed)) << to;
  }
  EXPECT_FALSE(parse_box(""));
  EXPECT_FALSE(parse_box(text.substr(0, text.size() / 2)));
}

TEST(Box, IsLookedForAtItsOwnAddressesByTcpAndThenThroughItsFlocks) {
  std::vector<std::string> ways;
  for (const auto& way : box().ways()) ways.push_back(way.to_string());
  const std::string id = "/p2p/" + box().peer.to_string();
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_EQ(ways[0], "/ip4/192.0.2.7/tcp/4420" + id);  // UDP's port, and TCP's: one way
  EXPECT_EQ(ways[1], "/ip6/2001:db8::7/tcp/4420" + id);
  EXPECT_TRUE(ways[2].starts_with("/dns4/flock.example/tcp/443/tls/ws/p2p/"));
  EXPECT_TRUE(ways[2].ends_with("/p2p-circuit" + id));
}

TEST(Boxes, AreFilesThatNobodyElseReads) {
  const TemporaryDirectory temporary;
  const std::filesystem::path directory = temporary / "boxes";
  const Boxes boxes{directory};
  EXPECT_TRUE(boxes.names().empty());
  boxes.save(box());
  EXPECT_EQ(boxes.names(), std::vector<std::string>{"casa"});
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(directory).permissions(), perms::owner_all);
  EXPECT_EQ(std::filesystem::status(directory / "casa.json").permissions(),
            perms::owner_read | perms::owner_write);
  EXPECT_EQ(boxes.find("casa")->persona, "anna");
  EXPECT_FALSE(boxes.find("../boxes/casa"));
  std::ofstream{directory / "other.json"} << to_json(box());
  EXPECT_THROW((void)boxes.find("other"), std::runtime_error);
  EXPECT_TRUE(boxes.remove("casa"));
  EXPECT_FALSE(boxes.remove("casa"));
}

int refusal(http::Headers headers, std::uint16_t port = 8080) {
  http::Request request;
  request.headers = std::move(headers);
  const auto refused = Origin{.app = "files", .port = port}.refuse(request);
  return refused ? refused->status : 0;
}

TEST(Origin, AnswersToItsOwnNamesAlone) {
  for (const auto* host :
       {"127.0.0.1:8080", "localhost:8080", "files.localhost:8080", "Files.LocalHost:8080"})
    EXPECT_EQ(refusal({{"Host", host}}), 0) << host;
  for (const auto* host :
       {"evil.example:8080", "127.0.0.1", "127.0.0.1:80", "localhost:8081", "mail.localhost:8080",
        "files.localhost.evil.example:8080", "[::1]:8080", "127.0.0.1:8080.evil.example", ""})
    EXPECT_EQ(refusal({{"Host", host}}), 421) << host;
  EXPECT_EQ(refusal({}), 400);
  EXPECT_EQ(refusal({{"Host", "localhost:8080"}, {"Host", "evil.example"}}), 400);
  EXPECT_EQ(refusal({{"Host", "localhost"}}, 80), 0);
}

TEST(Origin, RefusesWhatAPageOfAnotherOriginCaused) {
  const http::Headers::Field host{"Host", "files.localhost:8080"};
  EXPECT_EQ(refusal({host, {"Origin", "http://files.localhost:8080"}}), 0);
  for (const auto* origin : {"http://evil.example", "null", "http://localhost:8080",
                             "https://files.localhost:8080", "http://files.localhost:8081"})
    EXPECT_EQ(refusal({host, {"Origin", origin}}), 403) << origin;
  EXPECT_EQ(refusal({host, {"Sec-Fetch-Site", "none"}}), 0);
  EXPECT_EQ(refusal({host, {"Sec-Fetch-Site", "same-origin"}}), 0);
  EXPECT_EQ(refusal({host, {"Sec-Fetch-Site", "same-site"}}), 403);
  EXPECT_EQ(refusal({host, {"Sec-Fetch-Site", "cross-site"}}), 403);
}

TEST(Origin, OfAUnixSocketTakesAnyName) {
  EXPECT_EQ(refusal({{"Host", "anything"}}, 0), 0);
}

/// The port of a bound or connected socket of 127.0.0.1.
Endpoint name_of(int socket) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  // As the calls want it.
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size);
  return {.address = *IpAddress::parse("127.0.0.1"), .port = ntohs(at.sin_port)};
}

TEST(PeerUid, IsTheUserWhoseSocketItIsAndNobodyOnceItIsGone) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  const Endpoint local = name_of(listener);
  at.sin_port = htons(local.port);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const Endpoint peer = name_of(client);
  EXPECT_EQ(peer_uid(peer, local), ::geteuid());
  EXPECT_EQ(peer_uid({.address = peer.address, .port = 1}, local), std::nullopt);
  ::close(client);
  EXPECT_EQ(peer_uid(peer, local), std::nullopt);
  ::close(listener);
}

}  // namespace
}  // namespace hearth::tunnel
