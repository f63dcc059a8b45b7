// The one law: whatever happens, in whatever order it becomes known, replicas end with the same
// bytes.

#include <cstdlib>

#include <gtest/gtest.h>

#include "world_for_test.h"

namespace hearth::replica::testing {
namespace {

using ledger::Verdict;

// More of them by HEARTH_GRAPH_SEEDS=n, as many times the usual number.
std::uint64_t times(std::uint64_t usual) {
  const char* factor = std::getenv("HEARTH_GRAPH_SEEDS");
  return factor == nullptr ? usual : usual * std::strtoull(factor, nullptr, 10);
}

struct Seen {
  std::map<Verdict, std::size_t> verdicts;
  std::size_t forked = 0, deferred = 0, purged = 0;
};

void run(std::uint64_t seed, std::size_t size, Seen& seen) {
  SCOPED_TRACE(seed);
  const Bytes bytes = noise(seed, size);
  Choices choices{bytes};
  World world{choices};
  world.run(size);
  world.settle();
  world.count_verdicts(seen.verdicts);
  const Status status = world.places().front().replica->status();
  seen.forked += status.forked_authors;
  seen.deferred += status.deferred;
  seen.purged += status.purged_checkpoints;
}

TEST(Convergence, ShortHistoriesInEveryOrderEndInTheSameBytes) {
  Seen seen;
  for (std::uint64_t seed = 0; seed < times(200); ++seed) run(seed, 150, seen);
  EXPECT_GT(seen.forked, 100U);
}

// Long enough that removals, takeovers, checkpoints and purges meet forks and wrong clocks.
TEST(Convergence, LongHistoriesInEveryOrderEndInTheSameBytes) {
  Seen seen;
  for (std::uint64_t seed = 1000; seed < 1000 + times(30); ++seed) run(seed, 3000, seen);
  for (const Verdict verdict :
       {Verdict::counts, Verdict::void_role, Verdict::void_removed, Verdict::void_branch,
        Verdict::void_future, Verdict::void_stale, Verdict::void_body})
    EXPECT_GE(seen.verdicts[verdict], 3U) << static_cast<int>(verdict);
  EXPECT_GT(seen.deferred, 10U);
  EXPECT_GT(seen.purged, 10U);
}

// Places that took space back at different times still agree with one that has everything.
TEST(Convergence, TakingSpaceBackChangesNoState) {
  World::Reclaimed all;
  for (std::uint64_t seed = 5000; seed < 5000 + times(40); ++seed) {
    SCOPED_TRACE(seed);
    const Bytes bytes = noise(seed, 3000);
    Choices choices{bytes};
    World world{choices, true};
    world.run(3000);
    world.settle();
    const World::Reclaimed& one = world.reclaimed();
    all.dropped += one.dropped;
    all.times += one.times;
    all.refused += one.refused;
  }
  EXPECT_GT(all.dropped, 500U);
  EXPECT_GT(all.times, 4 * all.refused) << all.refused;
}

}  // namespace
}  // namespace hearth::replica::testing
