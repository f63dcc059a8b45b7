#include <gtest/gtest.h>

#include <hearth/datachannel/dcep.h>

namespace hearth::datachannel {
namespace {

// RFC 8832 §5.1: type 0x03, channel type, priority, reliability parameter, lengths, label,
// protocol.
TEST(Dcep, ReadsAnOpenByteByByte) {
  const Bytes bytes = *from_hex(
      "038101000000000500030002"
      "616263"
      "7879");
  const auto parsed = parse_dcep(bytes);
  ASSERT_TRUE(parsed);
  const Open expected{.ordered = false,
                      .reliability = Reliability::limited_retransmissions,
                      .reliability_parameter = 5,
                      .priority = 256,
                      .label = "abc",
                      .protocol = "xy"};
  EXPECT_EQ(std::get<Open>(*parsed), expected);
  EXPECT_EQ(encode_dcep(expected), bytes);
}

TEST(Dcep, ReadsAnAck) {
  EXPECT_EQ(parse_dcep(*from_hex("02")), Dcep{Ack{}});
  EXPECT_EQ(encode_dcep(Ack{}), *from_hex("02"));
}

TEST(Dcep, RefusesEveryTruncationAndAnythingBehind) {
  const Bytes whole = encode_dcep(Open{.label = "label", .protocol = "protocol"});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(parse_dcep(BytesView{whole}.first(size)).error(), DcepError::truncated) << size;
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_EQ(parse_dcep(longer).error(), DcepError::trailing_bytes);
}

TEST(Dcep, RefusesUnknownMessagesAndTypes) {
  EXPECT_EQ(parse_dcep(*from_hex("04")).error(), DcepError::unknown_message);
  EXPECT_EQ(parse_dcep(*from_hex("0203")).error(), DcepError::trailing_bytes);
  EXPECT_EQ(parse_dcep(*from_hex("030300000000000000000000")).error(),
            DcepError::unknown_channel_type);
}

}  // namespace
}  // namespace hearth::datachannel
