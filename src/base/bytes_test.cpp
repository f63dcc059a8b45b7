#include <gtest/gtest.h>

#include <hearth/base/bytes.h>

namespace hearth {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(from_hex(to_hex(all)), all);
}

TEST(Hex, RefusesOddLengthsAndWrongDigits) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
  EXPECT_EQ(from_hex("AbFf"), from_hex("abff"));
}

TEST(Reader, AFailedReadConsumesNothing) {
  const Bytes input = *from_hex("010203");
  Reader reader{input};
  EXPECT_EQ(reader.u16_be(), 0x0102);
  EXPECT_FALSE(reader.u32_be());
  EXPECT_EQ(reader.remaining(), 1U);
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.position(), 3U);
}

TEST(Writer, WritesWhatReaderReads) {
  Bytes out;
  Writer writer{out};
  writer.u8(1);
  writer.u16_be(0x0203);
  writer.u32_be(0x04050607);
  writer.u64_be(0x08090a0b0c0d0e0f);
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e0f");
  Reader reader{out};
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16_be(), 0x0203);
  EXPECT_EQ(reader.u32_be(), 0x04050607U);
  EXPECT_EQ(reader.u64_be(), 0x08090a0b0c0d0e0fULL);
}

TEST(Utf8, RefusesSurrogatesOverlongsAndTruncation) {
  EXPECT_TRUE(is_utf8(as_bytes("h\xc3\xa4rth \xf0\x9f\x94\xa5")));
  EXPECT_FALSE(is_utf8(as_bytes("\xed\xa0\x80")));      // U+D800
  EXPECT_FALSE(is_utf8(as_bytes("\xc0\xaf")));          // overlong '/'
  EXPECT_FALSE(is_utf8(as_bytes("\xf4\x90\x80\x80")));  // above U+10FFFF
  EXPECT_FALSE(is_utf8(as_bytes("\xe2\x82")));          // cut short
}

}  // namespace
}  // namespace hearth
