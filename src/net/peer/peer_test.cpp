#include <gtest/gtest.h>

#include <hearth/codec/protobuf.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/peer/envelope.h>
#include <hearth/peer/peer_id.h>
#include <hearth/peer/peer_record.h>
#include <hearth/peer/public_key.h>

namespace hearth::peer {
namespace {

// What js-libp2p 3.3.11 makes of the Ed25519 seed of 32 bytes 07.
constexpr std::string_view js_key =
    "08011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
constexpr std::string_view js_id = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7";
constexpr std::string_view js_cid =
    "bafzaajaiaejcb2sknrr6fhcsbk7pkud3cmxml6mvi53k5pv6pojeehxknekenurm";
// RecordEnvelope.seal of sequence 1700000000000 and two addresses.
constexpr std::string_view js_record =
    "0a2408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c120203011a530a2600"
    "2408"
    "011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c1080d095ffbc311a0a0a0804"
    "c000"
    "0201060fa11a160a14360b6578616d706c652e6f72670601bbc003dd032a40e8ba7019ccb325f9de4e10cb7904ba11"
    "1d93"
    "997781545fc469477d261903cf194bbe4eff00c7bcd4c5032d18402906a89b86f3aeba1f9ed6e7b7741a095fba05";

crypto::Ed25519PrivateKey key_of(int seed) {
  return crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))).value();
}

TEST(PublicKey, IsWrittenAsJsLibp2pWritesIt) {
  EXPECT_EQ(to_hex(encode_public_key(key_of(7).public_key())), js_key);
  EXPECT_EQ(decode_public_key(*from_hex(js_key)).value(), key_of(7).public_key());
}

TEST(PublicKey, HasOneEncoding) {
  const std::string key = std::string{js_key}.substr(8);
  for (const std::string& other : {"1220" + key + "0801",  // fields swapped
                                   "0881001220" + key,     // a longer varint
                                   "080112"
                                   "a000" +
                                       key,                     // a longer length
                                   "08011220" + key + "1a00",   // an unknown field
                                   "080108011220" + key,        // a field twice
                                   "08011220" + key.substr(2),  // cut short
                                   "0801121f" + key.substr(2),  // a byte too few
                                   "1220" + key, std::string{"0801"}, std::string{}})
    EXPECT_EQ(decode_public_key(*from_hex(other)).error(), PeerError::malformed) << other;
}

TEST(PublicKey, RefusesOtherTypesAndPointsOfSmallOrder) {
  EXPECT_EQ(decode_public_key(*from_hex("08021221" + std::string(66, '0'))).error(),
            PeerError::unsupported_key);
  EXPECT_EQ(decode_public_key(*from_hex("08041200")).error(), PeerError::malformed);
  EXPECT_EQ(decode_public_key(*from_hex("0801122001" + std::string(62, '0'))).error(),
            PeerError::bad_key);
}

TEST(PeerId, IsWrittenAndReadAsJsLibp2pDoes) {
  const PeerId id = PeerId::from_public_key(key_of(7).public_key());
  EXPECT_EQ(id.to_string(), js_id);
  EXPECT_EQ(to_hex(id.bytes()), "0024" + std::string{js_key});
  EXPECT_EQ(PeerId::parse(js_id), id);
  EXPECT_EQ(PeerId::parse(js_cid), id);
  EXPECT_EQ(PeerId::from_bytes(id.bytes()), id);
  EXPECT_EQ(PeerId::from_encoded_key(*from_hex(js_key)), id);
  EXPECT_EQ(id.ed25519(), key_of(7).public_key());
}

TEST(PeerId, OfLargeKeysIsTheirHash) {
  const PeerId id = PeerId::parse("QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN").value();
  EXPECT_EQ(id.bytes().size(), 34U);
  EXPECT_FALSE(id.ed25519());
  const Bytes rsa = codec::ProtoWriter{}.varint(1, 0).bytes(2, Bytes(294, std::byte{1})).take();
  EXPECT_EQ(PeerId::from_encoded_key(rsa).value().bytes().size(), 34U);
}

