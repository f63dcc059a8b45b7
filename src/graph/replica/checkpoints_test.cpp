// Below checkpoints: purges, what came too late, and space that comes back.

#include <gtest/gtest.h>

#include "desk_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;
using namespace std::string_literals;

TEST(Replica, DeletedThingsAreForgottenThirtyDaysBelowACheckpoint) {
  const Space space{1};
  Desk desk{space};
  ASSERT_TRUE(desk.write(0, [](Draft& draft) {
    (void)draft.put("soul", "v", 1.0);
    (void)draft.add("soul", "n", 5);
    (void)draft.include("soul", "s", 1.0);
    (void)draft.insert("soul", "l", 0, letters("abc"));
    (void)draft.put("gone", "v", 1.0);
  }));
  ASSERT_TRUE(desk.write(0, [](Draft& draft) {
    (void)draft.remove("soul", "v");
    (void)draft.exclude("soul", "s", 1.0);
    (void)draft.erase("soul", "l", 1, 2);
    (void)draft.remove("gone");
  }));
  const std::size_t before = desk.state().size();
  desk.now.ms += 31 * day_ms;
  ASSERT_TRUE(desk.replica().checkpoint(space.home, desk.now));
  EXPECT_EQ(desk.replica().status().purged_checkpoints, 0U);
  desk.now.ms += 5 * 60 * 1000;  // until then some of it might be invisible yet
  ASSERT_TRUE(desk.replica().advance(desk.now));
  EXPECT_EQ(desk.replica().status().purged_checkpoints, 1U);
  EXPECT_LT(desk.state().size(), before);
  EXPECT_EQ(desk.property("v"), nullptr);
  EXPECT_EQ(desk.property("s"), nullptr);
  EXPECT_EQ(desk.count("n"), 5);
  EXPECT_EQ(desk.list("l"), "a");
  EXPECT_EQ(*desk.replica().node("gone"), nullptr);
}

TEST(Replica, ACheckpointsDigestIsThatOfWhatItCovers) {
  const Space space{2};
  Desk desk{space};
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(desk.write(static_cast<std::size_t>(i % 2), [&](Draft& draft) {
      (void)draft.put("soul", "v", static_cast<double>(i));
      (void)draft.insert("soul", "l", 0, letters("ab"));
      if (i % 5 == 4) (void)draft.erase("soul", "l", 0, 2);
      if (i == 7) (void)draft.remove("soul", "v");
    }));
  desk.now.ms += 40 * day_ms;
  const auto statement = *desk.replica().checkpoint(space.home, desk.now);
  const auto checkpoint = update::SignedCheckpoint::decode(statement)->checkpoint;
  // Nothing newer came; so once purged it is the state, but for the checkpoint's own name in it.
  ASSERT_TRUE(desk.replica().advance({.ms = desk.now.ms + 10 * 60 * 1000}));
  Bytes state = desk.state();
  const Bytes named = codec::CborWriter{}.bytes(checkpoint.id().value()).take();
  const auto place = std::ranges::search(state, named);
  ASSERT_FALSE(place.empty());
  state.erase(place.begin(), place.end());
  state.insert(place.begin(), std::byte{0xf6});
  EXPECT_EQ(update::hash_of(state), checkpoint.digest);
}

