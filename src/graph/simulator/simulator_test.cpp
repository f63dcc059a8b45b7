// Seeds are histories: replicas over failing disks and lossy links, wrong clocks, hostile authors.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/simulator/simulator.h>

namespace hearth::simulator {
namespace {

using ::testing::HasSubstr;

// Fewer under sanitizers, which the plain tree goes before.
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
constexpr std::uint64_t seeds = 30;
#else
constexpr std::uint64_t seeds = 300;
#endif

void add(Totals& to, const Totals& more) {
  for (const auto& [what, times] : more) to[what] += times;
}

std::string tail_of(const Outcome& outcome) {
  std::string text = *outcome.failure;
  for (const std::string& line : outcome.tail) text += "\n  " + line;
  return text;
}

TEST(Simulator, ReplicasMeetLoseNothingAndLetNobodyIn) {
  Totals totals;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = simulate({.seed = seed});
    ASSERT_FALSE(outcome.failure) << "seed " << seed << ": " << tail_of(outcome);
    add(totals, outcome.totals);
  }
  // It isn't empty.
  for (const char* what : {"updates written",
                           "updates that count at the end",
                           "crashes with something unsynced",
                           "partitions",
                           "packets lost",
                           "packets doubled",
                           "packets delayed",
                           "disks filled",
                           "disks broken",
                           "bits flipped",
                           "bits flipped silently",
                           "clocks set",
                           "forks made",
                           "forks proved",
                           "members removed",
                           "takeovers",
                           "homes handed over",
                           "checkpoints",
                           "purges at the end",
                           "backups restored",
                           "keys used twice",
                           "updates refused: signature or hash",
                           "updates refused: another space",
                           "updates refused: certificate",
                           "branches too many at the end",
                           "updates refused: too much is held back",
                           "updates refused: too much counts nowhere",
                           "floods by strangers",
                           "updates let go",
                           "spaces loaded by somebody new",
                           "spaces loaded by somebody late",
                           "spaces loaded in the end",
                           "loads cut short",
                           "loaded spaces proved",
                           "updates written anew",
                           "statements refused",
                           "stores that failed"})
    EXPECT_TRUE(totals[what] > 0 || seeds < 300) << what;
}

TEST(Simulator, TheSameSeedIsTheSameHistory) {
  for (const std::uint64_t seed : {3U, 4U, 5U}) {
    const Outcome once = simulate({.seed = seed});
    const Outcome again = simulate({.seed = seed});
    EXPECT_EQ(once.trace_hash, again.trace_hash);
    EXPECT_EQ(once.state, again.state);
    EXPECT_EQ(once.totals, again.totals);
    EXPECT_NE(once.trace_hash, simulate({.seed = seed + 100}).trace_hash);
  }
}

// What the checkers say of some seeds in which something is broken on purpose.
std::string said(Sabotage sabotage) {
  std::string all;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome outcome = simulate({.seed = seed, .sabotage = sabotage});
    if (outcome.failure) all += *outcome.failure + "\n";
  }
  return all;
}

TEST(Simulator, NoticesADiskThatAcknowledgesTooEarly) {
  EXPECT_THAT(said(Sabotage::lying_disk), HasSubstr("lost an acknowledged"));
}

TEST(Simulator, NoticesAReplicaThatMissesAnAuthor) {
  EXPECT_THAT(said(Sabotage::deaf_machine), HasSubstr("has another state than machine 0"));
}

// Of two bodies for one signature somebody has the other one.
TEST(Simulator, NoticesThatNobodyChecksSignatures) {
  EXPECT_FALSE(said(Sabotage::unchecked_signature).empty());
}

}  // namespace
}  // namespace hearth::simulator
