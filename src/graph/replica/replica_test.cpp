#include <gtest/gtest.h>

#include "world_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;
using update::Field;
using namespace std::string_literals;

/// A replica, and what its people do.
struct Desk {
  const Space& space;
  Place place;
  Timestamp now = beginning;
  std::vector<Message> sent;

  explicit Desk(const Space& of) : space(of), place(of.id, beginning) {
    deliver(*place.replica, space.founding());
  }
  Replica& replica() { return *place.replica; }

  [[nodiscard]] model::AuthorKey author(std::size_t device) const {
    return update::author_of(space.devices[device].public_key());
  }
  /// One update of `device` with whatever `edit` does to the draft.
  Result<update::Update, Refusal> write(std::size_t device, const auto& edit) {
    now.ms += 1;
    auto draft = replica().draft(author(device), now);
    edit(*draft);
    auto update = replica().write(*draft, space.devices[device], space.certificates[device]);
    if (update) sent.push_back({Message::Kind::update, *update, space.certificates[device]});
    return update;
  }
  void put(std::size_t device, const std::string& property, Value value) {
    ASSERT_TRUE(write(
        device, [&](Draft& draft) { ASSERT_TRUE(draft.put("soul", property, std::move(value))); }));
  }
  /// It takes a while: what was stamped at the same time is visible by then.
  void receive(const std::vector<Message>& messages) {
    for (const Message& message : messages) deliver(replica(), message);
    now.ms += 100;
    ASSERT_TRUE(replica().advance(now));
  }
  /// A signed entry with that change, by the home.
  Message entry(std::vector<update::MemberChange> changes) {
    const auto& membership = replica().ledger().membership;
    const update::Entry next{.space = space.id,
                             .term = membership.head_entry().term,
                             .seq = membership.head_entry().seq + 1,
                             .prev = membership.head(),
                             .time = membership.head_entry().time,
                             .signer = space.first.signer,
                             .changes = std::move(changes)};
    Message message{Message::Kind::entry, {}, update::sign(next, space.home)};
    EXPECT_EQ(replica().add_entry(message.bytes), Accepted::added);
    return message;
  }
  update::Position head(std::size_t device) {
    const auto* record =
        replica().ledger().find_log(*replica().authors().find(author(device)))->head();
    return {author(device), record->seq, record->id};
  }

  const crdt::Property* property(std::string_view name) {
    const auto node = replica().node("soul");
    return *node == nullptr ? nullptr : (*node)->find(name);
  }
  std::optional<Value> value(std::string_view name) {
    const crdt::Property* held = property(name);
    return held == nullptr || !held->value ? std::nullopt : std::optional{held->value->value};
  }
  std::int64_t count(std::string_view name) {
    const crdt::Property* held = property(name);
    return held == nullptr || !held->counter ? 0 : held->counter->total().clamped();
  }
  std::string list(std::string_view name) {
    std::string text;
    const crdt::Property* held = property(name);
    if (held == nullptr || !held->list) return text;
    for (const Value& element : held->list->values(replica().authors()))
      text += std::get<std::string>(element);
    return text;
  }
  Bytes state() { return *replica().canonical_state(); }
};

std::vector<Value> letters(std::string_view text) {
  std::vector<Value> values;
  for (const char letter : text) values.emplace_back(std::string(1, letter));
  return values;
}

// --- kinds of property ---