// The first checkpoint covers what a word hangs on, the second doesn't, and so it is void.
TEST(Replica, WhatAnEarlierCheckpointCoveredIsNotWaitedFor) {
  const Space space{2};
  Desk desk{space};
  ASSERT_TRUE(
      desk.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("ab")); }));
  desk.put(1, "v", 1.0);
  std::vector<Message> checkpoints;
  const auto sign_checkpoint = [&](std::vector<update::Position> heads) {
    update::Checkpoint checkpoint{.space = space.id,
                                  .number = checkpoints.size() + 1,
                                  .membership = desk.replica().ledger().membership.head(),
                                  .time = static_cast<std::uint64_t>(desk.now.ms),
                                  .heads = std::move(heads)};
    std::ranges::sort(checkpoint.heads, {}, &update::Position::author);
    if (!checkpoints.empty())
      checkpoint.prev = update::SignedCheckpoint::decode(checkpoints.back().bytes)->checkpoint.id();
    checkpoints.push_back({Message::Kind::checkpoint, {}, update::sign(checkpoint, space.home)});
  };
  sign_checkpoint({desk.head(0), desk.head(1)});
  const update::Position before = desk.head(1);
  const std::vector<Message> old = desk.sent;
  desk.now.ms += 40 * day_ms;
  ASSERT_TRUE(
      desk.write(1, [](Draft& draft) { (void)draft.insert("soul", "l", 1, letters("c")); }));
  EXPECT_EQ(desk.list("l"), "acb");
  sign_checkpoint({before});
  desk.now.ms += day_ms;
  desk.receive(checkpoints);
  EXPECT_EQ(desk.replica().status().purged_checkpoints, 2U);
  EXPECT_EQ(desk.list("l"), "c");

  Desk late{space};
  late.now = desk.now;
  late.receive(old);
  late.receive(checkpoints);
  EXPECT_EQ(late.replica().status().purged_checkpoints, 2U);
  late.receive(desk.sent);
  EXPECT_EQ(late.list("l"), "c");
  EXPECT_EQ(late.state(), desk.state());
}

TEST(Replica, WhatWasPurgedStaysPurgedWhenTheClockWasSetBackOnce) {
  const Space space{1};
  Desk desk{space};
  ASSERT_TRUE(
      desk.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("abc")); }));
  ASSERT_TRUE(desk.write(0, [](Draft& draft) { (void)draft.erase("soul", "l", 1, 2); }));
  desk.now.ms += 40 * day_ms;
  ASSERT_TRUE(desk.replica().checkpoint(space.home, desk.now));
  desk.now.ms += day_ms;
  ASSERT_TRUE(desk.replica().advance(desk.now));
  ASSERT_EQ(desk.replica().status().purged_checkpoints, 1U);
  const Bytes before = desk.state();
  ASSERT_TRUE(desk.replica().set_back(beginning));
  EXPECT_EQ(desk.list("l"), "");
  ASSERT_TRUE(desk.replica().advance(desk.now));
  EXPECT_EQ(desk.list("l"), "a");
  EXPECT_EQ(desk.state(), before);
}

TEST(Replica, WhatIsOlderThanACheckpointRemembersMustBeWrittenAnew) {
  const Space space{2};
  Desk late{space};
  late.put(0, "old", 1.0);
  Desk desk{space};
  desk.put(1, "v", 1.0);
  desk.now.ms += 40 * day_ms;
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *desk.replica().checkpoint(space.home, desk.now)};
  desk.receive(late.sent);
  EXPECT_FALSE(desk.value("old"));
  late.receive(desk.sent);
  deliver(late.replica(), checkpoint);
  EXPECT_FALSE(late.value("old"));
  EXPECT_EQ(late.state(), desk.state());
  late.now = desk.now;
  late.put(0, "old", 1.0);
  desk.receive(late.sent);
  EXPECT_EQ(desk.value("old"), Value{1.0});
}

