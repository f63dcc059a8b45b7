#include "zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::files {
namespace {

std::uint64_t number(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(text.at(at + i));
  return value;
}

// The check value of CRC-32/ISO-HDLC, whole and in parts of every length.
TEST(ZipCrc, IsTheStandardsOneInPartsToo) {
  const std::string_view text = "123456789";
  EXPECT_EQ(zip_crc32(as_bytes(text)), 0xcbf43926U);
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(zip_crc32(as_bytes(text.substr(cut)), zip_crc32(as_bytes(text.substr(0, cut)))),
              0xcbf43926U);
}

TEST(ZipLayout, KnowsItsLengthAndPlacesBeforeAnythingIsRead) {
  ZipLayout layout;
  layout.add({.name = "a", .folder = true});
  layout.add({.name = "a/b.txt", .size = 5, .modified_s = 1'700'000'000});
  layout.add({.name = "a/\xc3\xa9.txt", .size = 0});
  std::string whole;
  for (std::size_t i = 0; i < layout.count(); ++i) {
    EXPECT_EQ(layout.offset(i), whole.size());
    whole += layout.header(i) + std::string(layout.entry(i).size, 'x') + layout.descriptor(i, 7);
    EXPECT_EQ(layout.entry_at(whole.size() - 1), i);
  }
  EXPECT_EQ(layout.directory_offset(), whole.size());
  EXPECT_EQ(layout.entry_at(whole.size()), layout.count());
  for (std::size_t i = 0; i < layout.count(); ++i) whole += layout.record(i, 7);
  whole += layout.end();
  EXPECT_EQ(layout.length(), whole.size());
}

// APPNOTE 4.5.3: sizes and offsets that 32 bits don't hold stand in the zip64 field.
TEST(ZipLayout, UsesZip64FromFourGigabytesOn) {
  constexpr std::uint64_t large = 5'000'000'000;
  ZipLayout layout;
  layout.add({.name = "large", .size = large});
  layout.add({.name = "after", .size = 1});
  EXPECT_EQ(layout.descriptor(0, 1).size(), 24U);
  EXPECT_EQ(number(layout.descriptor(0, 1), 8, 8), large);
  const std::string first = layout.record(0, 1);
  EXPECT_EQ(number(first, 20, 4), 0xffffffffU);
  EXPECT_EQ(number(first, 46 + 5, 2), 1U);
  EXPECT_EQ(number(first, 46 + 5 + 4, 8), large);
  const std::string second = layout.record(1, 1);
  EXPECT_EQ(number(second, 42, 4), 0xffffffffU);
  EXPECT_EQ(number(second, 46 + 5 + 4, 8), layout.offset(1));
  EXPECT_EQ(number(layout.end(), 0, 4), 0x06064b50U);
  EXPECT_EQ(number(layout.end(), 48, 8), layout.directory_offset());
}

TEST(ZipLayout, UsesZip64FromSixtyFiveThousandEntriesOn) {
  ZipLayout layout;
  for (int i = 0; i < 0xffff; ++i) layout.add({.name = "x"});
  EXPECT_EQ(number(layout.end(), 24, 8), 0xffffU);
}

// A name that another system would take for a way out of the folder.
TEST(ZipLayout, HasNoBackslashesInNames) {
  ZipLayout layout;
  layout.add({.name = "..\\..\\run.exe"});
  EXPECT_THAT(layout.header(0), testing::HasSubstr(".._.._run.exe"));
}

TEST(ZipLayout, TellsTimesOfEveryAge) {
  ZipLayout layout;
  for (const std::int64_t time : {std::int64_t{-5}, std::int64_t{784111778}, std::int64_t{1} << 40})
    layout.add({.name = "x", .modified_s = time});
  EXPECT_EQ(number(layout.header(0), 10, 4), 0x210000U) << "1980-01-01";
  EXPECT_EQ(number(layout.header(1), 10, 4), 0x1d66'46'33U) << "1994-11-06 08:49:38";
  EXPECT_EQ(number(layout.header(2), 10, 4), 0xff9fbf7dU) << "2107-12-31 23:59:58";
}

}  // namespace
}  // namespace hearth::files
