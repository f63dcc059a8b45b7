#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/stun/message.h>

namespace hearth::stun {
namespace {

using ::testing::ElementsAre;

Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != ' ' && c != '\n') digits += c;
  return *from_hex(digits);
}

constexpr std::string_view password = "VOkJxbRl1RmTxUk/WvJxBt";  // RFC 5769 §2

// RFC 5769 §2.1
Bytes sample_request() {
  return hex(R"(00010058 2112a442 b7e7a701 bc34d686 fa87dfae
                80220010 5354554e 20746573 7420636c 69656e74
                00240004 6e0001ff
                80290008 932ff9b1 51263b36
                00060009 6576746a 3a683676 59202020
                00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
                80280004 e57a3bcf)");
}

// RFC 5769 §2.2
Bytes sample_ipv4_response() {
  return hex(R"(0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
                8022000b 74657374 20766563 746f7220
                00200008 0001a147 e112a643
                00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
                80280004 c07d4c96)");
}

// RFC 5769 §2.3
Bytes sample_ipv6_response() {
  return hex(R"(01010048 2112a442 b7e7a701 bc34d686 fa87dfae
                8022000b 74657374 20766563 746f7220
                00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
                00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
                80280004 c8fb0b4c)");
}

TransactionId sample_id() {
  std::array<std::byte, 12> id;
  std::ranges::copy(hex("b7e7a701bc34d686fa87dfae"), id.begin());
  return TransactionId{id};
}

TEST(StunMessage, ReadsTheSampleRequestOfRfc5769) {
  const Bytes bytes = sample_request();
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::request);
  EXPECT_EQ(message->transaction(), sample_id());
  EXPECT_EQ(as_text(*message->username()), "evtj:h6vY");
  EXPECT_EQ(as_text(*message->software()), "STUN test client");
  EXPECT_EQ(message->priority(), 0x6e0001ffU);
  EXPECT_EQ(message->ice_controlled(), 0x932ff9b151263b36U);
  EXPECT_FALSE(message->ice_controlling());
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->has_fingerprint());
  EXPECT_TRUE(message->verify_integrity(as_bytes(password)));
  EXPECT_FALSE(message->verify_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
}

TEST(StunMessage, ReadsTheSampleResponsesOfRfc5769) {
  const Bytes v4 = sample_ipv4_response();
  const auto first = Message::parse(v4);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->message_class(), Class::success);
  EXPECT_EQ(first->xor_mapped_address(), Endpoint::parse("192.0.2.1:32853"));
  EXPECT_TRUE(first->verify_integrity(as_bytes(password)));

  const Bytes v6 = sample_ipv6_response();
  const auto second = Message::parse(v6);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->xor_mapped_address(),
            Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(second->verify_integrity(as_bytes(password)));
}

TEST(StunMessage, WritesTheSampleResponseAddressesOfRfc5769) {
  std::array<std::byte, 128> out;
  const auto attribute = [&](std::string_view endpoint) {
    const auto size = MessageWriter{out, Class::success, sample_id()}
                          .xor_mapped_address(*Endpoint::parse(endpoint))
                          .finish();
    return to_hex(std::span{out}.first(*size).subspan(header_size));
  };
  EXPECT_EQ(attribute("192.0.2.1:32853"), "002000080001a147e112a643");
  EXPECT_EQ(attribute("[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
            "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
}

TEST(StunMessage, ReadsBackWhatItWrote) {
  std::array<std::byte, 256> out;
  const auto size = MessageWriter{out, Class::request, sample_id()}
                        .username("left", "right")
                        .priority(7)
                        .use_candidate()
                        .ice_controlling(~std::uint64_t{0})
                        .integrity(as_bytes(password))
                        .fingerprint()
                        .finish();
  ASSERT_TRUE(size);
  const auto message = Message::parse(std::span{out}.first(*size));
  ASSERT_TRUE(message);
  EXPECT_EQ(as_text(*message->username()), "left:right");
  EXPECT_EQ(message->priority(), 7U);
  EXPECT_TRUE(message->use_candidate());
  EXPECT_EQ(message->ice_controlling(), ~std::uint64_t{0});
  EXPECT_TRUE(message->has_fingerprint());
  EXPECT_TRUE(message->verify_integrity(as_bytes(password)));
}

TEST(StunMessage, ReadsBackErrorResponses) {
  std::array<std::byte, 64> out;
  const std::array<std::uint16_t, 1> unknown{0x7777};
  const auto size = MessageWriter{out, Class::error, sample_id()}
                        .error_code(ErrorCode::role_conflict)
                        .unknown_attributes(unknown)
                        .finish();
  const auto message = Message::parse(std::span{out}.first(*size));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), Class::error);
  EXPECT_EQ(message->error_code(), 487);
}

