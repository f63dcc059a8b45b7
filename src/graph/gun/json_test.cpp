#include <gtest/gtest.h>

#include <hearth/gun/json.h>
#include <hearth/gun/text.h>

namespace hearth::gun {
namespace {

std::string value_of(std::string_view json, ValueKind kind) {
  TextArena arena;
  JsonReader reader{json, arena};
  const Value value = reader.value();
  EXPECT_TRUE(reader.ok() && reader.at_end()) << json;
  EXPECT_EQ(value.kind, kind) << json;
  return std::string{value.json};
}

bool reads(std::string_view json) {
  TextArena arena;
  JsonReader reader{json, arena};
  reader.skip();
  return reader.ok() && reader.at_end();
}

TEST(Json, WritesValuesAsJsonStringifyDoes) {
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

TEST(Json, ReadsOverWhatIsNoValue) {
  for (const char* json : {"[1,[2,{\"a\":[]}]]", "{}", R"({"#":1})", R"({"#":""})",
                           R"({"#":"a","b":1})", R"({"a":{"#":"b"}})"})
    value_of(json, ValueKind::invalid);
}

TEST(Json, IsStrict) {
  for (const char* json : {"{}", "[]", "{\"a\":[1,2,{\"b\":null}],\"c\":\"\\\"\"}", " [ 1 , 2 ] "})
    EXPECT_TRUE(reads(json)) << json;
  for (const char* json :
       {"",       "{",    "{bad",  "[1,2", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}",
        "[1 2]",  "nul",  "tru e", "01",   "1.",   "\"a",        "\"\\x\"", "\"\\u12g4\"",
        "\"\n\"", "\"\\", "[1]]",  "{}{}", "NaN",  "'a'",        "1e999",   "\"\\u123"})
    EXPECT_FALSE(reads(json)) << json;
}

TEST(Json, RefusesNestingWithoutEndAndNeverRecurses) {
  EXPECT_TRUE(reads(std::string(500, '[') + std::string(500, ']')));
  EXPECT_FALSE(reads(std::string(100'000, '[') + std::string(100'000, ']')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(reads(objects));
}

TEST(Json, NoticesHalfOfASurrogatePair) {
  for (const char* json : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")"}) {
    TextArena arena;
    JsonReader reader{json, arena};
    EXPECT_NE(reader.string().find("\uFFFD"), std::string_view::npos);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.had_lone_surrogate()) << json;
  }
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

TEST(JsonString, EscapesInEveryPlaceOfAWord) {
  for (std::size_t length = 0; length < 20; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      std::string text(length, 'x');
      text[place] = '"';
      EXPECT_EQ(find_escaped(text), place);
      text[place] = '\x1f';
      EXPECT_EQ(find_escaped(text), place);
      text[place] = '\x7f';
      EXPECT_EQ(find_escaped(text), length);
      text[place] = '\x80';
      EXPECT_EQ(find_escaped(text), length);
    }
  }
}

}  // namespace
}  // namespace hearth::gun
