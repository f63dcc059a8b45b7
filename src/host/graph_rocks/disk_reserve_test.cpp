#include <gtest/gtest.h>

#include <hearth/graph_rocks/disk_reserve.h>

namespace hearth::graph_rocks {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

TEST(DiskReserve, IsATwentiethOfADiskAndAtMostTwoGibibytes) {
  EXPECT_EQ(DiskReserve::of(20 * gib), gib);
  EXPECT_EQ(DiskReserve::of(4000 * gib), 2 * gib);
}

TEST(DiskReserve, IsReachedWhileNoMoreIsLeft) {
  DiskReserve::Room room{.total = 20 * gib, .available = gib + 1};
  const DiskReserve reserve{[&] { return std::optional{room}; }};
  EXPECT_FALSE(reserve.is_reached());
  room.available = gib;
  EXPECT_TRUE(reserve.is_reached());
}

TEST(DiskReserve, ADiskThatCannotBeLookedAtIsNotFull) {
  EXPECT_FALSE(DiskReserve{std::filesystem::path{"/nowhere/at/all"}}.is_reached());
}

}  // namespace
}  // namespace hearth::graph_rocks
