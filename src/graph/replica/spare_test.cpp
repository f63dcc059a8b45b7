// Space that is taken back step by step: after any step one may stop, or lose everything that was
// in memory.

#include <gtest/gtest.h>

#include "world_for_test.h"

namespace hearth::replica::testing {
namespace {

TEST(Spare, AfterAnyStepWhatIsLeftGivesTheSameStateAndMoreCanBeTakenBack) {
  std::size_t dropped = 0;
  std::size_t steps = 0;
  for (std::uint64_t seed = 7000; seed < 7020; ++seed) {
    SCOPED_TRACE(seed);
    const Bytes bytes = noise(seed, 3000);
    Choices choices{bytes};
    World world{choices, true};
    world.run(3000);
    world.settle();
    for (Place& place : world.places()) {
      const Bytes state = *place.replica->canonical_state();
      const Timestamp now = place.replica->now();
      const auto spare = place.replica->find_spare();
      if (!spare) {
        EXPECT_EQ(spare.error(), Refusal::inconsistent);
        continue;
      }
      EXPECT_TRUE(equal(*place.replica->canonical_state(), state));
      for (std::size_t next = 0; next < spare->updates.size();) {
        const auto step = place.replica->drop(*spare, next, 1 + next % 7);
        ASSERT_TRUE(step);
        ASSERT_GT(*step, 0U);
        next += *step;
        dropped += *step;
        ++steps;
        place.reopen(now);
        ASSERT_TRUE(equal(*place.replica->canonical_state(), state));
        const auto findings = place.replica->verify();
        ASSERT_TRUE(findings && findings->empty());
        // Whoever starts again finds all of the rest.
        const auto rest = place.replica->find_spare();
        ASSERT_TRUE(rest);
        EXPECT_GE(rest->updates.size(), spare->updates.size() - next);
      }
    }
  }
  EXPECT_GT(dropped, 200U);
  EXPECT_GT(steps, 100U);
}

TEST(Spare, WhatDoesNotHoldAnyMoreTakesNothing) {
  const Space space{2};
  Place place{space.id, beginning};
  deliver(*place.replica, space.founding());
  Timestamp now = beginning;
  const auto put = [&](double value) {
    now.ms += 1000;
    auto draft = place.replica->draft(update::author_of(space.devices[0].public_key()), now);
    (void)draft->put("soul", "p", value);
    return *place.replica->write(*draft, space.devices[0], space.certificates[0]);
  };
  for (int i = 0; i < 20; ++i) (void)put(i);
  now.ms += 40 * day_ms;
  ASSERT_TRUE(place.replica->checkpoint(space.home, now));
  now.ms += day_ms;
  ASSERT_TRUE(place.replica->advance(now));
  const auto spare = place.replica->find_spare();
  ASSERT_TRUE(spare);
  ASSERT_EQ(spare->updates.size(), 18U);  // not the first, and not the last
  ASSERT_EQ(place.replica->drop(*spare, 0, 5), 5U);
  EXPECT_EQ(place.replica->drop(*spare, 0, 5).error(), Refusal::inconsistent);

  // Somebody is removed: what counts may be something else now.
  update::Entry entry{
      .space = space.id,
      .term = 1,
      .seq = 1,
      .prev = place.replica->ledger().membership.head(),
      .time = space.first.time,
      .signer = space.first.signer,
      .changes = {update::SetRole{persona_of(space.personas[1]), update::Role::none, {}}}};
  ASSERT_TRUE(place.replica->add_entry(update::sign(entry, space.home)));
  EXPECT_EQ(place.replica->drop(*spare, 5, 5).error(), Refusal::inconsistent);
  const auto again = place.replica->find_spare();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->updates.size(), 13U);
  EXPECT_EQ(place.replica->drop(*again, 0, 100), 13U);
  EXPECT_EQ(place.replica->drop(*again, 13, 100), 0U);
}

}  // namespace
}  // namespace hearth::replica::testing
