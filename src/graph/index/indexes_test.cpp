#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <hearth/graph_index/indexes.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/replica/world_for_test.h>

namespace hearth::graph_index {
namespace {

using model::Link;
using model::Value;
using replica::Replica;
using replica::testing::beginning;
using replica::testing::day_ms;
using replica::testing::Message;
using replica::testing::Space;
using namespace std::string_literals;

/// A replica with its indexes.
struct Place {
  graph_store::MemoryStore store;
  model::SpaceId space;
  std::unique_ptr<Indexes> indexes;
  std::unique_ptr<Replica> replica;

  explicit Place(const model::SpaceId& of) : space(of) { open(beginning); }
  void open(Timestamp now) {
    replica = nullptr;
    indexes = std::move(*Indexes::open(store, "s/"));
    replica = std::move(*Replica::open(store, "s/", space, now, {.companion = indexes.get()}));
  }
  void finish(std::size_t step = 1000) {
    while (*indexes->work(*replica, step)) {
    }
  }
  std::vector<Hit> all(std::string_view name, Query query = {}) const {
    std::vector<Hit> hits;
    while (true) {
      const auto page = indexes->find(name, query);
      EXPECT_TRUE(page);
      if (!page) return hits;
      hits.insert(hits.end(), page->hits.begin(), page->hits.end());
      if (page->next.empty()) return hits;
      query.after(page->next);
    }
  }
  /// What a look at every node gives.
  std::vector<Hit> scan(const Definition& index) const {
    std::vector<std::string> souls;
    EXPECT_TRUE(replica->souls("", [&](std::string_view soul) {
      souls.emplace_back(soul);
      return true;
    }));
    std::vector<Hit> hits;
    for (const std::string& soul : souls) {
      const crdt::Node* node = *replica->node(soul);
      const auto* property = node == nullptr ? nullptr : node->find(index.property);
      const auto kind = property == nullptr ? std::nullopt : property->kind();
      if (!kind || !soul.starts_with(index.soul_prefix)) continue;
      if (*kind == crdt::Kind::value) hits.push_back({soul, property->value->value});
      if (*kind == crdt::Kind::counter)
        hits.push_back({soul, static_cast<double>(property->counter->total().clamped())});
      if (*kind == crdt::Kind::set)
        for (const auto& element : property->set->elements()) hits.push_back({soul, element.value});
    }
    std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
      return a.value != b.value ? *a.value < *b.value : a.soul < b.soul;
    });
    return hits;
  }
  std::size_t rows() const {
    std::size_t count = 0;
    EXPECT_TRUE(store.scan(graph_store::prefix_range("s/x"), [&](std::string_view, BytesView) {
      ++count;
      return true;
    }));
    return count;
  }
};

// Through forks, removals, checkpoints, purges, clocks set back and restarts.
TEST(Indexes, AnswerAsALookAtEveryNodeWould) {
  const std::vector<Definition> definitions{
      {"p", "p"}, {"q", "q"}, {"p of b", "p", "b"}, {"none", "none"}};
  std::size_t compared = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    Bytes noise(1200);
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    replica::testing::Choices choices{noise};
    replica::testing::World world{choices};
    world.run(1200);
    world.settle();
    const auto& messages = world.messages();
    Place place{world.places().front().replica->ledger().membership.space()};
    ASSERT_TRUE(place.indexes->declare(*place.replica, definitions[0]));
    const Timestamp end = world.places().front().replica->now();
    Timestamp now = beginning;
    for (int step = 0; step < 400; ++step) {
      const std::size_t action = random() % 64;
      if (action < 44) {
        replica::testing::deliver(*place.replica, messages[random() % messages.size()]);
      } else if (action < 48) {
        now.ms = std::min(end.ms, now.ms + static_cast<std::int64_t>(random() % 10) * day_ms);
        ASSERT_TRUE(place.replica->advance(now));
      } else if (action < 50) {
        ASSERT_TRUE(place.replica->set_back({.ms = now.ms - day_ms}));
      } else if (action < 52) {
        ASSERT_TRUE(place.replica->commit());
        place.open(now);
      } else if (action < 54) {
        ASSERT_TRUE(
            place.indexes->declare(*place.replica, definitions[random() % definitions.size()]));
      } else if (action < 55) {
        (void)place.indexes->drop(*place.replica, definitions[random() % definitions.size()].name);
      } else if (action < 58) {
        ASSERT_TRUE(place.indexes->work(*place.replica, 1 + random() % 3));
      } else {
        ASSERT_TRUE(place.replica->commit());
        for (const auto& [index, ready] : place.indexes->list()) {
          if (!ready) continue;
          const auto expected = place.scan(index);
          ASSERT_EQ(place.all(index.name, Query{}.limit(1 + random() % 3)), expected);
          auto descending = place.all(index.name, Query{}.descending().limit(2));
          std::ranges::reverse(descending);
          ASSERT_EQ(descending, expected);
          compared += expected.size();
        }
      }
    }
    // Nothing is left of what was dropped, and no row twice.
    place.finish(2);
    ASSERT_TRUE(place.replica->commit());
    std::size_t expected = 0;
    for (const auto& [index, ready] : place.indexes->list()) {
      EXPECT_TRUE(ready);
      expected += place.scan(index).size();
    }
    EXPECT_EQ(place.rows(), expected);
  }
  EXPECT_GT(compared, 1000U);
}

