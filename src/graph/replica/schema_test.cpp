// Stores of earlier versions, and of later ones.

#include "schema.h"

#include <gtest/gtest.h>

#include "desk_for_test.h"
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/graph_store/faulty_store.h>

namespace hearth::replica::testing {
namespace {

using graph_store::FaultyStore;
using graph_store::StoreError;

// What programs of version 1 stored, from their source.
Bytes update_of_1(const Replica& replica, const ledger::Record& record, std::uint64_t membership) {
  const update::Update update = *replica.update_of(record);
  codec::CborWriter writer;
  writer.array(9).bytes(record.id.value());
  writer.bytes(record.on_line && record.seq > 1 ? BytesView{} : BytesView{update.header.prev});
  writer.uint(membership).uint(update.header.epoch).uint(record.bytes);
  writer.uint(static_cast<std::uint64_t>(record.body));
  if (record.body == ledger::BodyState::good) {
    model::write(writer, record.stamp);
  } else {
    writer.null();
  }
  writer.bytes(update.signature);
  if (update.body) {
    writer.bytes(*update.body);
  } else {
    writer.array(1).bytes(update.header.body);
  }
  return writer.take();
}

/// A space with forks, a removal, broken and late bodies, in a store as version 1 left it.
struct Old {
  Space space{3};
  FaultyStore store;
  Timestamp now;
  Bytes state;

  explicit Old(std::size_t updates) {
    Desk desk{space};
    Desk other{space};
    for (std::size_t i = 0; i < updates; ++i)
      EXPECT_TRUE(desk.write(i % 3, [&](Draft& draft) {
        (void)draft.put("soul " + std::to_string(i % 20), "v", static_cast<double>(i));
        (void)draft.insert("soul", "l", 0, letters("x"));
      }));
    other.put(0, "fork", 1.0);
    other.put(0, "fork", 2.0);
    desk.receive(other.sent);
    Desk apart{space};
    apart.receive(desk.sent);
    apart.put(1, "bare", 1.0);
    Message bare = apart.sent.back();
    bare.update.body = std::nullopt;
    desk.receive({bare});
    desk.entry({update::EndAuthor{desk.head(2)}});
    // Beyond every clock: it waits.
    EXPECT_TRUE(desk.write(0, [&](Draft& draft) {
      (void)draft.put("soul", "later", 1.0);
      draft.restamp(model::Stamp::at({.ms = desk.now.ms + day_ms}));
    }));
    now = desk.now;
    state = desk.state();

    const Replica& replica = desk.replica();
    std::map<model::EntryId, std::uint64_t> numbers;
    const auto all = desk.place.store->scan({}, [&](std::string_view key, BytesView value) {
      if (key[2] == 'i') numbers.emplace(*model::id_from<model::EntryId>(value), numbers.size());
      return true;
    });
    EXPECT_TRUE(all);
    graph_store::Batch batch;
    (void)desk.place.store->scan({}, [&](std::string_view key, BytesView value) {
      if (key[2] == 'm') {
        batch.put(key, codec::CborWriter{}.array(3).uint(1).integer(now.ms).uint(0).take());
      } else if (key[2] == 'u') {
        Reader place{as_bytes(key.substr(3))};
        const ledger::AuthorLog& log = *replica.ledger().find_log(*place.u32_be());
        const std::uint64_t seq = *place.u64_be();
        const auto id = model::id_from<model::UpdateId>(place.rest());
        const ledger::Record& record = id ? *log.find(seq, *id) : *log.on_line(seq);
        batch.put(key, update_of_1(replica, record, numbers.at(record.membership)));
      } else {
        batch.put(key, value);
      }
      return true;
    });
    EXPECT_TRUE(store.write(batch));
    EXPECT_TRUE(store.sync());
  }
  [[nodiscard]] bool is_upgrading() const { return store.get("s/v")->has_value(); }
};

TEST(Schema, AStoreOfVersion1IsTakenOver) {
  Old old{200};
  auto replica = Replica::open(old.store, "s/", old.space.id, old.now);
  ASSERT_TRUE(replica);
  EXPECT_EQ(*(*replica)->canonical_state(), old.state);
  EXPECT_TRUE((*replica)->verify()->empty());
  EXPECT_FALSE(old.is_upgrading());
  EXPECT_EQ(Meta::parse(**old.store.get("s/m"))->version, schema_version);
  // It goes on as if it never had been another, and is what it is after the next start.
  ASSERT_TRUE((*replica)->advance({.ms = old.now.ms + 2 * day_ms}));
  const Bytes later = *(*replica)->canonical_state();
  EXPECT_NE(later, old.state);
  ASSERT_TRUE((*replica)->commit());
  replica = Replica::open(old.store, "s/", old.space.id, old.now);
  ASSERT_TRUE(replica);
  EXPECT_EQ(*(*replica)->canonical_state(), later);
}

TEST(Schema, AnUpgradeThatIsCutShortGoesOnFromThere) {
  const Old old{2600};
  std::size_t cut_short = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    FaultyStore store{old.store};
    SeededEntropy chance{seed};
    while (true) {
      ASSERT_TRUE(Replica::open(store, "s/", old.space.id, old.now));
      store.crash(chance);
      if (!*store.get("s/v")) break;
      ++cut_short;
      // A program of version 1 reads the version first, and refuses.
      EXPECT_GT(Meta::parse(**store.get("s/m"))->version, 1U);
    }
    const auto replica = Replica::open(store, "s/", old.space.id, old.now);
    ASSERT_TRUE(replica);
    EXPECT_EQ(*(*replica)->canonical_state(), old.state);
    EXPECT_TRUE(seed > 2 || (*replica)->verify()->empty());
  }
  EXPECT_GT(cut_short, 5U);
}

TEST(Schema, AnUpgradeForWhichThereIsNoRoomLeavesTheStoreAsItWas) {
  Old old{50};
  old.store.set_capacity(1);
  EXPECT_EQ(Replica::open(old.store, "s/", old.space.id, old.now).error(), StoreError::full);
  EXPECT_EQ(Meta::parse(**old.store.get("s/m"))->version, 1U);
  old.store.set_capacity(0);
  EXPECT_TRUE(Replica::open(old.store, "s/", old.space.id, old.now));
}

TEST(Schema, ALaterVersionIsRefusedAndLeftAlone) {
  Old old{10};
  graph_store::Batch batch;
  batch.put("s/m", Meta{.version = schema_version + 1}.encode());
  ASSERT_TRUE(old.store.write(batch));
  const std::size_t size = old.store.size_bytes();
  EXPECT_EQ(Replica::open(old.store, "s/", old.space.id, old.now).error(), StoreError::too_new);
  EXPECT_EQ(old.store.size_bytes(), size);
}

TEST(Schema, ADamagedRecordStopsAnUpgrade) {
  Old old{10};
  std::string victim;
  ASSERT_TRUE(
      old.store.scan(graph_store::prefix_range("s/u"), [&](std::string_view key, BytesView) {
        victim = key;
        return true;
      }));
  graph_store::Batch batch;
  batch.put(victim, to_bytes("rubbish"));
  ASSERT_TRUE(old.store.write(batch));
  EXPECT_EQ(Replica::open(old.store, "s/", old.space.id, old.now).error(), StoreError::corrupt);
}

}  // namespace
}  // namespace hearth::replica::testing
