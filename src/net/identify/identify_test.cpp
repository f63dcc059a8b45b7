#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identify/message.h>
#include <hearth/identify/peer_info.h>
#include <hearth/identify/ping.h>
#include <hearth/peer/envelope.h>
#include <hearth/peer/peer_record.h>

namespace hearth::identify {
namespace {

// What js-libp2p 3.3.11 under node 22.23.3 wrote on an /ipfs/id/1.0.0 stream.
constexpr std::string_view js_answer =
    "f1022a0a697066732f302e312e30321d6a732d6c69627032702f332e332e3131206e6f64652f32322e32332e330a24"
    "0801"
    "1220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c1208047f0000010680f1223104"
    "7f00"
    "0001069860a50326002408011220c8e8d5ed183d6b5714bd41edab723a3b4336c17a405bcb9b2e8fb01cc0c66d801a"
    "0e2f"
    "697066732f69642f312e302e301a132f697066732f69642f707573682f312e302e301a102f697066732f70696e672f"
    "312e"
    "302e3042a9010a2408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c120203"
    "011a"
    "3b0a26002408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c10f7e7bfed9f"
    "341a"
    "0a0a08047f0000010680f12a407a1fd05460e1450d8be3a28e04ccc39f1920090b9298cdb7b01b37e7849d466748a2"
    "2c78"
    "8dba57b3f7d7e6976368ad15ef64905cb713f42e4ff0e9afea26540d";
constexpr std::string_view js_id = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7";

codec::Multiaddr address(std::string_view text) {
  return codec::Multiaddr::parse(text).value();
}

crypto::Ed25519PrivateKey key_of(int seed) {
  return crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))).value();
}

peer::PeerId id_of(const crypto::Ed25519PrivateKey& key) {
  return peer::PeerId::from_public_key(key.public_key());
}

Bytes record(const crypto::Ed25519PrivateKey& key, std::uint64_t sequence, std::string_view where) {
  return peer::seal_peer_record(
      {.peer = id_of(key), .sequence = sequence, .addresses = {address(where)}}, key);
}

Message read(BytesView frames, std::size_t portion) {
  MessageReader reader;
  for (std::size_t i = 0; i < frames.size(); i += portion)
    EXPECT_TRUE(reader.receive(frames.subspan(i, std::min(portion, frames.size() - i))));
  return reader.finish().value();
}

TEST(IdentifyMessage, OfJsLibp2pIsReadInAnyPortions) {
  for (const std::size_t portion : {1U, 100U, 1000U}) {
    const Message message = read(*from_hex(js_answer), portion);
    EXPECT_EQ(message.agent_version, "js-libp2p/3.3.11 node/22.23.3");
    EXPECT_EQ(message.protocol_version, "ipfs/0.1.0");
    EXPECT_EQ(message.protocols, (std::vector<std::string>{"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0",
                                                           "/ipfs/ping/1.0.0"}));
    ASSERT_EQ(message.listen_addresses.size(), 1U);
    EXPECT_EQ(message.listen_addresses[0].to_string(), "/ip4/127.0.0.1/tcp/33009");
  }
}

TEST(IdentifyMessage, RoundTrips) {
  const Message message{
      .public_key = to_bytes("key"),
      .listen_addresses = {address("/ip4/192.0.2.1/tcp/1"), address("/ip6/::1/tcp/2/ws")},
      .protocols = {"/a", "/b"},
      .observed_address = address("/ip4/198.51.100.7/tcp/3"),
      .protocol_version = "ipfs/0.1.0",
      .agent_version = "hearth/0.1.0",
      .signed_peer_record = to_bytes("record")};
  EXPECT_EQ(read(encode_frames(message), 7), message);
  EXPECT_EQ(read(encode_frames({}), 7), Message{});
}

