#include <gtest/gtest.h>

#include <hearth/sniff/protocol.h>

namespace hearth::sniff {
namespace {

Spoken spoken(std::string_view text) {
  return recognize(as_bytes(text));
}

// What Chromium sends for new WebSocket("ws://127.0.0.1:4001/"), shortened.
constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:4001\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Origin: https://home.flock.example\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST(Sniff, KnowsLibp2pAndTlsByTheFirstByte) {
  EXPECT_EQ(spoken(""), Spoken::undecided);
  EXPECT_EQ(spoken("\x13"), Spoken::libp2p);
  EXPECT_EQ(spoken("\x13/multistream/1.0.0\n"), Spoken::libp2p);
  EXPECT_EQ(spoken("\x16\x03\x01"), Spoken::tls);
}

TEST(Sniff, TakesAWebSocketForLibp2pOnceTheHeadIsWhole) {
  for (std::size_t size = 1; size < upgrade.size(); ++size)
    EXPECT_EQ(spoken(upgrade.substr(0, size)), Spoken::undecided) << size;
  EXPECT_EQ(spoken(upgrade), Spoken::libp2p_websocket);
}

TEST(Sniff, ReadsTheUpgradeFieldAsAListWithoutCase) {
  EXPECT_EQ(spoken("GET / HTTP/1.1\r\nuPGRADE:h2c , WebSocket\r\n\r\n"), Spoken::libp2p_websocket);
  EXPECT_EQ(spoken("GET / HTTP/1.1\r\nUpgrade: websockets\r\n\r\n"), Spoken::http);
  EXPECT_EQ(spoken("GET / HTTP/1.1\r\nX-Upgrade: websocket\r\n\r\n"), Spoken::http);
  EXPECT_EQ(spoken("GET /?a=b HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), Spoken::libp2p_websocket);
}

TEST(Sniff, LeavesOtherPathsAndRequestsToTheHttpServer) {
  EXPECT_EQ(spoken("GET /gun HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), Spoken::http);
  EXPECT_EQ(spoken("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Spoken::http);
  EXPECT_EQ(spoken("POST / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), Spoken::http);
  EXPECT_EQ(spoken("OPTIONS * HTTP/1.1\r\n\r\nmore"), Spoken::http);
}

TEST(Sniff, DoesNotFindAFieldInTheBody) {
  EXPECT_EQ(spoken("GET / HTTP/1.1\r\nHost: x\r\n\r\nUpgrade: websocket\r\n\r\n"), Spoken::http);
}

TEST(Sniff, HandsAnEndlessHeadOnInsteadOfReadingIt) {
  const std::string head = "GET / HTTP/1.1\r\nA: " + std::string(max_sniffed_bytes, 'a');
  EXPECT_EQ(spoken(head), Spoken::http);
  EXPECT_EQ(spoken(std::string_view{head}.substr(0, max_sniffed_bytes - 1)), Spoken::undecided);
}

TEST(Sniff, KnowsNothingElse) {
  EXPECT_EQ(spoken("SSH-2.0"), Spoken::unknown);
  EXPECT_EQ(spoken("get / HTTP/1.1"), Spoken::unknown);
  EXPECT_EQ(spoken("GETS"), Spoken::unknown);
  EXPECT_EQ(spoken(std::string_view{"\0", 1}), Spoken::unknown);
}

}  // namespace
}  // namespace hearth::sniff
