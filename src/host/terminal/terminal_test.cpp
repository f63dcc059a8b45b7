#include <gtest/gtest.h>

#include <hearth/terminal/terminal.h>

namespace hearth::terminal {
namespace {

TEST(Table, AlignsColumnsByCharactersNotBytes) {
  EXPECT_EQ(table({{"NAME", "ROLE"}, {"Zoë", "owner"}, {"anna", "member"}}),
            "NAME  ROLE\nZoë   owner\nanna  member\n");
  EXPECT_EQ(table({}), "");
}

// Unicode Standard Annex 15, Normalization Forms, table 3 and its Hangul example.
TEST(Nfc, OneTextHasOneFormHoweverItIsComposed) {
  EXPECT_EQ(nfc("caf\u0065\u0301"), "caf\u00e9");
  EXPECT_EQ(nfc("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(nfc("\u0064\u0323\u0307"), "\u1e0d\u0307");
  EXPECT_EQ(nfc("\u0064\u0307\u0323"), "\u1e0d\u0307");
  EXPECT_EQ(nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(nfc("\u2126"), "\u03a9");  // Ohm sign
  EXPECT_EQ(nfc("\ufb01"), "\ufb01");  // compatibility is left alone
  EXPECT_EQ(nfc(""), "");
  EXPECT_EQ(nfc(std::string_view{"a\0b", 3}), (std::string{"a\0b", 3}));
  EXPECT_FALSE(nfc("\xff\xfe"));
}

TEST(QrCode, HoldsALinkAndRefusesABook) {
  const auto code = qr_code("http://home.hearth.localhost:8420/#1.pair.abc.def");
  ASSERT_TRUE(code);
  EXPECT_NE(code->find("█"), std::string::npos);
  EXPECT_FALSE(qr_code(std::string(5000, 'x')));
}

}  // namespace
}  // namespace hearth::terminal
