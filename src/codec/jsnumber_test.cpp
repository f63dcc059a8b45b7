#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <hearth/codec/jsnumber.h>

namespace hearth::codec {
namespace {

// ECMA-262 section 6.1.6.1.20, each branch, as node prints it.
TEST(JsNumber, WritesAsEcmaScriptDoes) {
  EXPECT_EQ(js_number(0), "0");
  EXPECT_EQ(js_number(-0.0), "0");
  EXPECT_EQ(js_number(1), "1");
  EXPECT_EQ(js_number(-1.5), "-1.5");
  EXPECT_EQ(js_number(100), "100");
  EXPECT_EQ(js_number(1e20), "100000000000000000000");
  EXPECT_EQ(js_number(1e21), "1e+21");
  EXPECT_EQ(js_number(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(js_number(1.2345e25), "1.2345e+25");
  EXPECT_EQ(js_number(0.000001), "0.000001");
  EXPECT_EQ(js_number(0.0000001), "1e-7");
  EXPECT_EQ(js_number(1.5e-9), "1.5e-9");
  EXPECT_EQ(js_number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(js_number(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(js_number(5e-324), "5e-324");
  EXPECT_EQ(js_number(2.2250738585072014e-308), "2.2250738585072014e-308");
  EXPECT_EQ(js_number(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(js_number(1e23), "1e+23");
  EXPECT_EQ(js_number(2e-44), "2e-44");
  EXPECT_EQ(js_number(9.5367431640625e-7), "9.5367431640625e-7");
  EXPECT_EQ(js_number(1763731138123.001), "1763731138123.001");
  EXPECT_EQ(js_number(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(js_number(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(js_number(std::nan("")), "NaN");
}

TEST(JsNumber, ReadsJsonsGrammarAlone) {
  EXPECT_EQ(parse_js_number("0"), 0.0);
  EXPECT_TRUE(std::signbit(*parse_js_number("-0")));
  EXPECT_EQ(parse_js_number("-12.5e-1"), -1.25);
  EXPECT_EQ(parse_js_number("1E+2"), 100.0);
  for (const char* wrong : {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", " 1", "1 ", "0x1", "NaN",
                            "Infinity", "1e309", "-1e400", "1e999999999999"})
    EXPECT_EQ(parse_js_number(wrong), std::nullopt) << wrong;
}

TEST(JsNumber, RoundsToTheNearestTiesToEven) {
  EXPECT_EQ(parse_js_number("9007199254740993"), 9007199254740992.0);
  EXPECT_EQ(parse_js_number("9007199254740995"), 9007199254740996.0);
  EXPECT_EQ(parse_js_number("9007199254740993.00000000000000000000000000001"), 9007199254740994.0);
  // Half of the smallest double, and a little more: 2^-1075 has 751 digits.
  EXPECT_EQ(parse_js_number("2.4703282292062327e-324"), 0.0);
  EXPECT_EQ(parse_js_number("2.4703282292062328e-324"), 5e-324);
  EXPECT_EQ(parse_js_number("1.7976931348623158e308"), 1.7976931348623157e308);
  EXPECT_EQ(parse_js_number("1.7976931348623159e308"), std::nullopt);
  EXPECT_EQ(parse_js_number("1" + std::string(900, '0') + "e-900"), 1.0);
  EXPECT_EQ(parse_js_number("0." + std::string(900, '0') + "1e901"), 1.0);
  EXPECT_EQ(parse_js_number("0." + std::string(2000, '0') + "1"), 0.0);
}

double random_double(std::mt19937_64& random) {
  const std::uint64_t bits = random();
  switch (bits % 4) {
    case 0:  // states: milliseconds with a fraction
      return 1.6e12 + static_cast<double>(random() % 300'000'000'000) +
             static_cast<double>(random() % 999) / 999;
    case 1:
      return static_cast<double>(static_cast<std::int64_t>(random())) /
             static_cast<double>(1 + random() % 1000);
    default: {
      const double any = std::bit_cast<double>(random());
      return std::isfinite(any) ? any : 1;
    }
  }
}

TEST(JsNumber, ReadsBackWhatItWroteAsTheSameBits) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 200'000; ++i) {
    const double value = random_double(random);
    const auto back = parse_js_number(js_number(value));
    ASSERT_TRUE(back);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*back), std::bit_cast<std::uint64_t>(value)) << value;
  }
}

TEST(JsNumber, ReadsAsTheCLibraryAndWritesAsFewDigits) {
  std::mt19937_64 random{8};
  for (int i = 0; i < 200'000; ++i) {
    const double value = random_double(random);
    std::array<char, 400> text;
    // As many digits as matter, too many, and too few.
    const int precision = static_cast<int>(random() % 30);
    const int size = std::snprintf(text.data(), text.size(), "%.*e", precision, value);
    const std::string written{text.data(), static_cast<std::size_t>(size)};
    const double wanted = std::strtod(written.c_str(), nullptr);
    const auto read = parse_js_number(written);
    if (std::isinf(wanted)) {
      ASSERT_FALSE(read);
    } else {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(read.value()), std::bit_cast<std::uint64_t>(wanted))
          << written;
    }
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
    const std::string shortest = js_number(value);
    const auto digits = [](std::string_view number) {
      std::string kept;
      for (const char c : number.substr(0, number.find('e')))
        if (c >= '0' && c <= '9') kept += c;
      kept.erase(0, kept.find_first_not_of('0'));
      kept.erase(kept.find_last_not_of('0') + 1);
      return kept;
    };
    ASSERT_EQ(digits(shortest), digits({text.data(), end.ptr})) << written;
  }
}

}  // namespace
}  // namespace hearth::codec
