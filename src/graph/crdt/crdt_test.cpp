#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <hearth/crdt/node.h>

namespace hearth::crdt {
namespace {

model::Stamp at(double ms) {
  return *model::Stamp::create(ms);
}

class Nothing final : public Fates {
 public:
  [[nodiscard]] bool is_void(AuthorNumber, std::uint64_t) const override { return false; }
  [[nodiscard]] bool is_covered(AuthorNumber, std::uint64_t) const override { return true; }
};

// Of author 0 everything that counts has been here, of the others nothing is sure.
class FirstIsCovered final : public Fates {
 public:
  [[nodiscard]] bool is_void(AuthorNumber author, std::uint64_t) const override {
    return author == 0;
  }
  [[nodiscard]] bool is_covered(AuthorNumber author, std::uint64_t) const override {
    return author == 0;
  }
};

Authors three_authors() {
  Authors authors;
  // Numbers go against the order of the keys, which alone may matter.
  for (const std::byte first : {std::byte{3}, std::byte{2}, std::byte{1}}) {
    model::Bytes32 key{};
    key[0] = first;
    authors.number(model::AuthorKey{key});
  }
  return authors;
}

TEST(Sum, CountsBeyond64BitsAndBack) {
  Sum sum;
  for (int i = 0; i < 5000; ++i) sum.add(model::max_integer);
  EXPECT_EQ(sum.clamped(), std::numeric_limits<std::int64_t>::max());
  for (int i = 0; i < 10'000; ++i) sum.add(-model::max_integer);
  EXPECT_EQ(sum.clamped(), std::numeric_limits<std::int64_t>::min());
  for (int i = 0; i < 5000; ++i) sum.add(model::max_integer);
  EXPECT_EQ(sum, Sum{});
}

TEST(Ranges, AreWhatASetOfNumbersWouldBe) {
  std::mt19937 random{1};
  for (int round = 0; round < 200; ++round) {
    Ranges ranges;
    std::vector<bool> expected(64);
    for (int step = 0; step < 30; ++step) {
      const auto begin = static_cast<std::uint32_t>(random() % 60);
      if (random() % 3 == 0) {
        EXPECT_EQ(ranges.take(begin), expected[begin]);
        expected[begin] = false;
      } else {
        const auto end = begin + static_cast<std::uint32_t>(random() % 5);
        ranges.add(begin, end);
        for (std::uint32_t i = begin; i < end; ++i) expected[i] = true;
      }
      std::vector<bool> covered(64);
      std::uint32_t last = 0;
      for (const auto& range : ranges.ranges()) {
        // Neither empty nor next to the one before.
        ASSERT_LT(range.begin, range.end);
        ASSERT_TRUE(range.begin > last || (range.begin == 0 && last == 0));
        last = range.end;
        for (std::uint32_t i = range.begin; i < range.end; ++i) covered[i] = true;
      }
      ASSERT_EQ(covered, expected);
    }
  }
}

TEST(Set, ATagOfTheSameAuthorCoversWhatItRepeats) {
  Set set;
  const Authors authors = three_authors();
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    set.include(1.0, {{"f", static_cast<double>(seq)}}, {.author = 0, .index = 0, .seq = seq},
                at(static_cast<double>(seq)));
  codec::CborWriter writer;
  set.write({writer, authors, Names::keys});
  EXPECT_LT(writer.take().size(), 60U);  // one tag, not a hundred
  EXPECT_EQ(set.elements()[0].fields[0].value, model::Value{100.0});
  // Another field is not covered, and stays.
  set.include(1.0, {{"g", true}}, {.author = 0, .index = 0, .seq = 101}, at(101));
  EXPECT_EQ(set.elements()[0].fields.size(), 2U);
}

TEST(Set, AnExcludeCannotTakeWhatIsNewerThanItself) {
  Set set;
  set.exclude(1.0, {.author = 0, .index = 0, .seq = 1'000'000}, at(10));
  set.include(1.0, {}, {.author = 0, .index = 0, .seq = 1}, at(10));
  EXPECT_FALSE(set.contains(1.0));
  set.include(1.0, {}, {.author = 0, .index = 0, .seq = 2}, at(11));
  EXPECT_TRUE(set.contains(1.0));
}

std::vector<model::Value> numbers(double first, std::size_t count) {
  std::vector<model::Value> values;
  for (std::size_t i = 0; i < count; ++i) values.emplace_back(first + static_cast<double>(i));
  return values;
}

TEST(List, SiblingsStandInTheOrderOfKeysNotOfArrival) {
  const Authors authors = three_authors();
  const Nothing fates;
  for (const bool backwards : {false, true}) {
    List list;
    for (AuthorNumber i = 0; i < 3; ++i) {
      const AuthorNumber author = backwards ? 2 - i : i;
      list.insert({}, {.author = author, .index = 0, .seq = 1},
                  numbers(static_cast<double>(author), 1), at(1), std::nullopt, fates);
    }
    EXPECT_EQ(list.values(authors), (std::vector<model::Value>{2.0, 1.0, 0.0}));
  }
}

TEST(List, IsAsDeepAsItHasElementsWithoutRecursion) {
  const Authors authors = three_authors();
  const Nothing fates;
  List list;
  constexpr std::uint32_t depth = 200'000;
  std::optional<Id> parent;
  for (std::uint32_t seq = 1; seq <= depth; ++seq) {
    const Id id{.author = 0, .index = 0, .seq = seq};
    list.insert({.parent = parent, .side = update::Side::left}, id, numbers(seq, 1), at(1),
                std::nullopt, fates);
    parent = id;
  }
  const auto values = list.values(authors);
  ASSERT_EQ(values.size(), depth);
  EXPECT_EQ(values.front(), model::Value{static_cast<double>(depth)});
}

TEST(List, WaitsInACircleWithoutEnd) {
  const Authors authors = three_authors();
  const Nothing fates;
  List list;
  const Id a{.author = 0, .index = 0, .seq = 1};
  const Id b{.author = 1, .index = 0, .seq = 1};
  list.insert({.parent = b}, a, numbers(1, 1), at(1), std::nullopt, fates);
  list.insert({.parent = a}, b, numbers(2, 1), at(1), std::nullopt, fates);
  EXPECT_EQ(list.size(), 0U);
  EXPECT_TRUE(list.is_waiting());
  EXPECT_TRUE(list.values(authors).empty());
}

// A short operation that names 65,536 elements nobody made costs a few bytes, not megabytes.
TEST(List, ErasingWhatIsNotThereStaysShort) {
  const Authors authors = three_authors();
  const FirstIsCovered fates;
  List list;
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    list.erase({.author = 1, .index = 0, .seq = seq}, 65'536, at(5), fates);
  codec::CborWriter writer;
  list.write({writer, authors, Names::numbers});
  EXPECT_LT(writer.take().size(), 100 * 20U);
}

TEST(List, PositionsRoundTripThroughPlaces) {
  const Authors authors = three_authors();
  const Nothing fates;
  std::mt19937 random{2};
  List list;
  std::vector<model::Value> expected;
  for (std::uint64_t seq = 1; seq <= 500; ++seq) {
    const std::size_t position = random() % (expected.size() + 1);
    if (random() % 4 == 0 && position < expected.size()) {
      for (const Id& id : list.ids(position, 1, authors)) list.erase(id, 1, at(1000), fates);
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(position));
    } else {
      const auto author = static_cast<AuthorNumber>(random() % 3);
      const auto values = numbers(static_cast<double>(seq) * 10, 1 + random() % 3);
      ASSERT_TRUE(list.insert(list.place_for(position, authors),
                              {.author = author, .index = 0, .seq = seq}, values, at(1),
                              std::nullopt, fates));
      expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(position), values.begin(),
                      values.end());
    }
    ASSERT_EQ(list.values(authors), expected);
  }
}

TEST(List, AnEraseOfWhatIsCoveredAndNotThereLeavesNothing) {
  const FirstIsCovered fates;
  const Id covered{.author = 0, .index = 0, .seq = 1};
  const Id unknown{.author = 1, .index = 0, .seq = 1};
  List list;
  list.insert({}, covered, numbers(1, 2), at(1), std::nullopt, fates);
  list.erase(covered, 2, at(2), fates);
  list.purge(at(10), fates);
  EXPECT_TRUE(list.empty());
  list.erase(covered, 2, at(20), fates);
  EXPECT_TRUE(list.empty());
  list.erase(unknown, 1, at(20), fates);
  EXPECT_FALSE(list.empty());

  // The same where the checkpoint came after the erase.
  const Nothing covers_all;
  list.purge(at(10), covers_all);
  EXPECT_TRUE(list.empty());
}

// Whether the parent came before the purge, after it, or stays unknown is no matter to what hangs
// there.
TEST(List, WhatWaitsIsPurgedAsWhatHangs) {
  const Authors authors = three_authors();
  const FirstIsCovered fates;
  const Id parent{.author = 1, .index = 0, .seq = 9};
  const Id erased{.author = 0, .index = 0, .seq = 1};
  const Id stays{.author = 2, .index = 0, .seq = 1};
  std::vector<Bytes> states;
  for (const bool parent_first : {true, false}) {
    List list;
    const auto insert_parent = [&] {
      list.insert({}, parent, numbers(7, 1), at(20), std::nullopt, fates);
    };
    if (parent_first) insert_parent();
    list.insert({.parent = parent, .side = update::Side::left}, erased, numbers(1, 2), at(1),
                std::nullopt, fates);
    list.insert({.parent = Id{.author = 0, .index = 1, .seq = 1}, .side = update::Side::left},
                stays, numbers(5, 2), at(20), std::nullopt, fates);
    list.erase(erased, 2, at(2), fates);
    list.purge(at(10), fates);
    EXPECT_FALSE(list.is_waiting());
    if (!parent_first) insert_parent();
    codec::CborWriter writer;
    list.write({writer, authors, Names::keys});
    states.push_back(writer.take());
    EXPECT_EQ(list.values(authors), (std::vector<model::Value>{5.0, 6.0, 7.0}));
  }
  EXPECT_EQ(states[0], states[1]);
}

TEST(Node, PurgedWholeItIsNothing) {
  const Authors authors = three_authors();
  const Nothing fates;
  Node node;
  const AuthorNumber places[] = {0};
  const Cause first{.author = 0, .seq = 1, .stamp = at(1)};
  const Cause second{.author = 0, .seq = 2, .stamp = at(2)};
  node.apply(update::Put{"p", 1.0}, first, 0, places, authors, fates);
  node.apply(update::Insert{"l", std::nullopt, update::Side::right, numbers(0, 3)}, first, 1,
             places, authors, fates);
  node.apply(update::DeleteNode{}, second, 0, places, authors, fates);
  EXPECT_FALSE(node.empty());
  node.purge(at(3), fates);
  EXPECT_TRUE(node.empty());
}

}  // namespace
}  // namespace hearth::crdt
