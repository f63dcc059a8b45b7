#include <gtest/gtest.h>

#include <hearth/logging/json_log.h>

namespace hearth::logging {
namespace {

TEST(JsonLog, EscapesWhatCouldForgeALineOrBreakJson) {
  EXPECT_EQ(json_line("t", LogLevel::warning, "a.b", {{"k", "x\"\n\\\x01"}, {"n", 7}}),
            R"({"time":"t","level":"warning","event":"a.b","k":"x\"\u000a\\\u0001","n":"7"})");
  EXPECT_EQ(json_line("t", LogLevel::info, "e", {{"k", "\xff"}}),
            R"({"time":"t","level":"info","event":"e","k":"\u00ff"})");
}

TEST(JsonLog, KnowsItsLevels) {
  EXPECT_EQ(parse_level("debug"), LogLevel::debug);
  EXPECT_FALSE(parse_level("loud"));
}

}  // namespace
}  // namespace hearth::logging