TEST(Replica, HoldsCyclesAndLinksToNothing) {
  const Space space{1};
  Desk desk{space};
  ASSERT_TRUE(desk.write(0, [](Draft& draft) {
    ASSERT_TRUE(draft.put("a", "next", model::Link{"b"}));
    ASSERT_TRUE(draft.put("b", "next", model::Link{"a"}));
    ASSERT_TRUE(draft.put("b", "lost", model::Link{"nowhere"}));
  }));
  const crdt::Node* b = *desk.replica().node("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->find("next")->value->value, Value{model::Link{"a"}});
  EXPECT_EQ(*desk.replica().node("nowhere"), nullptr);
}

TEST(Replica, CountersAddUpWhatHappenedApart) {
  const Space space{2};
  Desk a{space};
  Desk b{space};
  for (int i = 0; i < 10; ++i)
    (void)a.write(0, [](Draft& draft) { (void)draft.add("soul", "n", 3); });
  for (int i = 0; i < 10; ++i)
    (void)b.write(1, [](Draft& draft) { (void)draft.add("soul", "n", -1); });
  a.receive(b.sent);
  b.receive(a.sent);
  EXPECT_EQ(a.count("n"), 20);
  EXPECT_EQ(a.state(), b.state());
}

TEST(Replica, AnIncludeSurvivesAnExcludeThatHadNotSeenIt) {
  const Space space{2};
  Desk a{space};
  Desk b{space};
  ASSERT_TRUE(a.write(0, [](Draft& draft) {
    ASSERT_TRUE(draft.include("soul", "friends", model::Link{"bob"}, {{"since", 1999.0}}));
  }));
  b.receive(a.sent);
  ASSERT_TRUE(b.write(
      1, [](Draft& draft) { ASSERT_TRUE(draft.exclude("soul", "friends", model::Link{"bob"})); }));
  EXPECT_FALSE(b.property("friends")->set->contains(model::Link{"bob"}));
  ASSERT_TRUE(a.write(0, [](Draft& draft) {
    ASSERT_TRUE(draft.include("soul", "friends", model::Link{"bob"}, {{"met", "Ghent"s}}));
  }));
  a.receive(b.sent);
  b.receive(a.sent);
  EXPECT_EQ(a.state(), b.state());
  const auto elements = a.property("friends")->set->elements();
  ASSERT_EQ(elements.size(), 1U);
  EXPECT_EQ(elements[0].fields, (std::vector<Field>{{"met", "Ghent"s}}));
}

TEST(Replica, ManyLinksUnderOneNameEachWithProperties) {
  const Space space{1};
  Desk desk{space};
  ASSERT_TRUE(desk.write(0, [](Draft& draft) {
    ASSERT_TRUE(draft.include("soul", "likes", model::Link{"a"}, {{"stars", 3.0}}));
    ASSERT_TRUE(draft.include("soul", "likes", model::Link{"b"}, {{"stars", 5.0}}));
    ASSERT_TRUE(draft.include("soul", "likes", model::Link{"a"}, {{"since", 2020.0}}));
  }));
  const auto elements = desk.property("likes")->set->elements();
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0].value, Value{model::Link{"a"}});
  EXPECT_EQ(elements[0].fields, (std::vector<Field>{{"since", 2020.0}, {"stars", 3.0}}));
}

// Fugue's promise: what two people type at one place stays together, forwards and backwards.
TEST(Replica, RunsTypedAtOnePlaceDoNotInterleave) {
  const Space space{2};
  for (const bool backwards : {false, true}) {
    Desk a{space};
    Desk b{space};
    const auto type = [&](Desk& desk, std::size_t device, std::string_view word) {
      for (std::size_t i = 0; i < word.size(); ++i)
        ASSERT_TRUE(desk.write(device, [&](Draft& draft) {
          const char letter = backwards ? word[word.size() - 1 - i] : word[i];
          ASSERT_TRUE(draft.insert("soul", "text", backwards ? 0 : i, {std::string(1, letter)}));
        }));
    };
    type(a, 0, "hello");
    type(b, 1, "WORLD");
    a.receive(b.sent);
    b.receive(a.sent);
    EXPECT_TRUE(a.list("text") == "helloWORLD" || a.list("text") == "WORLDhello") << a.list("text");
    EXPECT_EQ(a.state(), b.state());
  }
}

TEST(Replica, ListsInsertAndEraseAtVisiblePositions) {
  const Space space{2};
  Desk a{space};
  ASSERT_TRUE(a.write(0, [](Draft& draft) {
    ASSERT_TRUE(draft.insert("soul", "l", 0, letters("abcdef")));
    ASSERT_TRUE(draft.erase("soul", "l", 1, 3));
    ASSERT_TRUE(draft.insert("soul", "l", 1, letters("XY")));
    EXPECT_EQ(draft.insert("soul", "l", 6, letters("Z")).error(), EditError::out_of_range);
    EXPECT_EQ(draft.erase("soul", "l", 4, 2).error(), EditError::out_of_range);
  }));
  EXPECT_EQ(a.list("l"), "aXYef");
  Desk b{space};
  b.receive(a.sent);
  ASSERT_TRUE(
      b.write(1, [](Draft& draft) { ASSERT_TRUE(draft.insert("soul", "l", 5, letters("!"))); }));
  EXPECT_EQ(b.list("l"), "aXYef!");
}

TEST(Replica, AnInsertWhoseParentIsUnknownWaitsForIt) {
  const Space space{2};
  Desk a{space};
  Desk b{space};
  ASSERT_TRUE(a.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("ab")); }));
  b.receive(a.sent);
  ASSERT_TRUE(b.write(1, [](Draft& draft) { (void)draft.insert("soul", "l", 1, letters("x")); }));
  Desk c{space};
  c.receive(b.sent);
  EXPECT_EQ(c.list("l"), "");
  c.place.reopen(c.now);  // it waits durably
  c.receive(a.sent);
  EXPECT_EQ(c.list("l"), "axb");
  EXPECT_EQ(c.state(), b.state());
}