// A device that was offline for longer than a checkpoint remembers loses nothing that it wrote.
TEST(Replica, StaleUpdatesAreWrittenAnew) {
  const Space space{2};
  Desk late{space};
  Desk desk{space};
  desk.put(1, "v", 1.0);
  late.receive(desk.sent);
  ASSERT_TRUE(
      late.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("ac")); }));
  ASSERT_TRUE(late.write(0, [](Draft& draft) {
    (void)draft.put("soul", "v", 2.0);
    (void)draft.add("soul", "n", 3);
    (void)draft.include("soul", "s", 1.0);
    (void)draft.include("soul", "s", 2.0);
    (void)draft.insert("soul", "l", 1, letters("b"));
  }));
  ASSERT_TRUE(late.write(0, [](Draft& draft) {
    (void)draft.exclude("soul", "s", 1.0);
    (void)draft.erase("soul", "l", 0, 1);
  }));
  desk.now.ms += 40 * day_ms;
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *desk.replica().checkpoint(space.home, desk.now)};
  deliver(late.replica(), checkpoint);
  late.now = desk.now;
  EXPECT_EQ(late.list("l"), "");
  EXPECT_EQ(late.replica().stale(late.author(0)).size(), 3U);
  EXPECT_TRUE(late.replica().stale(late.author(1)).empty());

  // In two steps, with a restart between them.
  auto anew = late.replica().write_anew(space.devices[0], late.now, 2);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->size(), 2U);
  ASSERT_TRUE(late.replica().commit());
  late.place.reopen(late.now);
  anew = late.replica().write_anew(space.devices[0], late.now);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->size(), 1U);
  EXPECT_EQ(late.replica().write_anew(space.devices[0], late.now)->size(), 0U);

  for (const Message& message : late.sent) deliver(desk.replica(), message);
  for (const crdt::AuthorNumber author : late.replica().ledger().authors_by_key())
    for (const auto* record : late.replica().ledger().find_log(author)->records())
      (void)desk.replica().add(update::VerifiedUpdate::trusted(*late.replica().update_of(*record)));
  desk.now.ms += 1000;
  ASSERT_TRUE(desk.replica().advance(desk.now));
  ASSERT_TRUE(late.replica().advance(desk.now));
  EXPECT_EQ(desk.value("v"), Value{2.0});
  EXPECT_EQ(desk.count("n"), 3);
  EXPECT_EQ(desk.list("l"), "bc");
  EXPECT_FALSE(desk.property("s")->set->contains(1.0));
  EXPECT_TRUE(desk.property("s")->set->contains(2.0));
  EXPECT_EQ(late.state(), desk.state());
}

std::size_t stored_bytes(const graph_store::Store& store, std::string_view prefix) {
  std::size_t bytes = 0;
  EXPECT_TRUE(
      store.scan(graph_store::prefix_range(prefix), [&](std::string_view key, BytesView value) {
        bytes += key.size() + value.size();
        return true;
      }));
  return bytes;
}

TEST(Replica, SpaceComesBackBelowACheckpoint) {
  const Space space{2};
  Desk desk{space};
  for (int i = 0; i < 500; ++i) {
    desk.put(static_cast<std::size_t>(i % 2), "v", static_cast<double>(i));
    ASSERT_TRUE(desk.write(0, [&](Draft& draft) {
      (void)draft.insert("soul", "l", 0, letters("x"));
      if (i % 2 == 1) (void)draft.erase("soul", "l", 0, 2);
    }));
  }
  const std::vector<Message> old = desk.sent;
  EXPECT_EQ(desk.replica().reclaim(), 0U);  // there is no checkpoint
  desk.now.ms += 40 * day_ms;
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *desk.replica().checkpoint(space.home, desk.now)};
  desk.now.ms += day_ms;
  desk.put(0, "w", 1.0);
  const Bytes state = desk.state();
  const std::size_t before = stored_bytes(*desk.place.store, "s/u");
  const auto dropped = desk.replica().reclaim();
  ASSERT_TRUE(dropped);
  EXPECT_GT(*dropped, 990U);
  EXPECT_LT(stored_bytes(*desk.place.store, "s/u"), before / 50);
  EXPECT_EQ(desk.state(), state);
  EXPECT_TRUE(desk.replica().verify()->empty());
  EXPECT_EQ(desk.replica().reclaim(), 0U);
  desk.place.reopen(desk.now);
  EXPECT_EQ(desk.state(), state);

  // What went is not taken again, a fork of it neither; what comes next is.
  const std::size_t left = stored_bytes(*desk.place.store, "s/u");
  desk.receive(old);
  Desk fork{space};
  fork.put(0, "v", 9.0);
  fork.put(0, "v", 9.0);
  desk.receive(fork.sent);
  EXPECT_EQ(desk.replica().commit().has_value(), true);
  EXPECT_EQ(stored_bytes(*desk.place.store, "s/u"), left);
  EXPECT_EQ(desk.state(), state);
  desk.put(0, "v", 7.0);
  EXPECT_EQ(desk.value("v"), Value{7.0});

  // Who has all of it still comes to the same state.
  Desk other{space};
  other.receive(desk.sent);
  deliver(other.replica(), checkpoint);
  ASSERT_TRUE(other.replica().advance(desk.replica().now()));
  EXPECT_EQ(other.state(), desk.state());
}

