
#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/graph_store/faulty_store.h>

namespace hearth::graph_store {
namespace {

Batch one(std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(key, as_bytes(value));
  return batch;
}

std::vector<std::string> keys(const Store& store, const Range& range) {
  std::vector<std::string> found;
  EXPECT_TRUE(store.scan(range, [&](std::string_view key, BytesView) {
    found.emplace_back(key);
    return true;
  }));
  return found;
}

TEST(Batch, HoldsItsChangesInOrder) {
  Batch batch;
  batch.put("a", as_bytes("1"));
  batch.erase("b");
  batch.put("", {});
  ASSERT_EQ(batch.size(), 3u);
  EXPECT_EQ(batch[0].key, "a");
  EXPECT_TRUE(equal(*batch[0].value, as_bytes("1")));
  EXPECT_EQ(batch[1].key, "b");
  EXPECT_FALSE(batch[1].value);
  EXPECT_TRUE(batch[2].value->empty());
}

TEST(PrefixRange, EndsAtTheNextPrefix) {
  EXPECT_EQ(prefix_range("ab").to, "ac");
  EXPECT_EQ(prefix_range("a\xff\xff").to, "b");
  EXPECT_EQ(prefix_range("\xff").to, "");
  EXPECT_EQ(prefix_range("").to, "");
}

TEST(MemoryStore, ScansRangesBothWaysAndStopsWhenTold) {
  MemoryStore store;
  for (const char* key : {"a", "b", "b/1", "b/2", "c"}) ASSERT_TRUE(store.write(one(key, "x")));
  using Order = Range::Order;
  EXPECT_EQ(keys(store, prefix_range("b/")), (std::vector<std::string>{"b/1", "b/2"}));
  EXPECT_EQ(keys(store, {"b", "c", Order::descending}),
            (std::vector<std::string>{"b/2", "b/1", "b"}));
  EXPECT_EQ(keys(store, {"b/2", "", Order::ascending}), (std::vector<std::string>{"b/2", "c"}));
  EXPECT_TRUE(keys(store, {"c", "a", Order::ascending}).empty());
  int visited = 0;
  ASSERT_TRUE(store.scan({}, [&](std::string_view, BytesView) { return ++visited < 2; }));
  EXPECT_EQ(visited, 2);
}

TEST(MemoryStore, AnswersManyKeysInTheirOrder) {
  MemoryStore store;
  ASSERT_TRUE(store.write(one("a", "1")));
  const std::vector<std::string_view> asked{"b", "a"};
  const auto values = store.get_many(asked).value();
  EXPECT_EQ(values, (std::vector<std::optional<Bytes>>{std::nullopt, to_bytes("1")}));
}

TEST(FaultyStore, LosesOnlyWhatWasNotSyncedAndNeverKeepsALaterWriteWithoutTheEarlier) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededEntropy entropy{seed};
    FaultyStore store;
    ASSERT_TRUE(store.write(one("synced", "1")));
    ASSERT_TRUE(store.sync());
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(store.write(one("later/" + std::to_string(i), "1")));
    EXPECT_EQ(store.durable(), Ticket{1});
    store.crash(entropy);
    EXPECT_TRUE(store.get("synced").value());
    const auto left = keys(store, prefix_range("later/"));
    for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], "later/" + std::to_string(i));
  }
}

TEST(FaultyStore, TearsABatchWhenTold) {
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededEntropy entropy{seed};
    FaultyStore store;
    Batch batch = one("left", "1");
    batch.put("right", as_bytes("1"));
    ASSERT_TRUE(store.write(batch));
    store.crash(entropy, FaultyStore::Tear::torn);
    torn |= store.get("left").value().has_value() != store.get("right").value().has_value();
  }
  EXPECT_TRUE(torn);
}

TEST(FaultyStore, AFullOrBrokenDiskKeepsNothingOfTheBatch) {
  FaultyStore store;
  store.set_capacity(10);
  ASSERT_TRUE(store.write(one("a", "1234")));
  EXPECT_EQ(store.write(one("b", "123456")), Failure{StoreError::full});
  store.fail(FaultyStore::Failing::writes);
  EXPECT_EQ(store.write(one("b", "1")), Failure{StoreError::unavailable});
  EXPECT_EQ(store.sync(), Failure{StoreError::unavailable});
  EXPECT_EQ(store.get("b").value(), std::nullopt);
}

TEST(FaultyStore, ADiskThatIsGoneReadsNothingAndComesBackAsItWas) {
  FaultyStore store;
  ASSERT_TRUE(store.write(one("a", "1")));
  store.fail(FaultyStore::Failing::everything);
  EXPECT_EQ(store.get("a"), Failure{StoreError::unavailable});
  EXPECT_EQ(store.scan({}, [](std::string_view, BytesView) { return true; }),
            Failure{StoreError::unavailable});
  store.fail(FaultyStore::Failing::nothing);
  EXPECT_EQ(store.get("a").value(), to_bytes("1"));
}

TEST(FaultyStore, ASyncThatLiesLosesWhatItAcknowledged) {
  SeededEntropy entropy{2};
  FaultyStore store;
  store.lie(true);
  ASSERT_TRUE(store.write(one("a", "1")));
  EXPECT_EQ(store.sync(), Ticket{1});
  bool lost = false;
  for (int i = 0; i < 20 && !lost; ++i) {
    FaultyStore copy = store;
    copy.crash(entropy);
    lost = !copy.get("a").value().has_value();
  }
  EXPECT_TRUE(lost);
}

TEST(FaultyStore, NamesARottenRecordUntilItIsWrittenAnew) {
  SeededEntropy entropy{1};
  FaultyStore store;
  ASSERT_TRUE(store.write(one("a", "1234")));
  ASSERT_TRUE(store.flip_bit(entropy, "a"));
  EXPECT_EQ(store.get("a"), Failure{StoreError::corrupt});
  EXPECT_EQ(store.scan({}, [](std::string_view, BytesView) { return true; }),
            Failure{StoreError::corrupt});
  ASSERT_TRUE(store.write(one("a", "1234")));
  EXPECT_EQ(store.get("a").value(), to_bytes("1234"));
  ASSERT_TRUE(store.flip_bit(entropy, "a", FaultyStore::Rot::silent));
  EXPECT_NE(store.get("a").value(), to_bytes("1234"));
  EXPECT_FALSE(store.flip_bit(entropy, "none"));
}

}  // namespace
}  // namespace hearth::graph_store
