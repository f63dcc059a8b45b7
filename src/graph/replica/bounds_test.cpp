// What others, and we ourselves, can make a replica keep.

#include <gtest/gtest.h>

#include "desk_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;

TEST(ReplicaBounds, AWriteThatIsTooLargeIsRefusedAndNothingElseIs) {
  const Space space{1};
  Desk desk{space};
  const auto two = [](std::size_t size) {
    return [size](Draft& draft) {
      (void)draft.put("soul", "a", std::string(size, 'a'));
      (void)draft.put("soul", "b", std::string(size, 'b'));
    };
  };
  EXPECT_EQ(desk.write(0, two(500'000)).error(), Refusal::too_large);
  EXPECT_FALSE(desk.value("a"));
  desk.put(0, "p", 1.0);
  EXPECT_EQ(desk.head(0).seq, 1U);
  ASSERT_TRUE(desk.write(0, two(max_written_body / 2 - 100)));
  EXPECT_TRUE(desk.value("b"));
  EXPECT_TRUE(update::Body::decode(*desk.sent.back().update.body, desk.author(0)));
}

TEST(ReplicaBounds, ReadingKeepsNoMoreNodesInMemoryThanWriting) {
  const Space space{1};
  Desk desk{space};
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(desk.write(0, [&](Draft& draft) {
      (void)draft.put("soul " + std::to_string(i), "v", static_cast<double>(i));
    }));
  ASSERT_TRUE(desk.replica().commit());
  const auto replica = std::move(
      *Replica::open(*desk.place.store, "s/", space.id, desk.now, {.max_cached_nodes = 10}));
  for (int i = 0; i < 100; ++i) {
    const auto node = replica->node("soul " + std::to_string(i));
    ASSERT_TRUE(node);
    EXPECT_EQ((*node)->find("v")->value->value, Value{static_cast<double>(i)});
    EXPECT_LE(replica->status().cached_nodes, 11U);
  }
  // Souls of which there is nothing, too.
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*replica->node("none " + std::to_string(i)), nullptr);
  EXPECT_LE(replica->status().cached_nodes, 11U);
}

/// A log of somebody who signs whatever they like.
struct Stranger {
  crypto::Ed25519PrivateKey key;
  const Space& space;
  std::vector<update::Update> log;

  void sign(const model::EntryId& membership, std::size_t size = 1) {
    update::Update update;
    update.body =
        update::Body{.state = model::Stamp::at(beginning),
                     .changes = {{"soul", {update::Put{"stranger", std::string(size, 's')}}}}}
            .encode();
    update.header = {.space = space.id,
                     .author = update::author_of(key.public_key()),
                     .seq = log.size() + 1,
                     .prev = log.empty() ? update::hash_of({}) : log.back().header.id().value(),
                     .membership = membership,
                     .bytes = (log.empty() ? 0 : log.back().header.bytes) + update.body->size(),
                     .body = update::hash_of(*update.body)};
    update.signature = update::sign(update.header, key);
    log.push_back(std::move(update));
  }
  std::size_t offer(Replica& replica) const {
    std::size_t taken = 0;
    for (const update::Update& update : log) {
      const auto added = replica.add(update::VerifiedUpdate::trusted(update));
      if (!added) {
        EXPECT_EQ(added.error(), Refusal::unwelcome);
      } else if (*added == Accepted::added) {
        ++taken;
      }
    }
    return taken;
  }
};

TEST(ReplicaBounds, StrangersFillNoStoreAndAreHeardOnceTheyMayWrite) {
  const Space space{1};
  Desk desk{space};
  const Options options{
      .max_unwelcome = 20, .max_unwelcome_of_author = 8, .max_unwelcome_bytes = 20'000};
  ASSERT_TRUE(desk.replica().commit());
  desk.place.replica =
      std::move(*Replica::open(*desk.place.store, "s/", space.id, desk.now, options));
  const auto first = desk.replica().ledger().membership.head();
  std::vector<Stranger> strangers;
  for (std::uint8_t i = 0; i < 4; ++i)
    strangers.push_back({key_of(static_cast<std::uint8_t>(60 + i)), space, {}});
  for (Stranger& stranger : strangers)
    for (int i = 0; i < 30; ++i) stranger.sign(first);

  EXPECT_EQ(strangers[0].offer(desk.replica()), 8U);  // of one author
  EXPECT_EQ(strangers[1].offer(desk.replica()), 8U);
  EXPECT_EQ(strangers[2].offer(desk.replica()), 4U);  // of the space
  EXPECT_EQ(strangers[3].offer(desk.replica()), 0U);
  EXPECT_EQ(desk.replica().status().updates, 20U);
  // The bound holds across a restart, and members don't notice it.
  ASSERT_TRUE(desk.replica().commit());
  desk.place.replica =
      std::move(*Replica::open(*desk.place.store, "s/", space.id, desk.now, options));
  EXPECT_EQ(strangers[3].offer(desk.replica()), 0U);
  for (int i = 0; i < 50; ++i) desk.put(0, "p", static_cast<double>(i));

  // Let in: all that it signed is needed, since what it signs now follows it.
  desk.entry({update::SetRole{persona_of(strangers[0].key), update::Role::writer, {}}});
  strangers[0].sign(desk.replica().ledger().membership.head());
  EXPECT_EQ(strangers[0].offer(desk.replica()), 31U - 8U);
  EXPECT_EQ(desk.value("stranger"), Value{std::string{"s"}});
  // There is room for others now, in bytes, too.
  Stranger large{key_of(70), space, {}};
  for (int i = 0; i < 5; ++i) large.sign(first, 4000);
  EXPECT_EQ(large.offer(desk.replica()), 3U);
}

TEST(ReplicaBounds, OfARemovedMemberWhatStillCountsIsTakenWhateverElseItSigns) {
  const Space space{2};
  Desk member{space};
  for (int i = 0; i < 40; ++i) member.put(1, "p", static_cast<double>(i));
  const update::Position last = member.head(1);
  for (int i = 40; i < 80; ++i) member.put(1, "p", static_cast<double>(i));

  Desk desk{space};
  ASSERT_TRUE(desk.replica().commit());
  desk.place.replica = std::move(
      *Replica::open(*desk.place.store, "s/", space.id, desk.now, {.max_unwelcome_of_author = 5}));
  desk.entry({update::SetRole{persona_of(space.personas[1]), update::Role::none, {last}}});
  desk.receive(member.sent);
  EXPECT_EQ(desk.value("p"), Value{39.0});
  EXPECT_EQ(desk.replica().status().counting, 40U);
  EXPECT_EQ(desk.replica().status().updates, 45U);
}

// --- of many branches ---

struct Branches {
  static constexpr std::size_t count = 12;
  Space space{2};
  std::vector<std::vector<Message>> by_id;  // each two updates, by the first one's id

  Branches() {
    for (std::size_t i = 0; i < count; ++i) {
      Desk clone{space};
      clone.now.ms += static_cast<std::int64_t>(i);
      clone.put(0, "branch " + std::to_string(i), 1.0);
      clone.put(0, "branch " + std::to_string(i), 2.0);
      by_id.push_back(clone.sent);
    }
    std::ranges::sort(by_id, {}, [](const auto& branch) { return branch[0].update.header.id(); });
  }
};

TEST(ReplicaBounds, ABranchThatACheckpointCoversCountsWhateverItsAuthorSignsLater) {
  const Branches branches;
  Desk home{branches.space};
  home.receive(branches.by_id.back());  // the highest id of all
  home.now.ms += 40 * day_ms;
  ASSERT_TRUE(home.replica().advance(home.now));
  const Message checkpoint{
      Message::Kind::checkpoint, {}, *home.replica().checkpoint(branches.space.home, home.now)};
  for (std::size_t i = 0; i + 1 < Branches::count; ++i) home.receive(branches.by_id[i]);
  home.now.ms += day_ms;
  ASSERT_TRUE(home.replica().advance(home.now));
  EXPECT_EQ(home.replica().status().purged_checkpoints, 1U);
  EXPECT_EQ(home.replica().status().counting, 2U);

  // Who heard of eight others first kept it all the same.
  Desk late{branches.space};
  late.now = home.now;
  for (const auto& branch : branches.by_id) late.receive(branch);
  deliver(late.replica(), checkpoint);
  late.now.ms = home.now.ms;
  EXPECT_EQ(late.replica().status().purged_checkpoints, 1U);
  ASSERT_TRUE(home.replica().advance(late.replica().now()));
  EXPECT_EQ(late.state(), home.state());
  late.place.reopen(late.replica().now());
  EXPECT_EQ(late.state(), home.state());

  // The next checkpoint is purged as well.
  home.now.ms += 40 * day_ms;
  ASSERT_TRUE(home.replica().checkpoint(branches.space.home, home.now));
  ASSERT_TRUE(home.replica().advance({.ms = home.now.ms + day_ms}));
  EXPECT_EQ(home.replica().status().purged_checkpoints, 2U);
}

TEST(ReplicaBounds, ARemovedMemberCannotPushAsideWhatItsRemovalNames) {
  const Branches branches;
  Desk desk{branches.space};
  desk.receive(branches.by_id.back());
  const update::Position last = desk.head(0);
  desk.entry({update::SetRole{persona_of(branches.space.personas[0]), update::Role::none, {last}}});
  const Bytes before = desk.state();
  for (const auto& branch : branches.by_id) desk.receive(branch);
  EXPECT_EQ(desk.replica().status().counting, 2U);
  EXPECT_EQ(desk.state(), before);
}

TEST(ReplicaBounds, ABranchThatCountsBecauseOfWhatFollowsItIsTakenTheFirstTime) {
  const Branches branches;
  const auto& last = branches.by_id.back();
  Desk home{branches.space};
  home.receive(last);
  const Message naming = home.entry({update::NameBranch{home.head(0)}});
  for (const auto& branch : branches.by_id) home.receive(branch);
  EXPECT_EQ(home.replica().status().counting, 2U);

  // Each thing once, as a log is read: the named one comes last of all.
  Desk late{branches.space};
  deliver(late.replica(), naming);
  for (const std::size_t seq : {0U, 1U})
    for (const auto& branch : branches.by_id) deliver(late.replica(), branch[seq]);
  ASSERT_TRUE(late.replica().advance(home.now));
  EXPECT_EQ(late.state(), home.state());
}

TEST(ReplicaBounds, OfBranchesThatAreTooManySomeAreKeptAndTheNamedOneIsHeardAgain) {
  const Branches branches;
  Desk desk{branches.space};
  const Options options{.max_unwelcome_of_author = 2};
  ASSERT_TRUE(desk.replica().commit());
  const auto reopen = [&] {
    desk.place.replica =
        std::move(*Replica::open(*desk.place.store, "s/", branches.space.id, desk.now, options));
  };
  reopen();
  const auto add = [&](const Message& message) {
    return desk.replica().add(update::VerifiedUpdate::trusted(message.update), message.bytes);
  };
  for (std::size_t i = 0; i < Branches::count; ++i) {
    const auto added = add(branches.by_id[i][0]);
    EXPECT_EQ(added.has_value(), i < 10) << i;
    EXPECT_TRUE(added || added.error() == Refusal::unwelcome);
    // Nor what follows one of them, after a restart either.
    if (i == 9) {
      EXPECT_EQ(add(branches.by_id[i][1]).error(), Refusal::unwelcome);
      ASSERT_TRUE(desk.replica().commit());
      reopen();
    }
  }
  EXPECT_EQ(desk.replica().status().updates, 10U);
  EXPECT_EQ(desk.replica().status().counting, 8U);
  const auto& last = branches.by_id.back();
  const model::UpdateId id = last[1].update.header.id();
  desk.entry({update::NameBranch{{desk.author(0), 2, id}}});
  EXPECT_EQ(add(last[1]), Accepted::held);
  EXPECT_EQ(add(last[0]), Accepted::added);
  EXPECT_EQ(desk.replica().status().counting, 2U);
}

}  // namespace
}  // namespace hearth::replica::testing