TEST(Replica, AHomeMakesNoCheckpointBeforeItHasWhatTheOneBeforeCovers) {
  const Space space{1};
  Desk desk{space};
  desk.put(0, "v", 1.0);
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *desk.replica().checkpoint(space.home, desk.now)};
  Desk heir{space};
  deliver(heir.replica(), checkpoint);
  heir.now.ms += day_ms;
  EXPECT_EQ(heir.replica().checkpoint(space.home, heir.now).error(), Refusal::incomplete);
  heir.receive(desk.sent);
  EXPECT_TRUE(heir.replica().checkpoint(space.home, heir.now));
}

// The first checkpoint's digest is right without what went below the second.
TEST(Replica, ACheckpointVouchesForNothingThatIsMissingAboveIt) {
  const Space space{2};
  Desk desk{space};
  desk.put(1, "u", 1.0);
  const Bytes first = *desk.replica().checkpoint(space.home, desk.now);
  for (int i = 0; i < 10; ++i) desk.put(0, "v", static_cast<double>(i));
  desk.put(0, "w", 1.0);
  desk.put(0, "x", 1.0);
  desk.now.ms += 40 * day_ms;
  const Bytes second = *desk.replica().checkpoint(space.home, desk.now);
  desk.now.ms += day_ms;
  ASSERT_TRUE(desk.replica().advance(desk.now));
  ASSERT_EQ(desk.replica().reclaim(), 8U);

  Desk loaded{space};
  loaded.now = desk.now;
  ASSERT_TRUE(loaded.replica().advance(loaded.now));
  ASSERT_TRUE(loaded.replica().add_checkpoint(first));
  ASSERT_TRUE(loaded.replica().add_checkpoint(second));
  const auto load = [&](std::size_t device, std::uint64_t seq) {
    const auto number = *desk.replica().authors().find(desk.author(device));
    const ledger::Record* record = desk.replica().ledger().find_log(number)->on_line(seq);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(loaded.replica().add_kept(
                  update::VerifiedUpdate::trusted(*desk.replica().update_of(*record)),
                  space.certificates[device]),
              Accepted::added);
  };
  for (const std::uint64_t seq : {1U, 10U, 11U}) load(0, seq);
  load(1, 1);
  EXPECT_EQ(loaded.replica().prove(), false);
  EXPECT_FALSE(loaded.replica().is_proved());
  EXPECT_EQ(
      loaded.replica().believe(update::SignedCheckpoint::decode(first)->checkpoint.id()).error(),
      Refusal::inconsistent);

  load(0, 12);
  EXPECT_EQ(loaded.replica().prove(), true);
  EXPECT_EQ(loaded.state(), desk.state());
  ASSERT_TRUE(loaded.replica().commit());
  loaded.place.reopen(loaded.now);
  EXPECT_TRUE(loaded.replica().is_proved());
}

// The branch that an entry names may void what a checkpoint covers, whoever comes to hold it.
TEST(Replica, ALogIsKeptWholeWhileAPlaceInItIsNamedThatIsNotHere) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 10; ++i) desk.put(0, "v", static_cast<double>(i));
  Desk fork{space};
  fork.now.ms += 500;
  fork.put(0, "v", 10.0);
  fork.put(0, "v", 11.0);
  // By a home before this one, which had both.
  const Message naming = desk.entry({update::NameBranch{fork.head(0)}});
  desk.now.ms += 40 * day_ms;
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *desk.replica().checkpoint(space.home, desk.now)};
  desk.now.ms += day_ms;
  ASSERT_TRUE(desk.replica().advance(desk.now));
  EXPECT_EQ(desk.replica().status().purged_checkpoints, 1U);
  EXPECT_EQ(desk.replica().reclaim(), 0U);

  Desk other{space};
  other.receive(desk.sent);
  other.receive(fork.sent);
  deliver(other.replica(), naming);
  deliver(other.replica(), checkpoint);
  desk.receive(fork.sent);
  ASSERT_TRUE(other.replica().advance(desk.replica().now()));
  EXPECT_FALSE(desk.value("v"));
  EXPECT_EQ(desk.state(), other.state());
}

}  // namespace
}  // namespace hearth::replica::testing
