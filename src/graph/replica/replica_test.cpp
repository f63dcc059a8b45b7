// Time, forks and replays, what comes in parts, and what goes out.

#include <gtest/gtest.h>

#include "desk_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;
using namespace std::string_literals;

// --- time ---

// S16: a device ten years ahead writes a thousand times; what a person writes now wins now, after
// a restart, and, once the home has made a checkpoint, in ten years too.
TEST(Replica, AClockTenYearsAheadNeverWins) {
  const Space space{2};
  Desk ahead{space};
  Desk desk{space};
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(ahead.write(0, [&](Draft& draft) {
      (void)draft.put("soul", "title", "from the future " + std::to_string(i));
      draft.restamp(*model::Stamp::create(static_cast<double>(beginning.ms + 3650 * day_ms + i)));
    }));
  desk.receive(ahead.sent);
  desk.put(1, "title", "now"s);
  EXPECT_EQ(desk.value("title"), Value{"now"s});
  EXPECT_EQ(desk.replica().status().deferred, 1000U);
  // Invisible states move no clock.
  EXPECT_LT(desk.property("title")->value->stamp.ms(), static_cast<double>(desk.now.ms + 1000));

  desk.place.reopen(desk.now);
  EXPECT_EQ(desk.value("title"), Value{"now"s});
  EXPECT_EQ(desk.replica().status().deferred, 1000U);

  const auto checkpoint = desk.replica().checkpoint(space.home, desk.now);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(desk.replica().status().deferred, 0U);
  ASSERT_TRUE(desk.replica().advance({.ms = beginning.ms + 4000 * day_ms}));
  EXPECT_EQ(desk.value("title"), Value{"now"s});
  // Whoever learns of the checkpoint last takes back what was shown by then.
  ahead.receive(desk.sent);
  ASSERT_TRUE(ahead.replica().advance({.ms = beginning.ms + 4000 * day_ms}));
  EXPECT_EQ(ahead.value("title"), Value{"from the future 999"s});
  ASSERT_TRUE(ahead.replica().add_checkpoint(*checkpoint));
  EXPECT_EQ(ahead.value("title"), Value{"now"s});
  EXPECT_EQ(ahead.state(), desk.state());
}

TEST(Replica, WritesOfOneMillisecondAreReadWithinIt) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 100; ++i) {
    desk.put(0, "title", std::to_string(i));
    EXPECT_EQ(desk.value("title"), Value{std::to_string(i)});
    desk.now.ms -= 1;
  }
  desk.now.ms += 1;
  EXPECT_GT(desk.property("title")->value->stamp, model::Stamp::at(desk.now));
  EXPECT_FALSE(desk.replica().deadline());
}