TEST(IdentifyMessage, ALongOneIsCutIntoFramesAndMergedAgain) {
  Message message{.agent_version = "hearth"};
  for (int i = 0; i < 200; ++i)
    message.protocols.push_back("/" + std::string(200, 'x') + std::to_string(i));
  const Bytes frames = encode_frames(message);
  Reader reader{frames};
  int count = 0;
  for (; !reader.empty(); ++count) EXPECT_TRUE(codec::read_length_prefixed(reader, max_frame));
  EXPECT_EQ(count, 6);
  EXPECT_EQ(read(frames, 5000), message);
}

TEST(IdentifyMessage, IsBounded) {
  MessageReader large;
  EXPECT_EQ(large.receive(*from_hex("8140")).error(), IdentifyError::too_large);  // 8193
  MessageReader many;
  const Bytes empty_frames(max_frames + 1);
  EXPECT_EQ(many.receive(empty_frames).error(), IdentifyError::too_large);
  codec::ProtoWriter protocols;
  for (std::size_t i = 0; i <= max_protocols; ++i) protocols.text(3, "/a");
  EXPECT_EQ(decode_message(protocols.view()).error(), IdentifyError::too_large);
  EXPECT_EQ(
      decode_message(codec::ProtoWriter{}.text(6, std::string(max_text + 1, 'x')).view()).error(),
      IdentifyError::too_large);
  codec::ProtoWriter addresses;
  for (std::size_t i = 0; i < 100; ++i) addresses.bytes(2, address("/ip4/1.1.1.1/tcp/1").bytes());
  EXPECT_EQ(decode_message(addresses.view()).value().listen_addresses.size(), max_addresses);
}

TEST(IdentifyMessage, CutShortIsAnError) {
  const Bytes whole = *from_hex(js_answer);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    MessageReader reader;
    EXPECT_TRUE(reader.receive(BytesView{whole}.first(size)));
    EXPECT_FALSE(reader.finish()) << size;
  }
}

TEST(PeerInfo, TakesWhatJsLibp2pSaysOfItself) {
  PeerInfo info{peer::PeerId::parse(js_id).value()};
  EXPECT_TRUE(info.apply(read(*from_hex(js_answer), 1000)));
  EXPECT_TRUE(info.certified());
  ASSERT_EQ(info.addresses().size(), 1U);
  EXPECT_EQ(info.addresses()[0].to_string(), "/ip4/127.0.0.1/tcp/33009");
  EXPECT_TRUE(info.speaks(ping_protocol));
  EXPECT_FALSE(info.speaks("/nope"));
  EXPECT_EQ(info.observed_address()->to_string(), "/ip4/127.0.0.1/tcp/39008") << "without its /p2p";
}

TEST(PeerInfo, RefusesWordsAboutSomebodyElse) {
  const crypto::Ed25519PrivateKey alice = key_of(1), mallory = key_of(2);
  PeerInfo info{id_of(mallory)};
  EXPECT_EQ(info.apply({.public_key = peer::encode_public_key(alice.public_key())}).error(),
            IdentifyError::wrong_peer);
  EXPECT_EQ(info.apply({.signed_peer_record = record(alice, 1, "/ip4/1.1.1.1/tcp/1")}).error(),
            IdentifyError::wrong_peer);
  EXPECT_EQ(info.apply({.public_key = to_bytes("rubbish")}).error(), IdentifyError::malformed);
}

TEST(PeerInfo, AMessageWithABadRecordChangesNothing) {
  const crypto::Ed25519PrivateKey alice = key_of(1);
  PeerInfo info{id_of(alice)};
  Bytes altered = record(alice, 1, "/ip4/1.1.1.1/tcp/1");
  altered.back() ^= std::byte{1};
  EXPECT_EQ(info.apply({.protocols = {"/a"}, .signed_peer_record = altered}).error(),
            IdentifyError::bad_record);
  EXPECT_TRUE(info.protocols().empty());
}

