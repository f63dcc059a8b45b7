#include <gtest/gtest.h>

#include <hearth/codec/multiaddr.h>
#include <hearth/codec/multihash.h>

namespace hearth::codec {
namespace {

Multiaddr address(std::string_view text) {
  return Multiaddr::parse(text).value();
}

constexpr std::string_view relay = "12D3KooWBoJbBUAFvQ3jdT2MR22nNt44X8GJ671G3T3d4fvrueyr";
constexpr std::string_view target = "12D3KooWRHP6jFJVSWz6nvy5BMcqvbSxTJ6GcXkTurcz37n9G84h";

struct Golden {
  std::string_view text, hex;
};

// Bytes made by @multiformats/multiaddr 13.
constexpr Golden golden[] = {
    {"/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWBoJbBUAFvQ3jdT2MR22nNt44X8GJ671G3T3d4fvrueyr/p2p-circuit/"
     "webrtc/p2p/12D3KooWRHP6jFJVSWz6nvy5BMcqvbSxTJ6GcXkTurcz37n9G84h",
     "047f000001060fa1a503260024080112201d71bf22af3d5e3eab8acecdad0c2c0e2b15a7b4d4b2504a81bb0776965"
     "32a6"
     "5a2029902a50326002408011220e5cb09c55317de50c713e0b190ddfd93f1f11e4f289a9dd4ce269d376e7ba04a"},
    {"/ip6/2001:db8::1/udp/4001/webrtc-direct/certhash/"
     "uEiAjk9aJ6Q4YQwzQWq4DxZ5nN1hZBqZ8gP9oV5qBvY5F9A",
     "2920010db800000000000000000000000191020fa19802d2032212202393d689e90e18430cd05aae03c59e6737585"
     "906a6"
     "7c80ff68579a81bd8e45f4"},
    {"/dns4/example.org/tcp/443/tls/ws", "360b6578616d706c652e6f72670601bbc003dd03"},
    {"/dns/a.b/tcp/1/wss", "3503612e62060001de03"},
    {"/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
     "3813626f6f7473747261702e6c69627032702e696fa50322122006b3608aa000274049eb28ad8e793a26ff6fab281"
     "a7d3b"
     "d77cd18eb745dfaabb"},
    {"/ip4/1.2.3.4/udp/9/quic-v1/webtransport", "040102030491020009cd03d103"},
    {"/ip6zone/eth0/ip6/fe80::1/tcp/1/http",
     "2a046574683029fe800000000000000000000000000001060001e003"},
    {"/ip4/1.1.1.1/tcp/443/tls/sni/x.y/ws", "04010101010601bbc003c10303782e79dd03"},
};

TEST(Multiaddr, AgreesWithJsMultiaddrByteForByte) {
  for (const Golden& example : golden) {
    EXPECT_EQ(to_hex(address(example.text).bytes()), example.hex) << example.text;
    EXPECT_EQ(Multiaddr::from_bytes(*from_hex(example.hex)).value().to_string(), example.text);
  }
}

TEST(Multiaddr, SaysWhereToDial) {
  EXPECT_EQ(address("/ip4/192.0.2.1/tcp/4001").tcp()->to_string(), "192.0.2.1:4001");
  EXPECT_EQ(address("/ip6/::1/udp/9/webrtc-direct").udp()->to_string(), "[::1]:9");
  EXPECT_FALSE(address("/ip4/192.0.2.1/udp/4001").tcp());
  const auto name = address("/dns6/example.org/tcp/443/tls/ws").dns_tcp().value();
  EXPECT_EQ(name.host, "example.org");
  EXPECT_EQ(name.family, DnsEndpoint::Family::v6);
  EXPECT_EQ(name.port, 443);
  EXPECT_FALSE(address("/dnsaddr/example.org").dns_tcp());
  EXPECT_EQ(Multiaddr::from_tcp(*Endpoint::parse("[2001:db8::1]:80")).to_string(),
            "/ip6/2001:db8::1/tcp/80");
  EXPECT_EQ(Multiaddr::from_udp(*Endpoint::parse("192.0.2.1:80")).to_string(),
            "/ip4/192.0.2.1/udp/80");
}

TEST(Multiaddr, TellsWebSocketsFromTls) {
  EXPECT_TRUE(address("/ip4/1.1.1.1/tcp/1/ws").is_websocket());
  EXPECT_FALSE(address("/ip4/1.1.1.1/tcp/1/ws").is_secure_websocket());
  EXPECT_TRUE(address("/ip4/1.1.1.1/tcp/1/wss").is_secure_websocket());
  EXPECT_TRUE(address("/ip4/1.1.1.1/tcp/1/tls/sni/a/ws").is_secure_websocket());
  EXPECT_FALSE(address("/ip4/1.1.1.1/tcp/1/p2p-circuit/ip4/1.1.1.1/tcp/1/ws").is_websocket());
}

TEST(Multiaddr, SplitsAtTheRelay) {
  const std::string before = "/ip4/127.0.0.1/tcp/1/p2p/" + std::string{relay};
  const std::string after = "/webrtc/p2p/" + std::string{target};
  const Multiaddr whole = address(before + "/p2p-circuit" + after);
  EXPECT_TRUE(whole.is_relayed());
  EXPECT_EQ(whole.before_circuit()->to_string(), before);
  EXPECT_EQ(whole.after_circuit()->to_string(), after);
  EXPECT_EQ(whole.p2p(), parse_peer_id(target).value());
  EXPECT_FALSE(address(before).before_circuit());
}

TEST(Multiaddr, PutsPeerIdsOnAndTakesThemOff) {
  const Multiaddr plain = address("/ip4/127.0.0.1/tcp/1");
  const Bytes id = parse_peer_id(target).value();
  const Multiaddr full = plain.with_p2p(id);
  EXPECT_EQ(full.to_string(), "/ip4/127.0.0.1/tcp/1/p2p/" + std::string{target});
  EXPECT_EQ(full.with_p2p(id), full);
  EXPECT_EQ(full.without_p2p(), plain);
  EXPECT_EQ(plain.without_p2p(), plain);
  EXPECT_EQ(plain.encapsulate(address("/p2p/" + std::string{target})), full);
}

TEST(Multiaddr, ReadsPeerIdsAsCidsAndIpfsAsP2p) {
  // The CIDv1 text as js-libp2p's peerId.toCID() writes it.
  const Multiaddr by_cid =
      address("/p2p/bafzaajaiaejcb2sknrr6fhcsbk7pkud3cmxml6mvi53k5pv6pojeehxknekenurm");
  EXPECT_EQ(by_cid.to_string(), "/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7");
  EXPECT_EQ(address("/ipfs/" + std::string{target}), address("/p2p/" + std::string{target}));
}

TEST(Multiaddr, RefusesMalformedText) {
  for (const auto* text : {"",
                           "/",
                           "//",
                           "ip4/1.1.1.1",
                           "/ip4",
                           "/ip4/",
                           "/ip4/1.1.1",
                           "/ip4/::1",
                           "/tcp/65536",
                           "/tcp/-1",
                           "/tcp/01",
                           "/tcp/ 1",
                           "/ip4/1.1.1.1/",
                           "/nope/1",
                           "/dns/",
                           "/p2p/0OIl",
                           "/p2p/abc",
                           "/certhash/x",
                           "/certhash/u",
                           "/ws/ws/",
                           "/p2p/8Vxyz"})
    EXPECT_FALSE(Multiaddr::parse(text)) << text;
}

TEST(Multiaddr, RefusesMalformedBytes) {
  for (const auto* hex : {"04", "04010203", "8404010203", "0401020304ff", "3500", "3503612f62",
                          "35036120"
                          "62",
                          "a50300", "a503021201", "ffffffffffffffffff01", "a503ffffffff0f",
                          "c603"
                          "02"
                          "1200",
                          "a503"
                          "03"
                          "150161"})
    EXPECT_FALSE(Multiaddr::from_bytes(*from_hex(hex))) << hex;
}

TEST(Multiaddr, IsBoundedInLengthAndDepth) {
  std::string deep;
  for (std::size_t i = 0; i < Multiaddr::max_components; ++i) deep += "/ws";
  EXPECT_TRUE(Multiaddr::parse(deep));
  EXPECT_EQ(Multiaddr::parse(deep + "/ws").error(), CodecError::too_large);
  EXPECT_TRUE(address(deep).encapsulate(address("/ws")).empty());
  EXPECT_FALSE(Multiaddr::parse("/dns/" + std::string(1100, 'a')));
}

TEST(Multiaddr, APeerIdHoldsNoMoreThanASmallKey) {
  const auto with_key_of = [](std::size_t size) {
    Bytes bytes = *from_hex("a503");
    const Bytes id = encode_multihash(HashCode::identity, Bytes(size, std::byte{1}));
    bytes.push_back(static_cast<std::byte>(id.size()));
    append(bytes, id);
    return Multiaddr::from_bytes(bytes);
  };
  EXPECT_TRUE(with_key_of(42));
  EXPECT_EQ(with_key_of(43).error(), CodecError::too_large);
}

TEST(Multihash, KnowsTheSizesOfItsHashes) {
  EXPECT_TRUE(read_multihash(encode_multihash(HashCode::sha2_256, Bytes(32))));
  EXPECT_EQ(read_multihash(encode_multihash(HashCode::sha2_256, Bytes(31))).error(),
            CodecError::bad_length);
  EXPECT_EQ(read_multihash(*from_hex("000200")).error(), CodecError::truncated);
  EXPECT_EQ(read_multihash(*from_hex("0001aabb")).error(), CodecError::trailing_bytes);
  EXPECT_EQ(read_multihash(encode_multihash(HashCode::identity, Bytes(129))).error(),
            CodecError::too_large);
}

}  // namespace
}  // namespace hearth::codec
