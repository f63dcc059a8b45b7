#include <gtest/gtest.h>

#include <hearth/gun/text.h>
#include <hearth/gun/value.h>

namespace hearth::gun {
namespace {

std::string value_of(std::string_view json, ValueKind kind) {
  codec::TextArena arena;
  codec::JsonReader reader{json, arena};
  const Value value = read_value(reader);
  EXPECT_TRUE(reader.ok() && reader.at_end()) << json;
  EXPECT_EQ(value.kind, kind) << json;
  return std::string{value.json};
}

TEST(GunValue, WritesValuesAsJsonStringifyDoes) {
  EXPECT_EQ(value_of(" null", ValueKind::null), "null");
  EXPECT_EQ(value_of("true", ValueKind::boolean), "true");
  EXPECT_EQ(value_of("-12", ValueKind::number), "-12");
  EXPECT_EQ(value_of("-0", ValueKind::number), "0");
  EXPECT_EQ(value_of("1.50e1", ValueKind::number), "15");
  EXPECT_EQ(value_of("12345678901234567890", ValueKind::number), "12345678901234567000");
  EXPECT_EQ(value_of(R"("a\/\u00e4\n\u001F")", ValueKind::string), "\"a/\u00e4\\n\\u001f\"");
  EXPECT_EQ(value_of(R"("\ud83d\ude00\u2028")", ValueKind::string), "\"\U0001f600\u2028\"");
  EXPECT_EQ(value_of(R"({ "#" : "a\/b" })", ValueKind::link), R"({"#":"a/b"})");
}

TEST(GunValue, ReadsOverWhatIsNoValue) {
  for (const char* json : {"[1,[2,{\"a\":[]}]]", "{}", R"({"#":1})", R"({"#":""})",
                           R"({"#":"a","b":1})", R"({"a":{"#":"b"}})"})
    value_of(json, ValueKind::invalid);
}

// U+FF5E against U+1F600, whose first unit is 0xD83D: bytewise it is the other way round.
TEST(Utf16Order, IsThatOfJavaScript) {
  EXPECT_GT(compare_utf16("\uFF5E", "\U0001F600"), 0);
  EXPECT_LT(compare_utf16("\U0001F600", "\U0001F601"), 0);
  EXPECT_LT(compare_utf16("\uD7FF", "\U0001F600"), 0);
  EXPECT_LT(compare_utf16("", "a"), 0);
  EXPECT_LT(compare_utf16("ab", "abc"), 0);
  EXPECT_EQ(compare_utf16("\uFF5E", "\uFF5E"), 0);
  for (int byte = 0; byte < 0xf5; ++byte)
    EXPECT_EQ(utf16_unrank(utf16_rank(static_cast<std::uint8_t>(byte))), byte);
}

}  // namespace
}  // namespace hearth::gun
