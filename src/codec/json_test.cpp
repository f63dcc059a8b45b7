#include <gtest/gtest.h>

#include <hearth/codec/json.h>

namespace hearth::codec {
namespace {

std::string value_of(std::string_view json, JsonKind kind) {
  TextArena arena;
  JsonReader reader{json, arena};
  const JsonValue value = reader.value();
  EXPECT_TRUE(reader.ok() && reader.at_end()) << json;
  EXPECT_EQ(value.kind, kind) << json;
  return std::string{value.text};
}

bool reads(std::string_view json) {
  TextArena arena;
  JsonReader reader{json, arena};
  reader.skip();
  return reader.ok() && reader.at_end();
}

TEST(Json, WritesScalarsAsJsonStringifyDoes) {
  EXPECT_EQ(value_of(" null", JsonKind::null), "null");
  EXPECT_EQ(value_of("true", JsonKind::boolean), "true");
  EXPECT_EQ(value_of("-12", JsonKind::number), "-12");
  EXPECT_EQ(value_of("-0", JsonKind::number), "0");
  EXPECT_EQ(value_of("1.50e1", JsonKind::number), "15");
  EXPECT_EQ(value_of(R"("\ud83d\ude00\u2028")", JsonKind::string), "\"\U0001f600\u2028\"");
  EXPECT_EQ(value_of(R"({"a":[1]})", JsonKind::other), "");
  EXPECT_EQ(value_of(R"([{"a":1}])", JsonKind::other), "");
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

TEST(Json, GivesNothingOfWhatIsNoScalar) {
  for (const char* json : {"\"a", "\"\\x\"", "\"\\u12", "tru", "folse", "nul", "01", "1e999", ""}) {
    TextArena arena;
    JsonReader reader{json, arena};
    const JsonValue value = reader.value();
    EXPECT_FALSE(reader.ok()) << json;
    EXPECT_EQ(value.kind, JsonKind::other) << json;
    EXPECT_EQ(value.text, "") << json;
  }
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
}  // namespace hearth::codec
