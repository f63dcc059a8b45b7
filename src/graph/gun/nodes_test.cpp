#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include <hearth/graph_store/memory_store.h>
#include <hearth/gun/keys.h>
#include <hearth/gun/nodes.h>
#include <hearth/gun/text.h>

namespace hearth::gun {
namespace {

struct Tables {
  graph_store::MemoryStore store;
  Records records{store, 1 << 20};
  Nodes nodes{records};

  void commit() {
    const auto batch = records.take();
    ASSERT_TRUE(store.write(batch));
    ASSERT_TRUE(store.sync());
    records.committed();
  }
  bool put(std::string_view soul, std::string_view name, std::string_view json, double state) {
    const Property property{.name = name, .value = {ValueKind::string, json}, .state = state};
    std::vector<std::size_t> changed;
    EXPECT_TRUE(nodes.merge(soul, {&property, 1}, changed));
    return !changed.empty();
  }
  std::string read(std::string_view soul, const std::optional<Lex>& lex = {}) {
    std::string all;
    EXPECT_TRUE(nodes.read(soul, lex, [&](std::string_view, const Held& held) {
      all += std::string{held.name} + "=" + std::string{held.json} + " ";
      return true;
    }));
    return all;
  }
  std::string read_all(const Lex& souls, const std::optional<Lex>& lex = {}) {
    std::string all;
    EXPECT_TRUE(nodes.read_all(souls, lex, [&](std::string_view soul, const Held& held) {
      all += std::string{soul} + "/" + std::string{held.name} + " ";
      return true;
    }));
    return all;
  }
};

TEST(Keys, ComeBackAndKeepTheOrderOfJavaScript) {
  const std::vector<std::string> souls{std::string{"a"},       std::string{"a\0", 2},
                                       std::string{"a\0b", 3}, "ab",
                                       "\U0001F600",           "\uFF5E"};
  for (std::size_t i = 0; i < souls.size(); ++i) {
    const auto key = parse_node_key(property_key(souls[i], "n\uFF5E"));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->soul, souls[i]);
    EXPECT_EQ(key->name, "n\uFF5E");
    EXPECT_EQ(parse_node_key(node_key(souls[i]))->name, "");
    if (i == 0) continue;
    EXPECT_LT(property_key(souls[i - 1], "\U0001F600"), node_key(souls[i])) << i;
  }
  EXPECT_LT(deferred_key(-1, "z", "z"), deferred_key(0, "a", "a"));
  EXPECT_LT(deferred_key(1, "z", "z"), deferred_key(1.5, "a", "a"));
  const auto deferred = parse_deferred_key(deferred_key(-2.5, "s", "n"));
  ASSERT_TRUE(deferred);
  EXPECT_EQ(deferred->state, -2.5);
  EXPECT_EQ(deferred->soul, "s");
  EXPECT_EQ(deferred->name, "n");
}

// GUN.md's list for equal states: strings lowest, then numbers as text, false, null, true, links.
TEST(Ham, TiesGoToTheGreaterJsonText) {
  const std::vector<std::string_view> rising{R"("ab")",    R"("abc")", R"("b")", "\"\U0001F600\"",
                                             "\"\uFF5E\"", "-1",       "10",     "9",
                                             "false",      "null",     "true",   R"({"#":"a"})"};
  for (std::size_t i = 0; i < rising.size(); ++i)
    for (std::size_t k = 0; k < rising.size(); ++k)
      EXPECT_EQ(wins(1, rising[i], {.name = "n", .state = 1, .json = rising[k]}), i > k)
          << rising[i] << " over " << rising[k];
  EXPECT_TRUE(wins(2, R"("a")", {.name = "n", .state = 1, .json = "true"}));
  EXPECT_FALSE(wins(1, "true", {.name = "n", .state = 2, .json = R"("a")"}));
}

TEST(Nodes, MergeSmallOnesInOneRecordAndSpreadLargeOnes) {
  Tables tables;
  EXPECT_TRUE(tables.put("s", "b", "1", 1));
  EXPECT_TRUE(tables.put("s", "a", "2", 1));
  EXPECT_FALSE(tables.put("s", "a", "1", 1));
  EXPECT_FALSE(tables.put("s", "a", "9", 0));
  EXPECT_EQ(tables.read("s"), "a=2 b=1 ");
  tables.commit();
  EXPECT_EQ(tables.store.size(), 1u);
  for (int i = 10; i < 99; ++i)
    EXPECT_TRUE(tables.put("s", "n" + std::to_string(i), "\"0123456789\"", 2));
  tables.commit();
  EXPECT_EQ(tables.store.size(), 92u);
  EXPECT_TRUE(tables.put("s", "a", "3", 3));
  EXPECT_FALSE(tables.put("s", "a", "4", 2));
  EXPECT_EQ(tables.read("s", Lex{.to = "n10"}), "a=3 b=1 n10=\"0123456789\" ");
  EXPECT_EQ(tables.read("s", Lex{.prefix = "n9", .reverse = true}).substr(0, 4), "n98=");
  EXPECT_EQ(tables.nodes.property("s", "a").value()->json, "3");
  EXPECT_EQ(tables.nodes.property("s", "a", View::durable).value()->json, "2");
  EXPECT_EQ(tables.nodes.progress("s", "a"), Progress::waiting);
  EXPECT_EQ(tables.nodes.progress("s", "b"), Progress::durable);
}

TEST(Nodes, AnswerLexOverSoulsInBothOrders) {
  Tables tables;
  for (const char* soul : {"b", "ba", "bb", "c"}) {
    tables.put(soul, "x", "1", 1);
    tables.put(soul, "y", "1", 1);
  }
  tables.commit();
  tables.put("bc", "x", "1", 1);
  EXPECT_EQ(tables.read_all(Lex{.prefix = "b"}, Lex{.exact = "x"}), "b/x ba/x bb/x bc/x ");
  EXPECT_EQ(tables.read_all(Lex{.from = "ba", .to = "bb"}), "ba/x ba/y bb/x bb/y ");
  EXPECT_EQ(tables.read_all(Lex{.prefix = "b", .reverse = true}, Lex{.exact = "y"}),
            "bb/y ba/y b/y ");
}

TEST(Records, FallBackToWhatIsDurableWhenACommitFails) {
  Tables tables;
  tables.put("s", "a", "1", 1);
  tables.commit();
  tables.put("s", "a", "2", 2);
  (void)tables.records.take();
  tables.put("s", "a", "3", 3);
  EXPECT_EQ(tables.read("s"), "a=3 ");
  tables.records.failed();
  EXPECT_EQ(tables.read("s"), "a=1 ");
  EXPECT_EQ(tables.records.pending_bytes(), 0u);
}

TEST(Records, ScanAllLayersAsOne) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random{seed};
    graph_store::MemoryStore store;
    Records records{store, 4096};
    std::map<std::string, std::string> model;
    graph_store::Batch in_flight;
    for (int step = 0; step < 60; ++step) {
      const std::string key(1 + random() % 2, static_cast<char>('a' + random() % 5));
      switch (random() % 5) {
        case 0:
          records.erase(key);
          model.erase(key);
          break;
        case 1:
          if (records.in_flight()) {
            ASSERT_TRUE(store.write(in_flight));
            records.committed();
          } else {
            in_flight = records.take();
          }
          break;
        default:
          model[key] = std::to_string(random() % 100);
          records.put(key, to_bytes(model[key]));
      }
    }
    for (const auto order :
         {graph_store::Range::Order::ascending, graph_store::Range::Order::descending}) {
      std::vector<std::string> got, wanted;
      ASSERT_TRUE(records.scan({"aa", "d", order}, [&](std::string_view key, BytesView value) {
        got.push_back(std::string{key} + to_text(value));
        return true;
      }));
      for (auto at = model.lower_bound("aa"); at != model.lower_bound("d"); ++at)
        wanted.push_back(at->first + at->second);
      if (order == graph_store::Range::Order::descending) std::ranges::reverse(wanted);
      ASSERT_EQ(got, wanted) << seed;
    }
    for (const auto& [key, value] : model) {
      const auto got = records.get(key).value();
      ASSERT_TRUE(got && as_text(*got) == value) << seed;
    }
  }
}

