// What the checkers ask of a machine, where that isn't plain.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <hearth/simulator/machine.h>
#include <hearth/update/checkpoint.h>

namespace hearth::simulator {
namespace {

class MachineChecks : public ::testing::Test {
 protected:
  MachineChecks() {
    first.time = static_cast<std::uint64_t>(beginning.ms);
    first.signer = update::author_of(home.public_key());
    first.changes.push_back(update::Found{.kind = update::SpaceKind::guarded, .nonce = {}});
    first.changes.push_back(update::SetRole{owner.id, update::Role::owner, {}});
    for (const Persona* persona : {&one, &two})
      first.changes.push_back(update::SetRole{persona->id, update::Role::writer, {}});
    space = model::SpaceId{first.id().value()};
  }

  void found(Machine& machine) {
    EXPECT_EQ(machine.replica().add_entry(update::sign(first, home)), replica::Accepted::added);
  }
  void change(Machine& machine, update::MemberChange change) {
    const auto& membership = machine.replica().ledger().membership;
    const update::Entry next{.space = space,
                             .term = membership.head_entry().term,
                             .seq = membership.head_entry().seq + 1,
                             .prev = membership.head(),
                             .time = first.time,
                             .signer = first.signer,
                             .changes = {std::move(change)}};
    EXPECT_EQ(machine.replica().add_entry(update::sign(next, home)), replica::Accepted::added);
  }

  simulator::Run run{1, {}};
  Persona owner{run.random}, one{run.random}, two{run.random};
  crypto::Ed25519PrivateKey home = run.random.key();
  update::Entry first;
  model::SpaceId space;
  const Machine::Backup nothing{{}, {}, {}, false};
};

// A machine that was restored on another's keys writes as that one's person.
TEST_F(MachineChecks, WhatBecameStaleIsWrittenAnewByWhoeverItsKeysAreOf) {
  const Machine other{run, space, 1, two};
  Machine machine{run, space, 0, one};
  machine.restore(nothing, &other);
  found(machine);
  replica::Replica& replica = machine.replica();
  auto draft = replica.draft(machine.device().author, run.time);
  ASSERT_TRUE(draft && draft->put("a", "v", 1.0));
  const auto written = replica.write(*draft, machine.device().key, machine.device().certificate);
  ASSERT_TRUE(written);
  change(machine,
         update::SetRole{
             two.id, update::Role::none, {{machine.device().author, 1, written->header.id()}}});
  run.time.ms += 40 * day_ms;
  const update::Checkpoint checkpoint{.space = space,
                                      .number = 1,
                                      .membership = replica.ledger().membership.head(),
                                      .time = static_cast<std::uint64_t>(run.time.ms)};
  ASSERT_TRUE(replica.add_checkpoint(update::sign(checkpoint, home)));
  ASSERT_EQ(replica.stale(machine.device().author).size(), 1U);

  EXPECT_FALSE(machine.write_anew(1));
  machine.check_renewed();
  EXPECT_FALSE(run.has_failed());
  change(machine, update::SetRole{two.id, update::Role::writer, {}});
  machine.check_renewed();
  EXPECT_TRUE(run.has_failed());
}

TEST_F(MachineChecks, WhatAHomeNamedOfStrangersIsNotHeldAgainstAMachineWhoseEntryRotted) {
  Machine machine{run, space, 0, one};
  machine.restore(nothing, nullptr);
  found(machine);
  const Device stranger{run.random};
  run.strangers.insert(stranger.author);
  std::vector<update::Update> updates;
  for (std::uint64_t seq = 1; seq <= 50; ++seq) {
    update::Body body{.state = model::Stamp::at(beginning)};
    body.changes.push_back({"a", {update::Put{"v", static_cast<double>(seq)}}});
    update::Update update;
    update.body = body.encode();
    update.header = {.space = space,
                     .author = stranger.author,
                     .seq = seq,
                     .prev = seq == 1 ? update::hash_of({}) : updates.back().header.id().value(),
                     .membership = first.id(),
                     .bytes = seq * update.body->size(),
                     .body = update::hash_of(*update.body)};
    update.signature = update::sign(update.header, stranger.key);
    updates.push_back(std::move(update));
  }
  change(machine, update::NameBranch{{stranger.author, 50, updates.back().header.id()}});
  for (const update::Update& update : updates)
    ASSERT_EQ(machine.replica().add(update::VerifiedUpdate::trusted(update)),
              replica::Accepted::added);
  ASSERT_TRUE(machine.flush());
  ASSERT_FALSE(run.has_failed());

  std::string last;
  ASSERT_TRUE(
      machine.disk().scan(graph_store::prefix_range("s/e"), [&](std::string_view key, BytesView) {
        last = key;
        return true;
      }));
  ASSERT_TRUE(machine.disk().flip_bit(run.random, last));
  ASSERT_TRUE(machine.flush());
  EXPECT_FALSE(run.has_failed()) << *run.failure();
}

}  // namespace
}  // namespace hearth::simulator
