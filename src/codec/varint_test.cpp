#include <gtest/gtest.h>

#include <hearth/codec/varint.h>

namespace hearth::codec {
namespace {

Result<std::uint64_t, CodecError> read(std::string_view hex) {
  const Bytes bytes = *from_hex(hex);
  Reader reader{bytes};
  return read_uvarint(reader);
}

TEST(Uvarint, ReadsTheSpecificationsExamples) {
  EXPECT_EQ(read("01"), 1U);
  EXPECT_EQ(read("7f"), 127U);
  EXPECT_EQ(read("8001"), 128U);
  EXPECT_EQ(read("ff01"), 255U);
  EXPECT_EQ(read("ac02"), 300U);
  EXPECT_EQ(read("808001"), 16384U);
}

TEST(Uvarint, RoundTripsAtEachSize) {
  for (int bits = 0; bits < 63; ++bits) {
    for (const std::uint64_t value : {std::uint64_t{1} << bits, (std::uint64_t{2} << bits) - 1}) {
      Bytes bytes;
      append_uvarint(bytes, value);
      EXPECT_EQ(bytes.size(), uvarint_size(value));
      Reader reader{bytes};
      EXPECT_EQ(read_uvarint(reader), value);
      EXPECT_TRUE(reader.empty());
    }
  }
}

TEST(Uvarint, RefusesWhatIsNotMinimal) {
  EXPECT_EQ(read("8000").error(), CodecError::not_minimal);
  EXPECT_EQ(read("818000").error(), CodecError::not_minimal);
}

TEST(Uvarint, RefusesMoreThan63Bits) {
  EXPECT_EQ(read("ffffffffffffffff7f"), max_uvarint);
  EXPECT_EQ(read("ffffffffffffffffff01").error(), CodecError::too_large);
}

TEST(Uvarint, AFailedReadConsumesNothing) {
  const Bytes bytes = *from_hex("8080");
  Reader reader{bytes};
  EXPECT_EQ(read_uvarint(reader).error(), CodecError::truncated);
  EXPECT_EQ(reader.remaining(), 2U);
}

TEST(LengthPrefixed, RefusesLengthsAboveTheBoundBeforeTheBytesCome) {
  const Bytes bytes = *from_hex("ffff03");
  Reader reader{bytes};
  EXPECT_EQ(read_length_prefixed(reader, 1000).error(), CodecError::too_large);
}

}  // namespace
}  // namespace hearth::codec