// Any interleaving of writes, commits and lost commits gives what a plain table gives, whether the
// node lies in one record or in many.
TEST(Nodes, HoldWhatAPlainTableHolds) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random{seed};
    Tables tables;
    std::map<std::string, std::pair<double, std::string>, Utf16Less> model;
    const std::size_t names = seed % 2 == 0 ? 5 : 120;
    for (int step = 0; step < 200; ++step) {
      std::vector<std::string> texts;
      std::vector<Property> properties;
      const std::size_t count = 1 + random() % 4;
      texts.reserve(count * 2);
      for (std::size_t i = 0; i < count; ++i) {
        texts.push_back("name" + std::to_string(random() % names));
        texts.push_back("\"" + std::to_string(random() % 1'000'000) + "\"");
        properties.push_back({.name = texts[texts.size() - 2],
                              .value = {ValueKind::string, texts.back()},
                              .state = static_cast<double>(random() % 4)});
      }
      for (const Property& property : properties) {
        auto [at, fresh] = model.try_emplace(std::string{property.name}, -1.0, "");
        if (fresh ||
            wins(property.state, property.value.json,
                 {.name = property.name, .state = at->second.first, .json = at->second.second}))
          at->second = {property.state, std::string{property.value.json}};
      }
      std::vector<std::size_t> changed;
      ASSERT_TRUE(tables.nodes.merge("soul", properties, changed));
      if (random() % 5 == 0 && tables.records.waiting()) tables.commit();
    }
    std::string wanted;
    for (const auto& [name, held] : model) wanted += name + "=" + held.second + " ";
    ASSERT_EQ(tables.read("soul"), wanted) << seed;
  }
}

}  // namespace
}  // namespace hearth::gun