TEST(StunMessage, EveryFlippedBitCostsASignedMessageItsParseOrItsSeals) {
  const Bytes good = sample_request();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    const auto message = Message::parse(bad);
    EXPECT_FALSE(message && message->has_fingerprint() &&
                 message->verify_integrity(as_bytes(password)))
        << "bit " << bit;
  }
}

TEST(StunMessage, RefusesEveryTruncation) {
  const Bytes good = sample_request();
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(Message::parse(BytesView{good}.first(size))) << size;
}

TEST(StunMessage, RefusesWhatFollowsTheMessageOrTheFingerprint) {
  Bytes longer = sample_request();
  longer.push_back(std::byte{0});
  EXPECT_EQ(Message::parse(longer).error(), MessageError::trailing_bytes);

  Bytes after = sample_request();
  append(after, hex("00250000"));
  after[3] = std::byte{0x5c};  // a length that includes it
  EXPECT_EQ(Message::parse(after).error(), MessageError::bad_fingerprint);
}

TEST(StunMessage, IgnoresAttributesAfterTheIntegrity) {
  std::array<std::byte, 128> out;
  const auto size = MessageWriter{out, Class::request, sample_id()}
                        .integrity(as_bytes(password))
                        .use_candidate()  // anyone on the path could have put it there
                        .finish();
  const auto message = Message::parse(std::span{out}.first(*size));
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->verify_integrity(as_bytes(password)));
}

TEST(StunMessage, NamesRequiredAttributesItDoesNotKnow) {
  Bytes bytes = hex("00010008 2112a442 b7e7a701 bc34d686 fa87dfae 7fff0000 90000000");
  const auto message = Message::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_THAT(message->unknown_required(), ElementsAre(0x7fff));
}

TEST(StunMessage, RefusesOtherMethodsAndOldCookies) {
  EXPECT_EQ(Message::parse(hex("00030000 2112a442 b7e7a701 bc34d686 fa87dfae")).error(),
            MessageError::bad_method);
  EXPECT_EQ(Message::parse(hex("00010000 2112a443 b7e7a701 bc34d686 fa87dfae")).error(),
            MessageError::not_stun);
  EXPECT_EQ(Message::parse(hex("40010000 2112a442 b7e7a701 bc34d686 fa87dfae")).error(),
            MessageError::not_stun);
}

TEST(MessageWriter, SaysThatTheBufferIsTooSmall) {
  std::array<std::byte, 127> out;
  for (std::size_t room = 0; room <= out.size(); ++room) {
    const auto size = MessageWriter{MutableBytes{out}.first(room), Class::request, sample_id()}
                          .username("abcd", "efgh")                             // 16
                          .software("x")                                        // 8
                          .xor_mapped_address(*Endpoint::parse("[::1]:1"))      // 24
                          .unknown_attributes(std::array<std::uint16_t, 1>{9})  // 8
                          .integrity(as_bytes(password))                        // 24
                          .fingerprint()                                        // 8
                          .finish();
    EXPECT_EQ(size.has_value(), room >= 108) << room;
  }
}

}  // namespace
}  // namespace hearth::stun
