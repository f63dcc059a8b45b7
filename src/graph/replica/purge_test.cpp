// A purge in steps, beside one that is done at once.

#include <random>

#include <gtest/gtest.h>

#include "desk_for_test.h"
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/graph_store/faulty_store.h>

namespace hearth::replica::testing {
namespace {

constexpr std::size_t count = 60;

std::string soul_of(std::size_t number) {
  return "soul/" + std::to_string(number);
}

/// Some of everything that a purge looks at, on one node.
void fill(Draft& draft, std::size_t number) {
  const std::string soul = soul_of(number);
  (void)draft.put(soul, "v", static_cast<double>(number));
  if (number % 4 == 0) return;
  (void)draft.put(soul, "w", 1.0);
  (void)draft.include(soul, "s", 1.0);
  (void)draft.insert(soul, "l", 0, letters("abc"));
}
void thin(Draft& draft, std::size_t number) {
  const std::string soul = soul_of(number);
  if (number % 4 == 0) (void)draft.put(soul, "v", 2.0);
  if (number % 4 == 1) (void)draft.remove(soul);
  if (number % 4 < 2) return;
  (void)draft.remove(soul, "w");
  (void)draft.exclude(soul, "s", 1.0);
  (void)draft.erase(soul, "l", 1, 2);
}

/// Two that have the same, up to a checkpoint that is about to be purged: one at once, one in
/// steps.
struct Pair {
  Space space{2};
  Desk whole{space};
  Desk steps{space, {.max_cached_nodes = 5, .purge_in_steps = true}};

  Pair() {
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(whole.write(0, [&](Draft& draft) { fill(draft, i); }));
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(whole.write(1, [&](Draft& draft) { thin(draft, i); }));
    whole.now.ms += 31 * day_ms;
    const auto checkpoint = whole.replica().checkpoint(space.home, whole.now);
    EXPECT_TRUE(checkpoint);
    steps.receive(whole.sent);
    steps.receive({{Message::Kind::checkpoint, {}, *checkpoint}});
    whole.sent.clear();
    whole.now.ms += 5 * 60 * 1000;
    steps.now = whole.now;
    EXPECT_TRUE(steps.replica().commit());
    for (Desk* each : {&whole, &steps}) EXPECT_TRUE(each->replica().advance(each->now));
    EXPECT_TRUE(whole.replica().commit());
  }
  static std::optional<Bytes> shown(Replica& replica, std::size_t number) {
    const auto node = replica.node(soul_of(number));
    if (*node == nullptr) return std::nullopt;
    codec::CborWriter writer;
    writer.array(2);
    (*node)->write({writer, replica.authors(), crdt::Names::keys});
    return writer.take();
  }
  static std::size_t stored(const Desk& desk) {
    std::size_t nodes = 0;
    EXPECT_TRUE(
        desk.place.store->scan(graph_store::prefix_range("s/n"), [&](std::string_view, BytesView) {
          ++nodes;
          return true;
        }));
    return nodes;
  }
};

TEST(Purge, InStepsAllNodesAreSeenAsPurgedFromTheFirstMoment) {
  Pair pair;
  EXPECT_FALSE(pair.whole.replica().is_sweeping());
  EXPECT_TRUE(pair.steps.replica().is_sweeping());
  EXPECT_EQ(pair.steps.replica().status().purged_checkpoints, 1U);
  for (std::size_t i = 0; i < count; i += 3)
    EXPECT_EQ(Pair::shown(pair.steps.replica(), i), Pair::shown(pair.whole.replica(), i)) << i;
}

TEST(Purge, ASweepGivesBackWhatNobodyReads) {
  Pair pair;
  EXPECT_EQ(Pair::stored(pair.steps), count);
  std::size_t steps = 1;
  for (; *pair.steps.replica().sweep(7); ++steps) ASSERT_TRUE(pair.steps.replica().commit());
  ASSERT_TRUE(pair.steps.replica().commit());
  EXPECT_EQ(steps, count / 7 + 1);
  EXPECT_FALSE(pair.steps.replica().is_sweeping());
  EXPECT_EQ(Pair::stored(pair.steps), count / 4 * 3);
  EXPECT_EQ(Pair::stored(pair.steps), Pair::stored(pair.whole));
}

TEST(Purge, WhatIsWrittenAndKilledMeanwhileLeavesTheSameState) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Pair pair;
    std::mt19937 random{seed};
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::size_t kills = 0;
    while (pair.steps.replica().is_sweeping()) {
      switch (below(5)) {
        case 0:
          ASSERT_TRUE(pair.steps.replica().sweep(1 + below(4)));
          break;
        case 1: {
          const std::size_t number = below(count);
          const bool fills = below(2) == 0;
          pair.whole.now.ms = pair.steps.now.ms;
          ASSERT_TRUE(pair.whole.write(below(2), [&](Draft& draft) {
            (void)draft.put(soul_of(number), "again", static_cast<double>(random()));
            fills ? fill(draft, number) : thin(draft, number);
          }));
          pair.steps.receive({pair.whole.sent.back()});
          break;
        }
        case 2:
          ASSERT_TRUE(pair.steps.replica().node(soul_of(below(count))));
          break;
        case 3:
          ASSERT_TRUE(pair.steps.replica().commit());
          break;
        default:
          if (kills++ < 3) pair.steps.place.fall_and_rise(pair.steps.now);
      }
    }
    pair.steps.receive(pair.whole.sent);  // what was lost
    pair.whole.now = pair.steps.now;
    ASSERT_TRUE(pair.whole.replica().advance(pair.whole.now));
    EXPECT_EQ(pair.steps.state(), pair.whole.state());
    EXPECT_TRUE(pair.steps.replica().verify()->empty());
  }
}

TEST(Purge, WhoPurgesAtOnceFinishesWhatWasBegunInSteps) {
  Pair pair;
  ASSERT_TRUE(pair.steps.replica().sweep(9));
  ASSERT_TRUE(pair.steps.replica().commit());
  pair.steps.place.options = {};
  pair.steps.place.reopen(pair.steps.now);
  EXPECT_FALSE(pair.steps.replica().is_sweeping());
  EXPECT_EQ(Pair::stored(pair.steps), Pair::stored(pair.whole));
  EXPECT_EQ(pair.steps.state(), pair.whole.state());
}

TEST(Purge, WhatCantBeReadStopsTheSweepAndNothingElse) {
  Pair pair;
  graph_store::FaultyStore rotten;
  graph_store::Batch all;
  ASSERT_TRUE(pair.steps.place.store->scan({}, [&](std::string_view key, BytesView value) {
    all.put(key, value);
    return true;
  }));
  ASSERT_TRUE(rotten.write(all));
  SeededEntropy entropy{1};
  ASSERT_TRUE(rotten.flip_bit(entropy, "s/n" + soul_of(30)));
  auto replica = std::move(
      *Replica::open(rotten, "s/", pair.space.id, pair.steps.now, pair.steps.place.options));

  auto swept = replica->sweep(7);
  while (swept && *swept) swept = replica->sweep(7);
  EXPECT_EQ(swept.error(), Refusal::store);
  EXPECT_TRUE(replica->is_sweeping());
  EXPECT_EQ(replica->node(soul_of(30)).error(), Refusal::store);
  for (std::size_t i = 0; i < count; i += 7)
    EXPECT_EQ(Pair::shown(*replica, i), Pair::shown(pair.whole.replica(), i)) << i;
  EXPECT_TRUE(replica->commit());
  EXPECT_EQ(replica->verify().error(), Refusal::store);
}

}  // namespace
}  // namespace hearth::replica::testing
