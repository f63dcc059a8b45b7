#include <gtest/gtest.h>

#include <hearth/yamux/budget.h>

namespace hearth::yamux {
namespace {

constexpr std::size_t modest = MemoryBudget::modest_bytes;

TEST(MemoryBudget, CountsInItsParentAndNeverBeyondEither) {
  MemoryBudget all{100};
  MemoryBudget one{80, &all};
  MemoryBudget other{80, &all};
  EXPECT_TRUE(one.reserve(80));
  EXPECT_FALSE(one.reserve(1));
  EXPECT_FALSE(other.reserve(21));
  EXPECT_TRUE(other.reserve(20));
  EXPECT_EQ(all.used(), 100U);
  one.release(80);
  EXPECT_EQ(all.used(), 20U);
}

TEST(MemoryBudget, TheGreedyLeaveRoomForWhoHasJustCome) {
  MemoryBudget all{16 * modest, nullptr, 4 * modest};
  MemoryBudget first{16 * modest, &all};
  MemoryBudget second{16 * modest, &all};
  // Together they fill what isn't kept, however they share it.
  ASSERT_TRUE(first.reserve(8 * modest));
  ASSERT_TRUE(second.reserve(4 * modest));
  EXPECT_FALSE(first.reserve(1));
  EXPECT_FALSE(second.reserve(1));
  // Four newcomers find room all the same, each for a modest part.
  for (int i = 0; i < 4; ++i) {
    MemoryBudget newcomer{16 * modest, &all};
    EXPECT_TRUE(newcomer.reserve(modest));
    EXPECT_FALSE(newcomer.reserve(1));
    newcomer.release(modest);
  }
  // Nothing is kept from a newcomer that grows while there is room.
  first.release(8 * modest);
  MemoryBudget newcomer{16 * modest, &all};
  EXPECT_TRUE(newcomer.reserve(modest));
  EXPECT_TRUE(newcomer.reserve(7 * modest));
  EXPECT_FALSE(newcomer.reserve(1));
}

}  // namespace
}  // namespace hearth::yamux