TEST(PeerId, RefusesWhatIsNoPeerId) {
  for (const auto* text : {"", "1", "Qm", "12D3KooW", "hello", "z6Mk", "bafzaa"})
    EXPECT_FALSE(PeerId::parse(text)) << text;
  // Identity multihashes of things that aren't keys, or not their only encoding.
  for (const auto* hex : {"", "0000", "000401020304", "00260881001220", "1220", "1302aabb"})
    EXPECT_FALSE(PeerId::from_bytes(*from_hex(hex))) << hex;
}

TEST(Envelope, OpensWhatItSeals) {
  const crypto::Ed25519PrivateKey key = key_of(1);
  const Bytes sealed = seal_envelope(relay_voucher_kind, to_bytes("payload"), key);
  const OpenedEnvelope opened = open_envelope(relay_voucher_kind, sealed).value();
  EXPECT_EQ(opened.payload, to_bytes("payload"));
  EXPECT_EQ(opened.signer, PeerId::from_public_key(key.public_key()));
}

TEST(Envelope, OfOneKindPassesForNoOther) {
  const Bytes sealed = seal_envelope(relay_voucher_kind, to_bytes("payload"), key_of(1));
  EXPECT_EQ(open_envelope(peer_record_kind, sealed).error(), PeerError::wrong_payload);
  const EnvelopeKind same_type{"another-domain", relay_voucher_kind.payload_type};
  EXPECT_EQ(open_envelope(same_type, sealed).error(), PeerError::bad_signature);
}

TEST(Envelope, AnyAlteredByteIsNoticed) {
  const Bytes sealed = seal_envelope(relay_voucher_kind, to_bytes("payload"), key_of(1));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= std::byte{1};
    EXPECT_FALSE(open_envelope(relay_voucher_kind, altered)) << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(open_envelope(relay_voucher_kind, BytesView{sealed}.first(size))) << size;
}

TEST(PeerRecord, OpensTheEnvelopeOfJsLibp2p) {
  const PeerRecord record = open_peer_record(*from_hex(js_record)).value();
  EXPECT_EQ(record.peer.to_string(), js_id);
  EXPECT_EQ(record.sequence, 1700000000000U);
  ASSERT_EQ(record.addresses.size(), 2U);
  EXPECT_EQ(record.addresses[0].to_string(), "/ip4/192.0.2.1/tcp/4001");
  EXPECT_EQ(record.addresses[1].to_string(), "/dns4/example.org/tcp/443/tls/ws");
}

TEST(PeerRecord, IsSealedByteForByteAsJsLibp2pDoes) {
  const PeerRecord record{
      .peer = PeerId::from_public_key(key_of(7).public_key()),
      .sequence = 1700000000000,
      .addresses = {*codec::Multiaddr::parse("/ip4/192.0.2.1/tcp/4001"),
                    *codec::Multiaddr::parse("/dns4/example.org/tcp/443/tls/ws")}};
  EXPECT_EQ(to_hex(seal_peer_record(record, key_of(7))), js_record);
}

TEST(PeerRecord, MustSpeakOfItsSigner) {
  const Bytes payload = codec::ProtoWriter{}
                            .bytes(1, PeerId::from_public_key(key_of(2).public_key()).bytes())
                            .varint(2, 1)
                            .take();
  EXPECT_EQ(open_peer_record(seal_envelope(peer_record_kind, payload, key_of(1))).error(),
            PeerError::wrong_peer);
}

TEST(PeerRecord, LeavesOutAddressesOfUnknownTransports) {
  const crypto::Ed25519PrivateKey key = key_of(1);
  codec::ProtoWriter payload;
  payload.bytes(1, PeerId::from_public_key(key.public_key()).bytes()).varint(2, 1);
  payload.bytes(3, codec::ProtoWriter{}.bytes(1, *from_hex("ff7f")).view());
  payload.bytes(3, codec::ProtoWriter{}.bytes(1, *from_hex("047f000001060001")).view());
  const PeerRecord record =
      open_peer_record(seal_envelope(peer_record_kind, payload.view(), key)).value();
  ASSERT_EQ(record.addresses.size(), 1U);
  EXPECT_EQ(record.addresses[0].to_string(), "/ip4/127.0.0.1/tcp/1");
}

}  // namespace
}  // namespace hearth::peer