TEST(Replica, WhatLiesInTheFutureShowsWhenItIsDueAcrossARestart) {
  const Space space{1};
  Desk desk{space};
  const Timestamp due{.ms = beginning.ms + 60'000};
  ASSERT_TRUE(desk.write(0, [&](Draft& draft) {
    (void)draft.put("soul", "p", 1.0);
    draft.restamp(model::Stamp::at(due));
  }));
  EXPECT_FALSE(desk.value("p"));
  EXPECT_EQ(desk.replica().deadline(), due);
  desk.place.reopen(desk.now);
  EXPECT_EQ(desk.replica().deadline(), due);
  ASSERT_TRUE(desk.replica().advance({.ms = due.ms - 1}));
  EXPECT_FALSE(desk.value("p"));
  ASSERT_TRUE(desk.replica().advance(due));
  EXPECT_EQ(desk.value("p"), Value{1.0});
  EXPECT_FALSE(desk.replica().deadline());
  // The clock was wrong: it goes back, and what was shown is taken back.
  ASSERT_TRUE(desk.replica().set_back(beginning));
  EXPECT_FALSE(desk.value("p"));
  EXPECT_EQ(desk.replica().deadline(), due);
}

// --- forks and replays ---

// S14: one author, two updates of one seq, to two halves.
TEST(Replica, AForkIsProvedAndAllReachTheSameVerdict) {
  const Space space{2};
  Desk a{space};
  Desk b{space};
  a.put(0, "p", "to one half"s);
  b.put(0, "p", "to the other"s);
  b.put(0, "q", "and more"s);
  a.receive(b.sent);
  b.receive(a.sent);
  EXPECT_EQ(a.state(), b.state());
  EXPECT_TRUE(a.value("q"));  // nothing is taken back
  for (Desk* each : {&a, &b}) {
    EXPECT_EQ(each->replica().status().forked_authors, 1U);
    const auto proofs = each->replica().take_forks();
    ASSERT_EQ(proofs.size(), 1U);
    update::Verifier verifier;
    EXPECT_TRUE(update::ForkProof::verify(proofs[0].encode(), verifier));
    EXPECT_EQ(each->replica().checkpoint(space.home, each->now).error(), Refusal::inconsistent);
  }
  const Message naming =
      a.entry({update::NameBranch{{a.author(0), 1, a.sent[0].update.header.id()}}});
  deliver(b.replica(), naming);
  EXPECT_EQ(a.value("p"), Value{"to one half"s});
  EXPECT_FALSE(a.value("q"));
  EXPECT_EQ(a.state(), b.state());
  EXPECT_TRUE(a.replica().checkpoint(space.home, a.now));
}

TEST(Replica, OfManyBranchesTheEightOfTheSmallestIdsCount) {
  const Space space{1};
  std::vector<Message> branches;
  for (int i = 0; i < 20; ++i) {
    Desk clone{space};
    clone.now.ms += i;
    clone.put(0, "branch " + std::to_string(i), 1.0);
    branches.push_back(clone.sent[0]);
  }
  Desk forwards{space};
  Desk backwards{space};
  const Timestamp later{.ms = beginning.ms + 1000};
  ASSERT_TRUE(forwards.replica().advance(later));
  ASSERT_TRUE(backwards.replica().advance(later));
  forwards.receive(branches);
  std::ranges::reverse(branches);
  backwards.receive(branches);
  EXPECT_EQ(forwards.replica().status().counting, 8U);
  EXPECT_EQ(forwards.state(), backwards.state());
}

// S13: a whole capture replayed.
TEST(Replica, AReplayedCaptureChangesNoByte) {
  const Space space{2};
  Desk a{space};
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(a.write(static_cast<std::size_t>(i % 2), [](Draft& draft) {
      (void)draft.add("soul", "n", 1);
      (void)draft.insert("soul", "l", 0, letters("x"));
    }));
  const Bytes before = a.state();
  for (int round = 0; round < 3; ++round)
    for (const Message& message : a.sent)
      EXPECT_EQ(a.replica().add(update::VerifiedUpdate::trusted(message.update), message.bytes),
                Accepted::known);
  EXPECT_EQ(a.state(), before);
  EXPECT_EQ(a.count("n"), 50);
}

// --- what comes in parts ---

TEST(Replica, BodiesMayComeAfterTheirHeadersAndUpdatesBeforeTheirParents) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 10; ++i) desk.put(0, "p" + std::to_string(i), 1.0);
  Desk other{space};
  ASSERT_TRUE(other.replica().advance(desk.now));
  for (std::size_t i = desk.sent.size(); i-- > 0;) {
    update::Update bare = desk.sent[i].update;
    bare.body = std::nullopt;
    EXPECT_EQ(other.replica().add(update::VerifiedUpdate::trusted(bare), desk.sent[i].bytes),
              i == 0 ? Accepted::added : Accepted::held);
  }
  EXPECT_EQ(other.replica().status().updates, 10U);
  EXPECT_EQ(other.replica().status().counting, 0U);
  EXPECT_EQ(other.replica().status().held, 0U);
  other.receive(desk.sent);
  EXPECT_EQ(other.state(), desk.state());
}

TEST(Replica, WhatIsHeldBackIsBounded) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 20; ++i) desk.put(0, "p", static_cast<double>(i));
  Place small{space.id, beginning};
  small.replica =
      std::move(*Replica::open(*small.store, "s/", space.id, beginning, {.max_held_updates = 5}));
  deliver(*small.replica, space.founding());
  std::size_t refused = 0;
  for (std::size_t i = desk.sent.size(); i-- > 1;) {
    const auto added = small.replica->add(update::VerifiedUpdate::trusted(desk.sent[i].update));
    if (!added) {
      EXPECT_EQ(added.error(), Refusal::full);
      ++refused;
    }
  }
  EXPECT_EQ(refused, 14U);
  EXPECT_EQ(small.replica->status().held, 5U);
}

