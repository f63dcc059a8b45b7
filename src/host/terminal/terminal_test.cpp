#include <gtest/gtest.h>

#include <hearth/terminal/terminal.h>

namespace hearth::terminal {
namespace {

TEST(Table, AlignsColumnsByCharactersNotBytes) {
  EXPECT_EQ(table({{"NAME", "ROLE"}, {"Zoë", "owner"}, {"anna", "member"}}),
            "NAME  ROLE\nZoë   owner\nanna  member\n");
  EXPECT_EQ(table({}), "");
}

TEST(QrCode, HoldsALinkAndRefusesABook) {
  const auto code = qr_code("http://home.hearth.localhost:8420/#1.pair.abc.def");
  ASSERT_TRUE(code);
  EXPECT_NE(code->find("█"), std::string::npos);
  EXPECT_FALSE(qr_code(std::string(5000, 'x')));
}

}  // namespace
}  // namespace hearth::terminal
