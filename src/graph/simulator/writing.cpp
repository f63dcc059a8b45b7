// What machines write: any edits of any kind, entries and checkpoints.

#include <algorithm>
#include <array>

#include <hearth/simulator/machine.h>

namespace hearth::simulator {

using replica::Draft;
using replica::Refusal;

namespace {

constexpr std::array<std::string_view, 5> souls{"a", "b", "c", "d", "e"};
constexpr std::array<std::string_view, 3> properties{"p", "q", "r"};

model::Value any_value(Random& random) {
  switch (random.below(7)) {
    case 0:
      return model::Null{};
    case 1:
      return random.below(2) == 1;
    case 2:
      return model::Link{std::string{random.of(souls)}};
    case 3:
      return to_bytes("x");
    case 4:
      return std::string(1, static_cast<char>('a' + random.below(4)));
    case 5:
      // Sometimes what fills a disk.
      return std::string(random.chance(30) ? 4000 : random.below(40), '-');
    default:
      return static_cast<double>(random.below(5));
  }
}

std::vector<model::Value> any_values(Random& random) {
  std::vector<model::Value> values;
  for (std::size_t count = 1 + random.below(4); count > 0; --count)
    values.push_back(any_value(random));
  return values;
}

}  // namespace

void Machine::edit() {
  auto draft = replica_->draft(device_->author, clock());
  if (!draft) {
    kept(false, draft.error());
    return;
  }
  for (std::size_t edits = 1 + run_.random.below(4); edits > 0; --edits) edit(*draft);
  auto update = replica_->write(*draft, device_->key, device_->certificate);
  if (!update) {
    if (update.error() == Refusal::not_allowed) {
      run_.count("own writes refused");
      // Its device was ended, its person perhaps not.
      const auto& membership = replica_->ledger().membership;
      if (!membership.empty() && !membership.ends_of(device_->author).empty()) take_new_keys();
    }
    kept(false, update.error());
    return;
  }
  run_.count("updates written");
  note_written(std::move(*update));
}

void Machine::note_written(update::Update update) {
  const auto id = update.header.id();
  run_.note(number_, "writes", update.header.seq, id);
  unsynced_.insert(id.value());
  Bytes certificate = update.header.seq == 1 ? device_->certificate : Bytes{};
  added_.push_back(std::make_shared<const Letter>(std::move(update), std::move(certificate)));
  run_.written[id] = added_.back();
}

void Machine::edit(Draft& draft) {
  Random& random = run_.random;
  const std::string_view soul = random.of(souls);
  const std::string_view property = random.of(properties);
  const auto size = [&] {
    const auto node = replica_->node(soul);
    const crdt::Property* held = !node || *node == nullptr ? nullptr : (*node)->find(property);
    return held != nullptr && held->list ? held->list->size() : std::size_t{0};
  };
  // Absent elements, places out of range: refused, and the draft goes on.
  switch (random.below(28)) {
    case 0:
      (void)draft.remove(soul);
      break;
    case 1:
      (void)draft.remove(soul, property);
      break;
    case 2:
    case 3:
    case 4: {
      const std::size_t position = random.below(size() + 1);
      const std::size_t count = 1 + random.below(3);
      (void)draft.erase(soul, property, position, count);
      break;
    }
    case 5:
    case 6:
    case 7:
    case 8:
      (void)draft.exclude(soul, property, any_value(random));
      break;
    case 9:
    case 10:
    case 11:
    case 12: {
      model::Value element = any_value(random);
      std::vector<update::Field> fields;
      if (random.chance(500)) fields.push_back({"f", any_value(random)});
      if (random.chance(500)) fields.push_back({"g", any_value(random)});
      (void)draft.include(soul, property, std::move(element), std::move(fields));
      break;
    }
    case 13:
    case 14:
    case 15:
    case 16:
      (void)draft.add(soul, property, random.between(-4, 4));
      break;
    case 17:
    case 18:
    case 19:
    case 20:
    case 21: {
      const std::size_t position = random.below(size() + 1);
      (void)draft.insert(soul, property, position, any_values(random));
      break;
    }
    default:
      (void)draft.put(soul, property, any_value(random));
      break;
  }
}

bool Machine::change_members(std::vector<update::MemberChange> changes, const Persona* owner) {
  const auto& membership = replica_->ledger().membership;
  if (membership.empty() || (owner == nullptr && membership.home() != home())) return false;
  const update::Entry& head = membership.head_entry();
  const crypto::Ed25519PrivateKey& key = owner == nullptr ? home_key_ : owner->key;
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(clock().ms, 0));
  const update::Entry entry{.space = space_,
                            .term = head.term + (owner == nullptr ? 0 : 1),
                            .seq = head.seq + 1,
                            .prev = membership.head(),
                            .time = std::max(head.time, now),
                            .signer = update::author_of(key.public_key()),
                            .changes = std::move(changes)};
  const auto added = replica_->add_entry(update::sign(entry, key));
  if (!added) return kept(false, added.error());
  run_.count("membership entries");
  run_.note(number_, "signs entry", entry.term, entry.seq, entry.id());
  unsynced_.insert(entry.id().value());
  return true;
}

bool Machine::checkpoint() {
  const auto& membership = replica_->ledger().membership;
  if (membership.empty() || membership.home() != home()) return false;
  const auto statement = replica_->checkpoint(home_key_, clock());
  if (!statement) {
    run_.count("checkpoints not possible");
    return kept(false, statement.error());
  }
  const auto id = update::SignedCheckpoint::decode(*statement)->checkpoint.id();
  run_.count("checkpoints");
  run_.note(number_, "signs checkpoint", id);
  unsynced_.insert(id.value());
  return true;
}

}  // namespace hearth::simulator
