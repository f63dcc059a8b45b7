#include <gtest/gtest.h>

#include <hearth/codec/protobuf.h>

namespace hearth::codec {
namespace {

TEST(Protobuf, WritesTheExamplesOfTheEncodingGuide) {
  EXPECT_EQ(to_hex(ProtoWriter{}.varint(1, 150).take()), "089601");
  EXPECT_EQ(to_hex(ProtoWriter{}.text(2, "testing").take()), "120774657374696e67");
}

TEST(Protobuf, ReadsEveryWireTypeAndPassesOverTheUnknown) {
  const Bytes message = *from_hex(
      "089601"
      "1203666f6f"
      "1d01020304"
      "210102030405060708");
  ProtoReader reader{message};
  const auto varint = reader.next().value().value();
  EXPECT_EQ(varint.number, 1U);
  EXPECT_EQ(varint.varint(), 150U);
  EXPECT_EQ(varint.bytes().error(), CodecError::wrong_type);
  const auto text = reader.next().value().value();
  EXPECT_EQ(text.text(), "foo");
  EXPECT_EQ(text.varint().error(), CodecError::wrong_type);
  EXPECT_EQ(reader.next().value().value().number_value, 0x04030201U);
  EXPECT_EQ(reader.next().value().value().number_value, 0x0807060504030201U);
  EXPECT_FALSE(reader.next().value());
}

TEST(Protobuf, VarintsHave64BitsAndTenBytesAtMost) {
  const Bytes largest = *from_hex("08ffffffffffffffffff01");
  EXPECT_EQ(ProtoReader{largest}.next().value()->varint(), ~std::uint64_t{0});
  const Bytes larger = *from_hex("08ffffffffffffffffff02");
  EXPECT_EQ(ProtoReader{larger}.next().error(), CodecError::too_large);
  const Bytes longer = *from_hex(
      "0880808080808080808080"
      "01");
  EXPECT_EQ(ProtoReader{longer}.next().error(), CodecError::too_large);
}

TEST(Protobuf, RefusesGroupsFieldZeroAndTruncation) {
  for (const auto* hex : {"0b", "0c", "0f"}) {
    const Bytes message = *from_hex(hex);
    EXPECT_EQ(ProtoReader{message}.next().error(), CodecError::wrong_type) << hex;
  }
  const Bytes zero = *from_hex("0001");
  EXPECT_EQ(ProtoReader{zero}.next().error(), CodecError::too_large);
  for (const auto* hex : {"08", "0880", "12", "120561", "1d010203", "21"}) {
    const Bytes message = *from_hex(hex);
    EXPECT_EQ(ProtoReader{message}.next().error(), CodecError::truncated) << hex;
  }
}

TEST(Protobuf, TextIsUtf8) {
  const Bytes message = *from_hex("0a02c328");
  EXPECT_EQ(ProtoReader{message}.next().value()->text().error(), CodecError::bad_character);
}

}  // namespace
}  // namespace hearth::codec