TEST(Replica, AnUpdateOfALaterVersionIsKeptAndNotApplied) {
  const Space space{1};
  Desk desk{space};
  update::Update later;
  later.body =
      update::Body{
          .state = *model::Stamp::create(static_cast<double>(beginning.ms)),
          .changes = {{"soul",
                       {update::Put{"q", 1.0}, update::Unknown{16, *from_hex("82106170")}}}}}
          .encode();
  later.header = {.space = space.id,
                  .author = desk.author(0),
                  .seq = 1,
                  .prev = update::hash_of(space.certificates[0]),
                  .membership = desk.replica().ledger().membership.head(),
                  .bytes = later.body->size(),
                  .body = update::hash_of(*later.body)};
  later.signature = update::sign(later.header, space.devices[0]);
  ASSERT_EQ(desk.replica().add(*update::Verifier{}.verify(later), space.certificates[0]),
            Accepted::added);
  EXPECT_FALSE(desk.value("q"));  // whole or not at all
  desk.put(0, "p", 1.0);          // the log goes on
  EXPECT_EQ(desk.value("p"), Value{1.0});
  const auto* log =
      desk.replica().ledger().find_log(*desk.replica().authors().find(desk.author(0)));
  EXPECT_EQ(desk.replica().ledger().judge(*log->records()[0]), ledger::Verdict::kept);
  EXPECT_EQ(*desk.replica().update_of(*log->records()[0]), later);
}

TEST(Replica, ALogIsGivenOutAsItCame) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 5; ++i) desk.put(0, "p", static_cast<double>(i));
  desk.place.reopen(desk.now);
  const auto* log =
      desk.replica().ledger().find_log(*desk.replica().authors().find(desk.author(0)));
  update::Verifier verifier;
  std::size_t i = 0;
  for (const ledger::Record* record : log->records()) {
    const auto update = desk.replica().update_of(*record);
    ASSERT_TRUE(update);
    EXPECT_EQ(*update, desk.sent[i++].update);
    EXPECT_TRUE(verifier.verify(*update));
    EXPECT_EQ(*desk.replica().certificate_of(*record), space.certificates[0]);
  }
  EXPECT_EQ(i, 5U);
}

TEST(Replica, SubscribersLearnWhatChangedAndNothingElse) {
  const Space space{2};
  Desk desk{space};
  desk.put(0, "p", 1.0);
  EXPECT_EQ(desk.replica().take_changes(), (std::vector<Changed>{{"soul", "p"}}));
  Desk stale{space};
  stale.now.ms -= 1000;
  stale.put(1, "p", 0.0);  // older: loses
  desk.receive(stale.sent);
  EXPECT_TRUE(desk.replica().take_changes().empty());
}

// R22: three devices a week apart, ten thousand edits each.
TEST(Replica, ThreeDevicesWithTenThousandOfflineEditsEachMeetInEveryOrder) {
  const Space space{3};
  std::vector<std::unique_ptr<Desk>> desks;
  for (std::size_t device = 0; device < 3; ++device) {
    desks.push_back(std::make_unique<Desk>(space));
    Desk& desk = *desks.back();
    for (std::size_t i = 0; i < 10'000; i += 10)
      ASSERT_TRUE(desk.write(device, [&](Draft& draft) {
        for (std::size_t k = 0; k < 10; ++k) {
          const std::string soul = "note/" + std::to_string((i + k) % 500);
          switch (k % 4) {
            case 0:
              (void)draft.put(soul, "title", static_cast<double>(i));
              break;
            case 1:
              (void)draft.add(soul, "edits", 1);
              break;
            case 2:
              (void)draft.include(soul, "tags", static_cast<double>(i % 7));
              break;
            default:
              (void)draft.insert(soul, "lines", 0, letters("x"));
          }
        }
      }));
  }
  Bytes first;
  const std::array<std::array<std::size_t, 3>, 3> orders{{{0, 1, 2}, {1, 2, 0}, {2, 0, 1}}};
  for (std::size_t device = 0; device < 3; ++device) {
    for (const std::size_t other : orders[device])
      if (other != device) desks[device]->receive(desks[other]->sent);
    ASSERT_TRUE(desks[device]->replica().advance({.ms = beginning.ms + 7 * day_ms}));
    if (device == 0) first = desks[device]->state();
    EXPECT_EQ(desks[device]->state(), first);
  }
}

}  // namespace
}  // namespace hearth::replica::testing
