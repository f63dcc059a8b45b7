// Over a store that forgets what was not synced, fills up and rots: nothing acknowledged is lost,
// and what comes back is a state that once was.

#include <random>

#include <gtest/gtest.h>

#include "world_for_test.h"
#include <hearth/graph_store/faulty_store.h>

namespace hearth::replica::testing {
namespace {

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(random_());
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  std::mt19937_64 random_;
};

/// A history, and the state everyone agreed on in the end.
struct History {
  std::vector<Message> messages;
  model::SpaceId space;
  Timestamp end;
  Bytes state;

  History(std::uint64_t seed, std::size_t size) {
    SeededEntropy entropy{seed};
    Bytes noise(size);
    entropy.fill(noise);
    Choices choices{noise};
    World world{choices};
    world.run(size);
    world.settle();
    messages = world.messages();
    space = world.places().front().replica->ledger().membership.space();
    end = world.places().front().replica->now();
    state = world.state();
  }
};

TEST(Durability, NothingAcknowledgedIsLostWhereverThePowerGoes) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const History history{seed, 600};
    SeededEntropy entropy{seed + 1000};
    graph_store::FaultyStore store;
    auto replica = std::move(*Replica::open(store, "s/", history.space, beginning));
    std::vector<Message> given;         // added since the last sync
    std::vector<Message> acknowledged;  // synced
    Timestamp now = beginning;
    for (std::size_t step = 0; step < 200; ++step) {
      const std::size_t action = entropy.below(40);
      if (action < 28) {
        const Message& message = history.messages[entropy.below(history.messages.size())];
        if (message.kind != Message::Kind::update) {
          deliver(*replica, message);
        } else if (const auto added =
                       replica->add(update::VerifiedUpdate::trusted(message.update), message.bytes);
                   added == Accepted::added) {
          given.push_back(message);
        }
      } else if (action < 31) {
        now.ms += static_cast<std::int64_t>(entropy.below(10)) * day_ms;
        ASSERT_TRUE(replica->advance(now));
      } else if (action < 36) {
        ASSERT_TRUE(replica->commit());
      } else if (action < 38) {
        ASSERT_TRUE(replica->commit());
        ASSERT_TRUE(store.sync());
        acknowledged.insert(acknowledged.end(), given.begin(), given.end());
        given.clear();
      } else {
        store.crash(entropy);
        given.clear();
        replica = std::move(*Replica::open(store, "s/", history.space, now));
        for (const Message& message : acknowledged)
          ASSERT_EQ(replica->add(update::VerifiedUpdate::trusted(message.update), message.bytes),
                    Accepted::known);
      }
    }
    // What it came back with was no state of nobody: all of it brings it where everyone is.
    for (const Message& message : history.messages) deliver(*replica, message);
    ASSERT_TRUE(replica->advance(history.end));
    ASSERT_EQ(*replica->canonical_state(), history.state);
  }
}

TEST(Durability, AFullOrFailingDiskIsToldAndLosesNothingThatWasThere) {
  const History history{7, 600};
  graph_store::FaultyStore store;
  auto replica = std::move(*Replica::open(store, "s/", history.space, beginning));
  const std::size_t half = history.messages.size() / 2;
  for (std::size_t i = 0; i < half; ++i) deliver(*replica, history.messages[i]);
  const Bytes before = *replica->canonical_state();
  store.set_capacity(store.size_bytes());
  for (const Message& message : history.messages) deliver(*replica, message);
  EXPECT_EQ(replica->commit().error(), Refusal::store);
  // It is of no further use; another one is, once there is room.
  store.set_capacity(0);
  replica = std::move(*Replica::open(store, "s/", history.space, beginning));
  EXPECT_EQ(*replica->canonical_state(), before);
  for (const Message& message : history.messages) deliver(*replica, message);
  ASSERT_TRUE(replica->advance(history.end));
  EXPECT_EQ(*replica->canonical_state(), history.state);
}

TEST(Durability, ARottenRecordIsNamedAndNeverBecomesState) {
  const History history{8, 600};
  SeededEntropy entropy{1};
  std::size_t noticed = 0;
  for (const char table : {'m', 'a', 'c', 'e', 'u', 'n'}) {
    graph_store::FaultyStore store;
    auto replica = std::move(*Replica::open(store, "s/", history.space, beginning));
    for (const Message& message : history.messages) deliver(*replica, message);
    ASSERT_TRUE(replica->advance(history.end));
    ASSERT_TRUE(replica->commit());
    std::string victim;
    ASSERT_TRUE(store.scan(graph_store::prefix_range(std::string{"s/"} + table),
                           [&](std::string_view key, BytesView) {
                             victim = key;
                             return false;
                           }));
    ASSERT_TRUE(store.flip_bit(entropy, victim));
    auto reopened = Replica::open(store, "s/", history.space, history.end);
    if (!reopened) {
      EXPECT_EQ(reopened.error(), graph_store::StoreError::corrupt);
      ++noticed;
    } else {
      EXPECT_EQ((*reopened)->canonical_state().error(), Refusal::store) << table;
      ++noticed;
    }
  }
  EXPECT_EQ(noticed, 6U);
}

TEST(Durability, VerifyNamesWhatIsWrongAndRepairsNodesFromTheLog) {
  const History history{9, 600};
  graph_store::FaultyStore store;
  auto replica = std::move(*Replica::open(store, "s/", history.space, beginning));
  for (const Message& message : history.messages) deliver(*replica, message);
  ASSERT_TRUE(replica->advance(history.end));
  ASSERT_TRUE(replica->commit());
  EXPECT_TRUE(replica->verify()->empty());
  EXPECT_EQ(*replica->canonical_state(), history.state);

  // A node that reads well and is wrong.
  graph_store::Batch batch;
  batch.put("s/na", codec::CborWriter{}.array(2).array(0).array(0).take());
  ASSERT_TRUE(store.write(batch));
  replica = std::move(*Replica::open(store, "s/", history.space, history.end));
  const std::vector<Finding> expected{
      {.what = Finding::What::node, .author = {}, .seq = 0, .soul = "a"}};
  EXPECT_EQ(*replica->verify(), expected);
  EXPECT_EQ(*replica->verify(), expected);  // looking changes nothing
  EXPECT_EQ(*replica->verify(Repair::yes), expected);
  EXPECT_TRUE(replica->verify()->empty());
  EXPECT_EQ(*replica->canonical_state(), history.state);

  // One bit of one update's signature, unnoticed by the disk.
  SeededEntropy entropy{3};
  std::string victim;
  std::size_t size = 0;
  ASSERT_TRUE(
      store.scan(graph_store::prefix_range("s/u"), [&](std::string_view key, BytesView value) {
        victim = key;
        size = value.size();
        return false;
      }));
  ASSERT_GT(size, 0U);
  std::size_t noticed = 0;
  for (int i = 0; i < 40; ++i) {
    const auto sound = *store.get(victim);
    ASSERT_TRUE(store.flip_bit(entropy, victim, graph_store::FaultyStore::Rot::silent));
    auto reopened = Replica::open(store, "s/", history.space, history.end);
    if (!reopened) {
      ++noticed;
    } else if (const auto findings = (*reopened)->verify(); !findings || !findings->empty()) {
      ++noticed;
    }
    graph_store::Batch restore;
    restore.put(victim, *sound);
    ASSERT_TRUE(store.write(restore));
  }
  EXPECT_EQ(noticed, 40U);
}

}  // namespace
}  // namespace hearth::replica::testing