/// One author, and a few nodes.
struct Library {
  Space space{1};
  Place place{space.id};
  Timestamp now = beginning;

  Library() { replica::testing::deliver(*place.replica, space.founding()); }
  void write(const auto& edit) {
    now.ms += 1;
    auto draft = place.replica->draft(update::author_of(space.devices[0].public_key()), now);
    ASSERT_TRUE(draft);
    edit(*draft);
    ASSERT_TRUE(place.replica->write(*draft, space.devices[0], space.certificates[0]));
    ASSERT_TRUE(place.replica->commit());
  }
  void put(const std::string& soul, const std::string& property, Value value) {
    write([&](replica::Draft& draft) { ASSERT_TRUE(draft.put(soul, property, std::move(value))); });
  }
  void declare(const Definition& definition) {
    ASSERT_TRUE(place.indexes->declare(*place.replica, definition));
    place.finish();
  }
  std::string souls(std::string_view index, const Query& query) {
    std::string text;
    for (const Hit& hit : place.all(index, query)) text += hit.soul;
    return text;
  }
};

TEST(Indexes, FindExactValuesBeginningsAndRanges) {
  Library library;
  library.declare({"x", "x"});
  const std::vector<Value> values{model::Null{}, false,          1.0,       2.0,
                                  2.0,           10.0,           "ant"s,    "apple"s,
                                  "bee"s,        to_bytes("ap"), Link{"a"}, Link{"b"}};
  for (std::size_t i = 0; i < values.size(); ++i)
    library.put(std::string(1, static_cast<char>('a' + i)), "x", values[i]);
  EXPECT_EQ(library.souls("x", {}), "abcdefghijkl");
  EXPECT_EQ(library.souls("x", Query{}.descending()), "lkjihgfedcba");
  EXPECT_EQ(library.souls("x", Query::exactly(2.0)), "de");
  EXPECT_EQ(library.souls("x", Query::exactly(3.0)), "");
  EXPECT_EQ(library.souls("x", Query::exactly(Link{"b"})), "l");  // who links to b
  EXPECT_EQ(library.souls("x", Query::starting_with("a"s)), "gh");
  EXPECT_EQ(library.souls("x", Query::starting_with(""s)), "ghi");
  EXPECT_EQ(library.souls("x", Query::starting_with(to_bytes("a"))), "j");
  EXPECT_EQ(library.souls("x", Query::starting_with(Link{"a"})), "k");
  EXPECT_EQ(library.souls("x", Query{}.from(1.0).below(10.0)), "cde");
  EXPECT_EQ(library.souls("x", Query{}.above(1.0).to(10.0).descending()), "fed");
  EXPECT_EQ(library.souls("x", Query{}.from(2.0)), "def");  // numbers alone
  EXPECT_EQ(library.souls("x", Query{}.to(2.0)), "cde");
  EXPECT_EQ(library.souls("x", Query{}.above("apple"s)), "i");
  EXPECT_EQ(library.souls("x", Query{}.from(10.0).to("ant"s)), "fg");
  EXPECT_EQ(library.souls("x", Query{}.from(3.0).to(2.0)), "");
  EXPECT_EQ(library.place.indexes->find("x", Query::starting_with(1.0)),
            Failure{IndexError::bad_query});
  EXPECT_EQ(library.place.indexes->find("y", {}), Failure{IndexError::unknown});
}

