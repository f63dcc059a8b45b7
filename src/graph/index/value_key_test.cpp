#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <hearth/graph_index/value_key.h>

namespace hearth::graph_index {
namespace {

using model::Link;
using model::Value;
using namespace std::string_literals;

std::string key_of(const Value& value) {
  std::string key;
  append_value_key(key, value);
  return key;
}

TEST(ValueKey, KindsStandInTheirOrderAndValuesWithin) {
  const std::vector<Value> ascending{
      model::Null{},
      false,
      true,
      -std::numeric_limits<double>::max(),
      -2.0,
      -1.5,
      -std::numeric_limits<double>::denorm_min(),
      0.0,
      std::numeric_limits<double>::denorm_min(),
      1.0,
      10.0,
      std::numeric_limits<double>::max(),
      ""s,
      "\0"s,
      "\0\0"s,
      "\0\x01"s,
      "a"s,
      "a\0"s,
      "a\0b"s,
      "aa"s,
      "b"s,
      "\xc3\xa9"s,
      Bytes{},
      to_bytes("a"),
      to_bytes("\xff\xff"),
      Link{"a"},
      Link{"b"},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(key_of(ascending[i]) <=> key_of(ascending[j]), i <=> j) << i << ' ' << j;
}

TEST(ValueKey, AnyValueComesBackAndNoKeyBeginsAnother) {
  std::mt19937_64 random{1};
  const auto string = [&] {
    std::string made;
    for (std::size_t size = random() % 6; size > 0; --size) made += "\0\x01\x02zé"s[random() % 4];
    return made;
  };
  const auto value = [&]() -> Value {
    switch (random() % 5) {
      case 0:
        return std::ldexp(static_cast<double>(random() % 2000) - 1000,
                          static_cast<int>(random() % 200) - 100);
      case 1:
        return string();
      case 2:
        return to_bytes(string());
      case 3:
        return Link{"s" + string()};
      default:
        return random() % 2 == 0;
    }
  };
  for (int i = 0; i < 20'000; ++i) {
    const Value a = value();
    const Value b = value();
    const std::string key = key_of(a);
    const auto read = read_value_key(key + string());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size, key.size());
    EXPECT_EQ(read->value, a);
    EXPECT_TRUE((key <=> key_of(b)) == (a <=> b));
    EXPECT_EQ(key_of(b).starts_with(key), a == b);
  }
}

TEST(ValueKey, LongValuesAreShortKeysThatStillTellThemApart) {
  const std::string longest(max_indexed_size, 'x');
  const Value whole = longest;
  const Value one = longest + "1";
  const Value other = longest + "2" + std::string(100'000, 'y');
  EXPECT_EQ(read_value_key(key_of(whole))->value, whole);
  for (const Value& value : {one, other}) {
    const std::string key = key_of(value);
    EXPECT_LE(key.size(), max_indexed_size + 64);
    EXPECT_EQ(read_value_key(key)->size, key.size());
    EXPECT_EQ(read_value_key(key)->value, std::nullopt);
    EXPECT_TRUE(key.starts_with(*prefix_key(whole)));
    EXPECT_GT(key, key_of(whole));
  }
  EXPECT_NE(key_of(one), key_of(other));
  EXPECT_FALSE(prefix_key(one));
  EXPECT_FALSE(prefix_key(1.0));
}

TEST(ValueKey, WhatIsNoKeyIsRefused) {
  for (const std::string& text : {""s, "\x08"s, "\x04"s, "\x04\x7f\xff\xff\xff\xff\xff\xff\xff"s,
                                  "\x05"
                                  "a"s,
                                  "\x05\0"s, "\x05\0\x03"s, "\x05\xff\0\x01"s,
                                  "\x05\0\x02"s + std::string(32, 'h'), "\x07\0\x01"s})
    EXPECT_FALSE(read_value_key(text)) << to_hex(as_bytes(text));
}

}  // namespace
}  // namespace hearth::graph_index
