#include <gtest/gtest.h>

#include <hearth/codec/protobuf.h>
#include <hearth/relay/message.h>

namespace hearth::relay {
namespace {

class Numbered final : public Entropy {
 public:
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 1;
};

crypto::Ed25519PrivateKey key(int which) {
  Numbered entropy;
  auto made = crypto::Ed25519PrivateKey::generate(entropy);
  for (int i = 0; i < which; ++i) made = crypto::Ed25519PrivateKey::generate(entropy);
  return made;
}

PeerId id(int which) {
  return PeerId::from_public_key(key(which).public_key());
}

Multiaddr address(std::string_view text) {
  return *Multiaddr::parse(text);
}

TEST(RelayMessage, WritesAReserveRequestInTwoBytes) {
  EXPECT_EQ(to_hex(encode(HopMessage{.type = HopMessage::Type::reserve})), "0800");
}

TEST(RelayMessage, ReadsBackEveryHopMessage) {
  const HopMessage connect{
      .type = HopMessage::Type::connect,
      .peer = Peer{.id = id(0), .addresses = {address("/ip4/192.0.2.1/tcp/4001")}}};
  const HopMessage granted{
      .type = HopMessage::Type::status,
      .reservation = Reservation{.expire = Timestamp::from_seconds(1'800'000'000),
                                 .addresses = {address("/dns4/flock.example/tcp/443/tls/ws")},
                                 .voucher = to_bytes("signed")},
      .limit = Limit{.duration = std::chrono::minutes{2}, .data_bytes = 131072},
      .status = Status::ok};
  const HopMessage refused{.type = HopMessage::Type::status, .status = Status::no_reservation};
  for (const HopMessage& message : {connect, granted, refused}) {
    const auto read = decode_hop(encode(message));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, message);
  }
}

TEST(RelayMessage, ReadsBackEveryStopMessage) {
  const StopMessage connect{.type = StopMessage::Type::connect,
                            .peer = Peer{.id = id(0)},
                            .limit = Limit{.duration = std::chrono::seconds{9}, .data_bytes = 1}};
  const StopMessage refused{.type = StopMessage::Type::status, .status = Status::permission_denied};
  for (const StopMessage& message : {connect, refused}) {
    const auto read = decode_stop(encode(message));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, message);
  }
}

TEST(RelayMessage, NumbersFieldsAsTheSpecDoes) {
  const auto bytes =
      encode(HopMessage{.type = HopMessage::Type::status,
                        .limit = Limit{.duration = std::chrono::seconds{120}, .data_bytes = 131072},
                        .status = Status::ok});
  // type 1: STATUS 2; limit 4: {duration 1: 120, data 2: 131072}; status 5: 100.
  EXPECT_EQ(to_hex(bytes),
            "08022206"
            "0878"
            "10808008"
            "2864");
}

TEST(RelayMessage, TakesAnUnknownStatusForARefusal) {
  codec::ProtoWriter writer;
  writer.varint(1, 2).varint(5, 299);
  EXPECT_EQ(decode_hop(writer.view())->status, Status::malformed_message);
}

TEST(RelayMessage, RefusesWhatHasNoTypeOrAWrongOne) {
  EXPECT_EQ(decode_hop({}).error(), CodecError::truncated);
  codec::ProtoWriter wrong;
  wrong.varint(1, 3);
  EXPECT_EQ(decode_hop(wrong.view()).error(), CodecError::wrong_type);
  codec::ProtoWriter wrong_for_stop;
  wrong_for_stop.varint(1, 2);
  EXPECT_EQ(decode_stop(wrong_for_stop.view()).error(), CodecError::wrong_type);
}

TEST(RelayMessage, RefusesAPeerWithoutAnId) {
  codec::ProtoWriter writer;
  writer.varint(1, 1).bytes(2, {});
  EXPECT_FALSE(decode_hop(writer.view()));
}

TEST(RelayMessage, PassesOverAddressesItCannotRead) {
  codec::ProtoWriter peer;
  const auto known = address("/ip4/192.0.2.1/tcp/1");
  peer.bytes(1, id(0).bytes()).text(2, "no address").bytes(2, known.bytes());
  codec::ProtoWriter writer;
  writer.varint(1, 1).bytes(2, peer.view());
  const auto read = decode_hop(writer.view());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->peer->addresses, std::vector{known});
}

TEST(RelayMessage, RefusesAnExpiryThatNoCalendarHas) {
  codec::ProtoWriter reservation;
  reservation.varint(1, std::uint64_t{1} << 62);
  codec::ProtoWriter writer;
  writer.varint(1, 2).bytes(3, reservation.view());
  EXPECT_EQ(decode_hop(writer.view()).error(), CodecError::too_large);
}

TEST(RelayMessage, RefusesMoreThanItsSize) {
  EXPECT_EQ(decode_hop(Bytes(max_message_bytes + 1)).error(), CodecError::too_large);
}

TEST(Voucher, OpensWhatTheRelaySigned) {
  const Voucher voucher{
      .relay = id(0), .peer = id(1), .expiration = Timestamp::from_seconds(1'800'000'000)};
  const auto opened = open_voucher(seal_voucher(voucher, key(0)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, voucher);
}

TEST(Voucher, RefusesOneThatAnotherPeerSigned) {
  const Voucher voucher{.relay = id(0), .peer = id(1), .expiration = {}};
  EXPECT_EQ(open_voucher(seal_voucher(voucher, key(1))).error(), VoucherError::wrong_signer);
}

TEST(Voucher, RefusesOneThatWasAltered) {
  Bytes sealed = seal_voucher({.relay = id(0), .peer = id(1), .expiration = {}}, key(0));
  sealed.back() ^= std::byte{1};
  EXPECT_EQ(open_voucher(sealed).error(), VoucherError::bad_signature);
  EXPECT_EQ(open_voucher(to_bytes("no envelope")).error(), VoucherError::malformed);
}

}  // namespace
}  // namespace hearth::relay
