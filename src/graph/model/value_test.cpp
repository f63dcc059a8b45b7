#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hearth/model/stamp.h>
#include <hearth/model/value.h>

namespace hearth::model {
namespace {

using codec::CborReader;
using codec::CborWriter;

std::string json(const Value& value) {
  std::string text;
  append_json(text, value);
  return text;
}

std::string encoded(const Value& value) {
  CborWriter writer;
  write(writer, value);
  return to_hex(writer.take());
}

Result<Value, ModelError> decoded(std::string_view hex) {
  const Bytes document = *from_hex(hex);
  CborReader reader{document};
  auto value = read_value(reader);
  if (value && !reader.done()) return Failure{ModelError::malformed};
  return value;
}

TEST(Value, JsonTextIsThatOfJsonStringify) {
  EXPECT_EQ(json(Null{}), "null");
  EXPECT_EQ(json(true), "true");
  EXPECT_EQ(json(0.1), "0.1");
  EXPECT_EQ(json(1e21), "1e+21");
  EXPECT_EQ(json(std::string{"a\"b\\c\b\f\n\r\t\x01\x1f\x7f/\xe2\x80\xa8"}),
            "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/\xe2\x80\xa8\"");
  EXPECT_EQ(json(Link{"so\"ul"}), "{\"#\":\"so\\\"ul\"}");
}

// The order that gun's own relay shows, lowest first.
TEST(Value, OrderOfEqualStatesIsGunsAndBytesAreAbove) {
  const Value order[] = {
      std::string{""},
      std::string{"a"},
      std::string{"ab"},                // the closing quote is below any letter
      std::string{"\xf0\x9f\x98\x80"},  // U+1F600 is D83D DE00
      std::string{"\xef\xbd\x9e"},      // U+FF5E
      -1.0,
      10.0,
      9.0,
      false,
      Null{},
      true,
      Link{"a"},
      Link{"b"},
      Bytes{},
      Bytes{std::byte{1}},
      Bytes{std::byte{1}, std::byte{0}},
      Bytes{std::byte{2}},
  };
  for (std::size_t i = 0; i < std::size(order); ++i)
    for (std::size_t k = 0; k < std::size(order); ++k)
      EXPECT_EQ(compare(order[i], order[k]), i <=> k) << i << " " << k;
}

TEST(Value, RoundTripsInOneEncoding) {
  EXPECT_EQ(encoded(Null{}), "f6");
  EXPECT_EQ(encoded(1.0), "01");
  EXPECT_EQ(encoded(-1.0), "20");
  EXPECT_EQ(encoded(1.5), "f93e00");
  EXPECT_EQ(encoded(9007199254740991.0), "1b001fffffffffffff");
  EXPECT_EQ(encoded(9007199254740992.0), "fa5a000000");
  EXPECT_EQ(encoded(1e300), "fb7e37e43c8800759c");
  EXPECT_EQ(encoded(std::string{"a"}), "6161");
  EXPECT_EQ(encoded(Link{"a"}), "816161");
  EXPECT_EQ(encoded(to_bytes("a")), "4161");
  for (const Value& value :
       {Value{Null{}}, Value{false}, Value{0.0}, Value{-0.5}, Value{1e300}, Value{5e-324},
        Value{std::string{"é"}}, Value{Link{"x"}}, Value{to_bytes("x")}})
    EXPECT_EQ(decoded(encoded(value)), value);
}

TEST(Value, RefusesEveryOtherEncoding) {
  EXPECT_EQ(decoded("f93c00").error(), ModelError::not_canonical);              // 1.0
  EXPECT_EQ(decoded("f90000").error(), ModelError::not_canonical);              // 0.0
  EXPECT_EQ(decoded("f98000").error(), ModelError::not_canonical);              // -0.0
  EXPECT_EQ(decoded("1b0020000000000000").error(), ModelError::not_canonical);  // 2^53
  EXPECT_EQ(decoded("1bffffffffffffffff").error(), ModelError::not_canonical);
  EXPECT_EQ(decoded("8160").error(), ModelError::empty);
  EXPECT_EQ(decoded("8101").error(), ModelError::wrong_shape);
  EXPECT_EQ(decoded("826161").error(), ModelError::malformed);
  EXPECT_EQ(decoded("a0").error(), ModelError::wrong_shape);
  EXPECT_EQ(decoded("61ff").error(), ModelError::malformed);
  EXPECT_EQ(decoded("1800").error(), ModelError::malformed);
}

TEST(Value, NumbersAreFiniteAndHaveOneZero) {
  EXPECT_FALSE(number(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(number(std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(std::signbit(std::get<double>(*number(-0.0))));
  EXPECT_FALSE(is_valid(Value{-0.0}));
  EXPECT_FALSE(is_valid(Value{std::string{"\xed\xa0\x80"}}));  // a lone surrogate
  EXPECT_FALSE(is_valid(Value{Link{""}}));
  EXPECT_TRUE(is_soul(std::string(max_soul_size, 'x')));
  EXPECT_FALSE(is_soul(std::string(max_soul_size + 1, 'x')));
  EXPECT_TRUE(is_property(""));
}

TEST(Stamp, IsBetweenZeroAndTheLastDate) {
  EXPECT_FALSE(Stamp::create(-1));
  EXPECT_FALSE(Stamp::create(8.64e15 + 2));
  EXPECT_FALSE(Stamp::create(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(Stamp::create(8.64e15));
  EXPECT_EQ(Stamp::at({.ms = -5}).ms(), 0);
}

TEST(HybridClock, GoesUpBy2ToTheMinus12MsWhileTimeStandsStill) {
  HybridClock clock;
  const Timestamp now{.ms = 1'763'731'139'000};
  EXPECT_EQ(clock.stamp(now).ms(), 1'763'731'139'000);
  clock.witness(clock.stamp(now));
  EXPECT_EQ(clock.stamp(now).ms(), 1'763'731'139'000 + 0x1p-12);
  EXPECT_EQ(clock.stamp({.ms = now.ms + 1}).ms(), 1'763'731'139'001);
}

TEST(HybridClock, StillGoesUpWhereADoublesStepsAreLarger) {
  HybridClock clock;
  Stamp last = *Stamp::create(8.6e15);
  for (int i = 0; i < 100; ++i) {
    clock.witness(last);
    const Stamp stamp = clock.stamp({.ms = 0});
    EXPECT_GT(stamp, last);
    last = stamp;
  }
  clock.witness(*Stamp::create(Stamp::highest));
  EXPECT_EQ(clock.stamp({.ms = 0}).ms(), Stamp::highest);
}

TEST(Calibration, AClockMoreThan5MinutesOffTakesTheAppliancesTime) {
  Calibration calibration;
  calibration.compare({.ms = 1'000'000}, {.ms = 1'300'000});
  EXPECT_FALSE(calibration.is_off());
  EXPECT_EQ(calibration.now({.ms = 5}).ms, 5);
  calibration.compare({.ms = 1'000'000}, {.ms = 699'999});
  EXPECT_TRUE(calibration.is_off());
  EXPECT_EQ(calibration.now({.ms = 1'000'001}).ms, 700'000);
}

}  // namespace
}  // namespace hearth::model