TEST(Indexes, GiveARowForEachElementOfASetAndForACountersSum) {
  Library library;
  library.declare({"tags", "tags"});
  library.declare({"likes", "likes"});
  library.write([](replica::Draft& draft) {
    (void)draft.include("a", "tags", "sea"s);
    (void)draft.include("a", "tags", "sun"s);
    (void)draft.include("b", "tags", "sun"s);
    (void)draft.add("a", "likes", 3);
    (void)draft.add("b", "likes", 5);
  });
  EXPECT_EQ(library.souls("tags", Query::exactly("sun"s)), "ab");
  EXPECT_EQ(library.souls("likes", Query{}.descending()), "ba");
  library.write([](replica::Draft& draft) {
    (void)draft.exclude("a", "tags", "sun"s);
    (void)draft.add("a", "likes", 4);
    (void)draft.remove("b", "tags");
  });
  EXPECT_EQ(library.souls("tags", {}), "a");
  EXPECT_EQ(library.souls("likes", Query{}.descending()), "ab");
}

TEST(Indexes, PagesStayInPlaceWhileOthersWrite) {
  Library library;
  library.declare({"x", "x"});
  for (const char* soul : {"b", "d", "f", "h"}) library.put(soul, "x", 1.0);
  auto query = Query{}.limit(2);
  const auto page = library.place.indexes->find("x", query);
  ASSERT_EQ(page->hits.size(), 2U);
  library.put("a", "x", 1.0);  // before
  library.put("e", "x", 1.0);  // behind
  library.put("d", "x", 0.0);  // where the page ended: moves away
  EXPECT_EQ(library.souls("x", query.after(page->next)), "efh");
  library.declare({"y", "x"});
  EXPECT_EQ(library.place.indexes->find("y", query), Failure{IndexError::bad_query});
}

TEST(Indexes, AreBuiltInStepsAndNotAskedBefore) {
  Library library;
  library.write([](replica::Draft& draft) {
    for (int i = 0; i < 250; ++i)
      ASSERT_TRUE(draft.put("n/" + std::to_string(i), "x", static_cast<double>(i)));
  });
  Indexes& indexes = *library.place.indexes;
  ASSERT_TRUE(indexes.declare(*library.place.replica, {"x", "x", "n/"}));
  EXPECT_EQ(indexes.declare(*library.place.replica, {"x", "y"}), Failure{IndexError::exists});
  EXPECT_EQ(indexes.find("x", {}), Failure{IndexError::not_ready});
  int steps = 1;
  while (*indexes.work(*library.place.replica, 100)) {
    ++steps;
    library.place.open(library.now);  // goes on after a restart
    break;
  }
  while (*library.place.indexes->work(*library.place.replica, 100)) ++steps;
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(library.place.all("x").size(), 250U);
  ASSERT_TRUE(library.place.indexes->drop(*library.place.replica, "x"));
  EXPECT_EQ(library.place.indexes->find("x", {}), Failure{IndexError::unknown});
  library.place.finish(100);
  EXPECT_EQ(library.place.rows(), 0U);
}

TEST(Indexes, AreBuiltAnewWhereNodesWereWrittenWithoutThem) {
  Library library;
  library.declare({"x", "x"});
  library.put("a", "x", 1.0);
  library.put("b", "x", 2.0);
  {
    library.place.replica = nullptr;
    auto alone =
        std::move(*Replica::open(library.place.store, "s/", library.space.id, library.now));
    library.now.ms += 1;
    auto draft =
        alone->draft(update::author_of(library.space.devices[0].public_key()), library.now);
    ASSERT_TRUE(draft->put("a", "x", 3.0));
    ASSERT_TRUE(alone->write(*draft, library.space.devices[0], library.space.certificates[0]));
    ASSERT_TRUE(alone->commit());
  }
  library.place.open(library.now);
  EXPECT_EQ(library.place.indexes->find("x", {}), Failure{IndexError::not_ready});
  library.place.finish();
  EXPECT_EQ(library.souls("x", {}), "ba");
}

TEST(Indexes, AreBuiltAnewAfterNodesWereRepaired) {
  Library library;
  library.declare({"x", "x"});
  library.put("a", "x", 1.0);
  library.put("b", "x", 2.0);
  // Another value stands in the store than the log gives.
  Bytes stored;
  ASSERT_EQ(library.place.store.get("s/nb", stored), true);
  graph_store::Batch batch;
  batch.put("s/na", stored);
  ASSERT_TRUE(library.place.store.write(batch));
  library.place.open(library.now);
  EXPECT_EQ(library.place.replica->verify(replica::Repair::yes)->size(), 1U);
  ASSERT_TRUE(library.place.replica->commit());
  library.place.finish();
  EXPECT_EQ(library.souls("x", {}), "ab");
  EXPECT_EQ(library.place.rows(), 2U);
}

}  // namespace
}  // namespace hearth::graph_index
