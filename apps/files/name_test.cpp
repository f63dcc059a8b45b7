#include "name.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::files {
namespace {

TEST(Path, TakesWhatPeopleNameThings) {
  for (const char* good : {"", "a", "a/b/c.txt", "...", ".hidden", "Ünïcödé/日本語/🏠", "a b",
                           "-rf", "con", "a\\b", "100%"})
    EXPECT_TRUE(Path::parse(good)) << good;
}

TEST(Path, RefusesWhatCouldLeaveTheTreeOrConfuse) {
  using enum PathError;
  const auto why = [](std::string_view text) { return Path::parse(text).error(); };
  EXPECT_EQ(why("/a"), empty_part);
  EXPECT_EQ(why("a/"), empty_part);
  EXPECT_EQ(why("a//b"), empty_part);
  EXPECT_EQ(why("."), dot_part);
  EXPECT_EQ(why("a/../b"), dot_part);
  EXPECT_EQ(why(std::string_view{"a\0b", 3}), bad_character);
  EXPECT_EQ(why("a\nb"), bad_character);
  EXPECT_EQ(why("\x7f"), bad_character);
  EXPECT_EQ(why("\xff"), not_utf8);
  EXPECT_EQ(why("\xc0\xaf"), not_utf8) << "an overlong '/'";
  EXPECT_EQ(why(std::string(256, 'x')), too_long);
  EXPECT_TRUE(Path::parse(std::string(255, 'x')));
  std::string deep = "x";
  for (int i = 1; i < 64; ++i) deep += "/x";
  EXPECT_TRUE(Path::parse(deep));
  EXPECT_EQ(why(deep + "/x"), too_deep);
}

TEST(Path, KnowsItsParentAndWhatIsBelow) {
  const auto path = *Path::parse("a/b/c.txt");
  EXPECT_EQ(path.name(), "c.txt");
  EXPECT_EQ(path.parent().text(), "a/b");
  EXPECT_TRUE(path.parent().parent().parent().is_top());
  EXPECT_TRUE(path.is_within(*Path::parse("a")));
  EXPECT_FALSE(path.is_within(*Path::parse("a/b/c")));
  EXPECT_TRUE(path.is_within(path));
}

TEST(Numbered, CountsBeforeTheExtension) {
  EXPECT_EQ(numbered("a.jpg", 2), "a (2).jpg");
  EXPECT_EQ(numbered("a (2).jpg", 3), "a (3).jpg");
  EXPECT_EQ(numbered("folder", 2), "folder (2)");
  EXPECT_EQ(numbered(".profile", 2), ".profile (2)");
  EXPECT_EQ(numbered("(2)", 2), "(2) (2)");
  EXPECT_EQ(numbered("Hello. This is a sentence without extension", 2),
            "Hello. This is a sentence without extension (2)");
}

TEST(Numbered, StaysAValidNameWhateverItsLength) {
  std::string umlauts;
  for (int i = 0; i < 127; ++i) umlauts += "ü";
  for (const auto& name : {std::string(255, 'x'), umlauts, umlauts.substr(0, 250) + ".jpg"}) {
    const auto result = numbered(name, 9999);
    EXPECT_LE(result.size(), max_name_bytes);
    EXPECT_TRUE(check_name(result)) << result;
  }
}

TEST(Folded, IgnoresCaseInLatinGreekAndCyrillic) {
  EXPECT_EQ(folded("ÄÖÜ ÇÉ Ł Ž Ÿ"), "äöü çé ł ž ÿ");
  EXPECT_EQ(folded("ΑΘΗΝΑ ΆΏ"), "αθηνα άώ");
  EXPECT_EQ(folded("ШКОЛА Ё"), "школа ё");
  EXPECT_EQ(folded("日本 × ÷ ß 🏠"), "日本 × ÷ ß 🏠") << "everything else is left alone";
}

TEST(SortKey, OrdersAsPeopleCount) {
  std::vector<std::string> names{"b", "a10", "A2", "a1", "a02", "a", "10", "9", "a1b", "a1a"};
  std::ranges::sort(names, {}, [](const std::string& name) { return sort_key(name); });
  EXPECT_THAT(names, ::testing::ElementsAre("9", "10", "a", "a1", "a1a", "a1b",
                                            ::testing::AnyOf("A2", "a02"),
                                            ::testing::AnyOf("A2", "a02"), "a10", "b"));
}

TEST(MediaType, GoesByTheExtensionAlone) {
  EXPECT_EQ(media_type("A.JPG"), "image/jpeg");
  EXPECT_EQ(media_type("x.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type("zip"), "application/octet-stream");
  EXPECT_EQ(media_type("a.exe"), "application/octet-stream");
  for (const char* known : {"7z", "zip", "mp4", "md", "webm", "pdf"})
    EXPECT_NE(media_type(std::string{"a."} + known), "application/octet-stream");
}

}  // namespace
}  // namespace hearth::files
