#include <bit>

#include <gtest/gtest.h>

#include <hearth/codec/cbor.h>

namespace hearth::codec {
namespace {

// Reads whatever the document holds, down to its last item.
Result<Unit, CborError> read_item(CborReader& reader) {
  HEARTH_TRY(const CborKind kind, reader.peek());
  switch (kind) {
    case CborKind::uint:
      HEARTH_CHECK(reader.uint());
      break;
    case CborKind::negative:
      HEARTH_CHECK(reader.integer());
      break;
    case CborKind::bytes:
      HEARTH_CHECK(reader.bytes());
      break;
    case CborKind::text:
      HEARTH_CHECK(reader.text());
      break;
    case CborKind::boolean:
      HEARTH_CHECK(reader.boolean());
      break;
    case CborKind::null:
      HEARTH_CHECK(reader.null());
      break;
    case CborKind::floating:
      HEARTH_CHECK(reader.floating());
      break;
    case CborKind::array: {
      HEARTH_TRY(const std::uint64_t items, reader.array());
      for (std::uint64_t i = 0; i < items; ++i) HEARTH_CHECK(read_item(reader));
      break;
    }
    case CborKind::map: {
      HEARTH_TRY(const std::uint64_t pairs, reader.map());
      for (std::uint64_t i = 0; i < 2 * pairs; ++i) HEARTH_CHECK(read_item(reader));
      break;
    }
  }
  return Unit{};
}

std::optional<CborError> error_of(std::string_view hex) {
  const Bytes document = *from_hex(hex);
  CborReader reader{document};
  if (const auto item = read_item(reader); !item) return item.error();
  if (const auto done = reader.done(); !done) return done.error();
  return std::nullopt;
}

TEST(Cbor, WritesTheExamplesOfRfc8949AppendixA) {
  EXPECT_EQ(to_hex(CborWriter{}.uint(0).take()), "00");
  EXPECT_EQ(to_hex(CborWriter{}.uint(23).take()), "17");
  EXPECT_EQ(to_hex(CborWriter{}.uint(24).take()), "1818");
  EXPECT_EQ(to_hex(CborWriter{}.uint(1000).take()), "1903e8");
  EXPECT_EQ(to_hex(CborWriter{}.uint(1000000).take()), "1a000f4240");
  EXPECT_EQ(to_hex(CborWriter{}.uint(18446744073709551615U).take()), "1bffffffffffffffff");
  EXPECT_EQ(to_hex(CborWriter{}.integer(-1000).take()), "3903e7");
  EXPECT_EQ(to_hex(CborWriter{}.boolean(false).take()), "f4");
  EXPECT_EQ(to_hex(CborWriter{}.null().take()), "f6");
  EXPECT_EQ(to_hex(CborWriter{}.bytes(*from_hex("01020304")).take()), "4401020304");
  EXPECT_EQ(to_hex(CborWriter{}.text("IETF").take()), "6449455446");
  EXPECT_EQ(
      to_hex(
          CborWriter{}.array(3).uint(1).array(2).uint(2).uint(3).array(2).uint(4).uint(5).take()),
      "8301820203820405");
  EXPECT_EQ(to_hex(CborWriter{}.map(2).text("a").uint(1).text("b").array(2).uint(2).uint(3).take()),
            "a26161016162820203");
}

TEST(Cbor, ReadsWhatItWrites) {
  const Bytes document = CborWriter{}
                             .array(6)
                             .uint(1)
                             .integer(std::numeric_limits<std::int64_t>::min())
                             .bytes(to_bytes("x"))
                             .text("y")
                             .boolean(true)
                             .map(0)
                             .take();
  CborReader reader{document};
  EXPECT_TRUE(reader.array(6));
  EXPECT_EQ(reader.uint(), 1U);
  EXPECT_EQ(reader.integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(equal(reader.bytes(1).value(), as_bytes("x")));
  EXPECT_EQ(reader.text(), "y");
  EXPECT_EQ(reader.boolean(), true);
  EXPECT_EQ(reader.map(), 0U);
  EXPECT_TRUE(reader.done());
}

TEST(Cbor, EachValueHasOneEncoding) {
  EXPECT_EQ(error_of("1817"), CborError::not_minimal);
  EXPECT_EQ(error_of("190018"), CborError::not_minimal);
  EXPECT_EQ(error_of("1a0000ffff"), CborError::not_minimal);
  EXPECT_EQ(error_of("1b00000000ffffffff"), CborError::not_minimal);
  EXPECT_EQ(error_of("5801ff"), CborError::not_minimal);
  EXPECT_EQ(error_of("9f01ff"), CborError::indefinite);
  EXPECT_EQ(error_of("5f41aaff"), CborError::indefinite);
  EXPECT_EQ(error_of("a2616201616101"), CborError::unsorted_map);
  EXPECT_EQ(error_of("a2616101616102"), CborError::unsorted_map);  // twice
  EXPECT_EQ(error_of("a2616101186402"), CborError::unsorted_map);  // 0x18 sorts before 0x61
  EXPECT_EQ(error_of("a2186402616101"), std::nullopt);
  EXPECT_EQ(error_of("62c328"), CborError::bad_utf8);
  EXPECT_EQ(error_of("0000"), CborError::trailing_bytes);
}

TEST(Cbor, RefusesWhatIsOutsideTheSubset) {
  EXPECT_EQ(error_of("f97e00"), CborError::unsupported);      // NaN
  EXPECT_EQ(error_of("fa7f800000"), CborError::unsupported);  // Infinity
  EXPECT_EQ(error_of("a1f93e0001"), CborError::unsupported);  // a float as a key
  EXPECT_EQ(error_of("c101"), CborError::unsupported);        // a tag
  EXPECT_EQ(error_of("f7"), CborError::unsupported);          // undefined
  EXPECT_EQ(error_of("f818"), CborError::unsupported);
  EXPECT_EQ(error_of("1c"), CborError::unsupported);      // reserved
  EXPECT_EQ(error_of("a18001"), CborError::unsupported);  // an array as a key
  EXPECT_EQ(error_of("3bffffffffffffffff"), CborError::out_of_range);
}

TEST(Cbor, RefusesTruncationEverywhere) {
  const std::string whole = "a26161016162820203";
  for (std::size_t size = 0; size < whole.size(); size += 2)
    EXPECT_EQ(error_of(whole.substr(0, size)), CborError::truncated) << size;
}

TEST(Cbor, AnAnnouncedCountIsNeverMoreThanTheBytesThatCame) {
  EXPECT_EQ(error_of("9bffffffffffffffff"), CborError::truncated);
  EXPECT_EQ(error_of("bb8000000000000001"), CborError::truncated);
  EXPECT_EQ(error_of("5bffffffffffffffff"), CborError::truncated);
}

// RFC 8949 appendix A.
TEST(Cbor, AFloatStandsInItsShortestForm) {
  const std::pair<double, std::string_view> examples[] = {
      {0.0, "f90000"},
      {-0.0, "f98000"},
      {1.5, "f93e00"},
      {65504.0, "f97bff"},
      {100000.0, "fa47c35000"},
      {3.4028234663852886e+38, "fa7f7fffff"},
      {1.1, "fb3ff199999999999a"},
      {1.0e+300, "fb7e37e43c8800759c"},
      {5.960464477539063e-8, "f90001"},
      {0.00006103515625, "f90400"},
      {-4.0, "f9c400"},
      {-4.1, "fbc010666666666666"},
      {0x1p-149, "fa00000001"},
      {0x1p-25, "fa33000000"},
      {0x1.004p-15, "fa38002000"},
      {0x1p-1074, "fb0000000000000001"},
  };
  for (const auto& [value, hex] : examples) {
    EXPECT_EQ(to_hex(CborWriter{}.floating(value).take()), hex);
    const Bytes document = *from_hex(hex);
    CborReader reader{document};
    const auto read = reader.floating();
    ASSERT_TRUE(read) << hex;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*read), std::bit_cast<std::uint64_t>(value));
  }
  EXPECT_EQ(error_of("fa3fc00000"), CborError::not_minimal);
  EXPECT_EQ(error_of("fb3ff8000000000000"), CborError::not_minimal);
  EXPECT_EQ(error_of("fb40f86a0000000000"), CborError::not_minimal);
}

TEST(Cbor, SkippingIsAsStrictAsReading) {
  const Bytes document = *from_hex("8401a1616183f5f6f93e0020423031");
  CborReader reader{document};
  ASSERT_TRUE(reader.skip());
  EXPECT_TRUE(reader.done());
  const Bytes unsorted = *from_hex("a2616201616101");
  CborReader strict{unsorted};
  EXPECT_EQ(strict.skip().error(), CborError::unsorted_map);
}

TEST(Cbor, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    std::string hex;
    for (std::size_t i = 0; i < depth; ++i) hex += "81";
    return hex + "00";
  };
  EXPECT_EQ(error_of(nested(max_cbor_depth)), std::nullopt);
  EXPECT_EQ(error_of(nested(max_cbor_depth + 1)), CborError::too_deep);
}

TEST(Cbor, AnArrayMayBeAskedForByItsSize) {
  const Bytes document = *from_hex("820102");
  CborReader three{document};
  EXPECT_EQ(three.array(3).error(), CborError::wrong_count);
  CborReader two{document};
  EXPECT_TRUE(two.array(2));
  EXPECT_EQ(two.text().error(), CborError::wrong_type);
}

}  // namespace
}  // namespace hearth::codec