TEST(PeerInfo, SequencesDoNotGoBack) {
  const crypto::Ed25519PrivateKey alice = key_of(1);
  PeerInfo info{id_of(alice)};
  EXPECT_TRUE(info.apply({.signed_peer_record = record(alice, 5, "/ip4/5.5.5.5/tcp/5")}));
  EXPECT_TRUE(info.apply(
      {.protocols = {"/a"}, .signed_peer_record = record(alice, 4, "/ip4/4.4.4.4/tcp/4")}));
  EXPECT_EQ(info.addresses()[0].to_string(), "/ip4/5.5.5.5/tcp/5");
  EXPECT_TRUE(info.speaks("/a"));
  EXPECT_TRUE(info.apply({.signed_peer_record = record(alice, 6, "/ip4/6.6.6.6/tcp/6")}));
  EXPECT_EQ(info.addresses()[0].to_string(), "/ip4/6.6.6.6/tcp/6");
}

TEST(PeerInfo, UnsignedAddressesCountOnlyUntilThereAreSignedOnes) {
  const crypto::Ed25519PrivateKey alice = key_of(1);
  PeerInfo info{id_of(alice)};
  EXPECT_TRUE(
      info.apply({.listen_addresses = {address("/ip4/1.1.1.1/tcp/1/p2p/" + std::string{js_id})}}));
  EXPECT_EQ(info.addresses()[0].to_string(), "/ip4/1.1.1.1/tcp/1");
  EXPECT_FALSE(info.certified());
  EXPECT_TRUE(info.apply({.signed_peer_record = record(alice, 1, "/ip4/2.2.2.2/tcp/2")}));
  EXPECT_TRUE(info.apply({.listen_addresses = {address("/ip4/3.3.3.3/tcp/3")}}));
  EXPECT_EQ(info.addresses()[0].to_string(), "/ip4/2.2.2.2/tcp/2");
}

TEST(PeerInfo, APushLeavesUnsaidThingsAsTheyWere) {
  PeerInfo info{id_of(key_of(1))};
  EXPECT_TRUE(info.apply({.listen_addresses = {address("/ip4/1.1.1.1/tcp/1")},
                          .protocols = {"/a", "/b"},
                          .agent_version = "one"}));
  EXPECT_TRUE(info.apply({.protocols = {"/c"}}));
  EXPECT_EQ(info.protocols(), std::vector<std::string>{"/c"});
  EXPECT_EQ(info.agent_version(), "one");
  EXPECT_EQ(info.addresses().size(), 1U);
}

TEST(Pinger, MeasuresTheRoundTripHoweverTheEchoComes) {
  SeededEntropy entropy;
  Pinger pinger;
  const Instant start = Instant{} + std::chrono::seconds{5};
  const auto sent = pinger.start(entropy, start);
  EXPECT_EQ(pinger.deadline(), start + ping_timeout);
  EXPECT_EQ(pinger.receive(start, BytesView{sent}.first(10)).value(), std::nullopt);
  EXPECT_EQ(
      pinger.receive(start + std::chrono::milliseconds{3}, BytesView{sent}.subspan(10)).value(),
      std::chrono::milliseconds{3});
  EXPECT_FALSE(pinger.deadline());
  const auto next = pinger.start(entropy, start);
  EXPECT_NE(next, sent);
}

TEST(Pinger, RefusesOtherBytesAndBytesUnasked) {
  SeededEntropy entropy;
  Pinger pinger;
  EXPECT_EQ(pinger.receive({}, to_bytes("x")).error(), PingError::unsolicited);
  const auto sent = pinger.start(entropy, {});
  EXPECT_EQ(pinger.receive({}, to_bytes("x")).error(), PingError::wrong_echo);
  Bytes more = to_bytes(sent);
  more.push_back(std::byte{0});
  EXPECT_EQ(pinger.receive({}, more).error(), PingError::wrong_echo);
}

}  // namespace
}  // namespace hearth::identify