TEST(Replica, DeletionTakesWhatIsOlderAndSparesWhatIsNewer) {
  const Space space{2};
  Desk a{space};
  Desk b{space};
  ASSERT_TRUE(a.write(0, [](Draft& draft) {
    (void)draft.put("soul", "v", 1.0);
    (void)draft.add("soul", "n", 5);
    (void)draft.include("soul", "s", 1.0);
    (void)draft.insert("soul", "l", 0, letters("ab"));
  }));
  b.receive(a.sent);
  b.now.ms += 100;
  ASSERT_TRUE(b.write(1, [](Draft& draft) { (void)draft.remove("soul"); }));
  EXPECT_FALSE(b.value("v"));
  ASSERT_TRUE(a.write(0, [](Draft& draft) { (void)draft.add("soul", "n", 2); }));  // older
  a.now = b.now;
  a.receive(b.sent);
  b.receive(a.sent);
  EXPECT_EQ(a.state(), b.state());
  EXPECT_EQ(a.count("n"), 0);
  EXPECT_EQ(a.list("l"), "");
  // An update that deletes and writes leaves what it writes.
  b.now.ms += 100;
  ASSERT_TRUE(b.write(1, [](Draft& draft) {
    (void)draft.remove("soul");
    (void)draft.put("soul", "v", 2.0);
  }));
  EXPECT_EQ(b.value("v"), Value{2.0});
}

TEST(Replica, WritersWhoDisagreeAboutAKindLoseNothing) {
  const Space space{1};
  Desk desk{space};
  desk.put(0, "p", 1.0);
  EXPECT_EQ(desk.property("p")->kind(), crdt::Kind::value);
  ASSERT_TRUE(desk.write(0, [](Draft& draft) { (void)draft.add("soul", "p", 7); }));
  EXPECT_EQ(desk.property("p")->kind(), crdt::Kind::counter);
  EXPECT_EQ(desk.value("p"), Value{1.0});
  EXPECT_EQ(desk.count("p"), 7);
}

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

// --- who may write ---

// R26: in a protected space only members write.
TEST(Replica, AStrangersUpdatesDoNotCountInAProtectedSpace) {
  const Space space{2};
  const Space strangers{3};
  Desk desk{space};
  desk.put(0, "p", "ours"s);
  const auto stranger = key_of(77);
  EXPECT_EQ(desk.replica()
                .write(
                    [&] {
                      auto draft =
                          desk.replica().draft(update::author_of(stranger.public_key()), desk.now);
                      (void)draft->put("soul", "p", "theirs"s);
                      return *draft;
                    }(),
                    stranger)
                .error(),
            Refusal::not_allowed);
  // One who signs anyway.
  update::Update forged;
  forged.body = update::Body{.state = *model::Stamp::create(1.0),
                             .changes = {{"soul", {update::Put{"p", "theirs"s}}}}}
                    .encode();
  forged.header = {.space = space.id,
                   .author = update::author_of(stranger.public_key()),
                   .seq = 1,
                   .prev = update::hash_of({}),
                   .membership = desk.replica().ledger().membership.head(),
                   .bytes = forged.body->size(),
                   .body = update::hash_of(*forged.body)};
  forged.signature = update::sign(forged.header, stranger);
  ASSERT_EQ(desk.replica().add(*update::Verifier{}.verify(forged)), Accepted::added);
  EXPECT_EQ(desk.value("p"), Value{"ours"s});
  EXPECT_EQ(desk.replica().status().counting, 1U);
  forged.header.space = strangers.id;
  forged.signature = update::sign(forged.header, stranger);
  EXPECT_EQ(desk.replica().add(*update::Verifier{}.verify(forged)).error(), Refusal::wrong_space);
}

// R25: in a public space any key writes, until it is banned.
TEST(Replica, AnyKeyWritesInAPublicSpaceUntilItIsBanned) {
  const Space space{1, update::SpaceKind::open};
  Desk desk{space};
  const auto stranger = key_of(77);
  const auto author = update::author_of(stranger.public_key());
  auto draft = desk.replica().draft(author, desk.now);
  ASSERT_TRUE(draft->put("soul", "p", 1.0));
  const auto update = desk.replica().write(*draft, stranger);
  ASSERT_TRUE(update);
  EXPECT_EQ(desk.value("p"), Value{1.0});
  desk.entry({update::SetRole{persona_of(stranger), update::Role::none, {}}});
  EXPECT_FALSE(desk.value("p"));
  auto again = desk.replica().draft(author, desk.now);
  ASSERT_TRUE(again->put("soul", "p", 2.0));
  EXPECT_EQ(desk.replica().write(*again, stranger).error(), Refusal::not_allowed);
}

