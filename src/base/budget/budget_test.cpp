#include <vector>

#include <gtest/gtest.h>

#include <hearth/budget/budget.h>

namespace hearth::budget {
namespace {

constexpr std::size_t modest = Pool::modest_bytes;
constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST(Pool, CountsInItsParentAndNeverBeyondEither) {
  Pool all{100};
  Pool one{80, &all};
  Pool other{80, &all};
  EXPECT_TRUE(one.reserve(80));
  EXPECT_FALSE(one.reserve(1));
  EXPECT_FALSE(other.reserve(21));
  EXPECT_TRUE(other.reserve(20));
  EXPECT_EQ(all.used(), 100U);
  one.release(80);
  EXPECT_EQ(all.used(), 20U);
}

TEST(Pool, TheGreedyLeaveRoomForWhoHasJustCome) {
  Pool all{16 * modest, nullptr, 4 * modest};
  Pool first{16 * modest, &all};
  Pool second{16 * modest, &all};
  // Together they fill what isn't kept, however they share it.
  ASSERT_TRUE(first.reserve(8 * modest));
  ASSERT_TRUE(second.reserve(4 * modest));
  EXPECT_FALSE(first.reserve(1));
  EXPECT_FALSE(second.reserve(1));
  // Four newcomers find room all the same, each for a modest part.
  for (int i = 0; i < 4; ++i) {
    Pool newcomer{16 * modest, &all};
    EXPECT_TRUE(newcomer.reserve(modest));
    EXPECT_FALSE(newcomer.reserve(1));
    newcomer.release(modest);
  }
  // Nothing is kept from a newcomer that grows while there is room.
  first.release(8 * modest);
  Pool newcomer{16 * modest, &all};
  EXPECT_TRUE(newcomer.reserve(modest));
  EXPECT_TRUE(newcomer.reserve(7 * modest));
  EXPECT_FALSE(newcomer.reserve(1));
}

TEST(Pool, CountsARefusalOnceWhereThereWasNoRoomAndByWhom) {
  Pool total{100, nullptr, 0, 10};
  Pool layer{50, &total};
  EXPECT_FALSE(layer.reserve(51, Standing::stranger));
  EXPECT_EQ(layer.refused(Standing::stranger), 1U);
  EXPECT_EQ(total.refused(Standing::stranger), 0U);
  ASSERT_TRUE(total.reserve(80, Standing::stranger));
  EXPECT_FALSE(layer.reserve(11, Standing::stranger));
  EXPECT_FALSE(layer.reserve(21, Standing::enrolled));
  EXPECT_EQ(layer.refused(Standing::stranger), 1U);
  EXPECT_EQ(total.refused(Standing::stranger), 1U);
  EXPECT_EQ(total.refused(Standing::enrolled), 1U);
}

TEST(Pool, WhoeverBecomesEnrolledHasThePartThatIsKept) {
  Pool all{1000, nullptr, 0, 200};
  ASSERT_TRUE(all.reserve(800, Standing::stranger));
  Pool own{1000, &all};
  EXPECT_FALSE(own.reserve(1));
  own.set_standing(Standing::enrolled);
  EXPECT_TRUE(own.reserve(200));
  EXPECT_FALSE(own.reserve(1));
  own.release(200);
}

TEST(Claim, GivesBackWhatItTookAndWhatItGrewBy) {
  const auto pool = std::make_shared<Pool>(100);
  {
    auto claim = Claim::take(pool, 40, Standing::stranger);
    ASSERT_TRUE(claim);
    EXPECT_TRUE(claim->grow(60, Standing::stranger));
    EXPECT_FALSE(claim->grow(1, Standing::stranger));
    Claim moved = std::move(*claim);
    EXPECT_EQ(pool->used(), 100U);
    EXPECT_FALSE(Claim::take(pool, 1, Standing::stranger));
  }
  EXPECT_EQ(pool->used(), 0U);
}

TEST(Budget, IsSizedByTheMachine) {
  const Sizes small = sizes_for({.memory_bytes = 512 * mebibyte, .descriptors = 1024, .cores = 1});
  EXPECT_EQ(small.memory_bytes, 64 * mebibyte);
  EXPECT_EQ(small.sockets, 768U);
  const Sizes usual =
      sizes_for({.memory_bytes = 4096 * mebibyte, .descriptors = 65536, .cores = 4});
  EXPECT_EQ(usual.memory_bytes, 256 * mebibyte);
  EXPECT_EQ(usual.handshakes_per_second, 800);
  const Sizes large = sizes_for({.memory_bytes = 65536 * mebibyte, .descriptors = 65536});
  EXPECT_EQ(large.memory_bytes, 512 * mebibyte);
  EXPECT_EQ(sizes_for({.memory_bytes = 4096 * mebibyte}, 100 * mebibyte).memory_bytes,
            100 * mebibyte);
}

TEST(Budget, StrangersFillingEveryLayerAtOnceHoldNoMoreThanTheWholeAndLeaveTheEnrolledTheirPart) {
  const BudgetPtr budget = Budget::create({.memory_bytes = 64 * mebibyte});
  std::vector<Claim> held;
  for (std::size_t i = 0; i < layers; ++i)
    while (auto claim =
               Claim::take(budget->share(static_cast<Layer>(i)), 64 << 10, Standing::stranger))
      held.push_back(std::move(*claim));
  std::size_t sum = 0;
  for (const Claim& claim : held) sum += claim.amount();
  EXPECT_EQ(sum, 56 * mebibyte);
  for (std::size_t i = 0; i < layers; ++i) {
    const auto layer = static_cast<Layer>(i);
    EXPECT_FALSE(Claim::take(budget->share(layer), 1, Standing::newcomer)) << to_string(layer);
    EXPECT_TRUE(Claim::take(budget->share(layer), 64 << 10, Standing::enrolled))
        << to_string(layer);
  }
  for (const Item& item : budget->items())
    if (item.resource == "memory" && item.layer == "total") {
      EXPECT_EQ(item.used, 56 * mebibyte);
      EXPECT_GT(item.refused[0], 0U);
      EXPECT_EQ(item.refused[2], 0U);
    }
}

TEST(Budget, HandshakesOfStrangersHaveARateAndTheEnrolledNone) {
  const BudgetPtr budget = Budget::create({.handshakes_per_second = 10, .handshake_burst = 20});
  const Instant start{};
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += budget->may_shake_hands(start, Standing::stranger);
  EXPECT_EQ(admitted, 20);
  EXPECT_TRUE(budget->may_shake_hands(start, Standing::enrolled));
  const Instant later = start + std::chrono::milliseconds{500};
  for (int i = 0; i < 100; ++i) admitted += budget->may_shake_hands(later, Standing::stranger);
  EXPECT_EQ(admitted, 25);
  const Item handshakes = budget->items().back();
  EXPECT_EQ(handshakes.resource, "handshakes");
  EXPECT_EQ(handshakes.refused[0], 175U);
  EXPECT_EQ(handshakes.used, 20U);
}

TEST(Budget, OutlivesItsOwnersAsLongAsSomethingIsHeld) {
  BudgetPtr budget = Budget::create({});
  auto claim = Claim::take(budget->share(Layer::http), 100, Standing::stranger);
  const std::weak_ptr<Budget> weak = budget;
  budget.reset();
  EXPECT_FALSE(weak.expired());
  claim.reset();
  EXPECT_TRUE(weak.expired());
}

TEST(MetricsText, NamesATypeOncePerNameAndLabelsInBraces) {
  MetricsText text{"x_"};
  text.counter("a_total", 3);
  text.gauge("b", {{"layer", "relay"}}, 1);
  text.gauge("b", {{"layer", "gun"}}, 2);
  EXPECT_EQ(text.text(),
            "# TYPE x_a_total counter\nx_a_total 3\n# TYPE x_b gauge\n"
            "x_b{layer=\"relay\"} 1\nx_b{layer=\"gun\"} 2\n");
}

}  // namespace
}  // namespace hearth::budget
