// Kinds of property, and deletion.

#include <gtest/gtest.h>

#include "desk_for_test.h"

namespace hearth::replica::testing {
namespace {

using model::Value;
using update::Field;
using namespace std::string_literals;

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

}  // namespace
}  // namespace hearth::replica::testing