TEST(Replica, RemovingAMemberVoidsWhatCameAfterTheNamedUpdateEverywhere) {
  const Space space{3};
  Desk thief{space};
  Desk desk{space};
  thief.put(0, "p", "honest"s);
  desk.receive(thief.sent);
  const update::Position last = desk.head(0);
  thief.put(0, "p", "stolen"s);
  thief.put(0, "q", "stolen"s);
  desk.receive(thief.sent);
  EXPECT_EQ(desk.value("p"), Value{"stolen"s});

  const Message removal =
      desk.entry({update::SetRole{persona_of(space.personas[0]), update::Role::none, {last}}});
  EXPECT_EQ(desk.value("p"), Value{"honest"s});
  EXPECT_FALSE(desk.value("q"));
  // The thief goes on, names the old entry, and claims any time; it learns of its end too.
  thief.put(0, "q", "again"s);
  desk.receive(thief.sent);
  EXPECT_FALSE(desk.value("q"));
  deliver(thief.replica(), removal);
  EXPECT_EQ(thief.state(), desk.state());
  // Somebody new, in another order.
  Desk late{space};
  late.receive({removal});
  late.receive(thief.sent);
  EXPECT_EQ(late.state(), desk.state());
}

TEST(Replica, WordsHungOnWhatBecameVoidDoNotVanish) {
  const Space space{2};
  Desk thief{space};
  thief.put(0, "x", 1.0);
  const update::Position last = thief.head(0);
  ASSERT_TRUE(
      thief.write(0, [](Draft& draft) { (void)draft.insert("soul", "l", 0, letters("BAD")); }));
  Desk desk{space};
  desk.receive(thief.sent);
  ASSERT_TRUE(
      desk.write(1, [](Draft& draft) { (void)draft.insert("soul", "l", 2, letters("good")); }));
  EXPECT_EQ(desk.list("l"), "BAgoodD");
  const Message removal = desk.entry({update::EndAuthor{last}});
  EXPECT_EQ(desk.list("l"), "good");
  Desk late{space};
  late.receive({removal});
  late.receive(desk.sent);  // never sees the void update at all
  late.receive({thief.sent[0]});
  EXPECT_EQ(late.list("l"), "good");
  EXPECT_EQ(late.state(), desk.state());
}

TEST(Replica, AHigherTermWinsAndWhatStoodBesideItIsVoid) {
  const Space space{1};
  Desk desk{space};
  Desk other{space};
  const Message removal =
      desk.entry({update::SetRole{persona_of(space.personas[0]), update::Role::none, {}}});
  EXPECT_EQ(desk.replica().ledger().membership.role(persona_of(space.personas[0])),
            update::Role::none);
  // The home is lost; its owner hands the space to another, from before that.
  const auto& membership = other.replica().ledger().membership;
  const auto new_home = key_of(50);
  const update::Entry takeover{
      .space = space.id,
      .term = 2,
      .seq = 1,
      .prev = membership.head(),
      .time = membership.head_entry().time,
      .signer = update::author_of(space.owner.public_key()),
      .changes = {update::SetHome{update::author_of(new_home.public_key())}}};
  const Bytes statement = update::sign(takeover, space.owner);
  for (Desk* each : {&desk, &other}) {
    EXPECT_EQ(each->replica().add_entry(statement), Accepted::added);
    deliver(each->replica(), removal);
    EXPECT_EQ(each->replica().ledger().membership.role(persona_of(space.personas[0])),
              update::Role::writer);
    EXPECT_EQ(each->replica().ledger().membership.home(), update::author_of(new_home.public_key()));
  }
  // Nobody else takes over, and the term must be higher.
  update::Entry usurpation = takeover;
  usurpation.term = 3;
  usurpation.signer = update::author_of(space.personas[0].public_key());
  EXPECT_EQ(desk.replica().add_entry(update::sign(usurpation, space.personas[0])).error(),
            Refusal::not_allowed);
  update::Entry lower = takeover;
  lower.term = 1;
  EXPECT_EQ(desk.replica().add_entry(update::sign(lower, space.owner)).error(),
            Refusal::not_allowed);
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
