// What lies below checkpoints: given up, loaded from whoever gave it up, written anew.

#include <algorithm>
#include <utility>

#include <hearth/simulator/machine.h>
#include <hearth/update/checkpoint.h>

namespace hearth::simulator {

using graph_store::FaultyStore;
using replica::Replica;

void Machine::reclaim() {
  if (!flush()) return;
  const auto before = replica_->canonical_state();
  lets_go_ = true;
  const auto dropped = replica_->reclaim();
  if (!dropped) {
    run_.count("spaces not reclaimed: another digest");
    kept(false, dropped.error());
    return;
  }
  run_.count("updates let go", *dropped);
  if (*dropped > 0) run_.note(number_, "lets go of", *dropped);
  const auto after = replica_->canonical_state();
  if (!before || !after) {
    kept(false, replica::Refusal::store);
    return;
  }
  if (!equal(*before, *after)) run_.fail("machine", number_, "has another state with less space");
  check_durability();
}

// By what checkpoints say, and nothing that the replica says: covered and 30 days old; or, for
// whoever loaded what others have left, covered.
bool Machine::may_be_gone(const Letter& letter) const {
  const update::Header& header = letter.update.header;
  if (!lets_go_) return false;
  if (left_behind_.contains(header.id())) return true;
  const auto body =
      letter.update.body
          ? update::Body::decode(*letter.update.body, header.author)
          : Result<update::Body, update::UpdateError>{Failure{update::UpdateError::malformed}};
  const auto stored = statements('k');
  return std::ranges::any_of(stored, [&](const auto& statement) {
    const auto checkpoint = update::SignedCheckpoint::decode(statement.second)->checkpoint;
    for (const update::Position& head : checkpoint.heads) {
      if (head.author != header.author || header.seq > head.seq || header.id() == head.id) continue;
      if (has_loaded_) return true;
      const double horizon = static_cast<double>(checkpoint.time) - 30.0 * day_ms;
      if (header.seq > 1 && body && body->state.ms() < horizon) return true;
    }
    return false;
  });
}

// --- somebody new, or late ---

std::size_t Machine::load_here(const Parcel& parcel) {
  run_.count("spaces loaded by somebody new");
  lets_go_ = has_loaded_ = true;
  std::size_t taken = take_statements(parcel.entries, true);
  if (is_up()) taken += take_statements(parcel.checkpoints, false);
  // Sometimes the power goes in the middle of it.
  const std::size_t end = run_.random.chance(200) ? run_.random.below(parcel.updates.size() + 1)
                                                  : parcel.updates.size();
  for (std::size_t i = 0; i < end && is_up(); ++i) taken += take_update(parcel.updates[i], true);
  if (is_up() && end < parcel.updates.size()) {
    run_.count("loads cut short");
    if (!flush()) return 0;
    crash();
    open();
    return 1;
  }
  if (is_up()) tick();
  return taken;
}

// On another disk, which takes the place of this one once it is proved and has all that was here.
std::size_t Machine::load_anew(const Parcel& parcel) {
  if (!flush()) return 0;
  auto disk = std::exchange(disk_, std::make_unique<FaultyStore>());
  auto late = std::exchange(replica_, std::move(*Replica::open(*disk_, std::string{prefix}, space_,
                                                               clock(), replica_options())));
  take_statements(parcel.entries, true);
  take_statements(parcel.checkpoints, false);
  for (const LetterPtr& letter : parcel.updates) take_update(letter, true);
  const auto proved = replica_->prove();
  const auto missing = replica_->take_over(*late);
  if (!proved || !*proved || !missing || *missing > 0) {
    run_.count("loads put off");
    added_.clear();
    replica_ = std::move(late);
    disk_ = std::move(disk);
    if (!missing) stop();
    return 0;
  }
  // What was good for nothing may stay behind, and what is so by a chain that was not known here.
  for (const crdt::AuthorNumber author : late->ledger().authors_by_key()) {
    const auto here = replica_->ledger().authors.find(late->authors().key(author));
    const ledger::AuthorLog* log = here ? replica_->ledger().find_log(*here) : nullptr;
    for (const ledger::Record* record : late->ledger().find_log(author)->records())
      if ((log == nullptr || log->find(record->seq, record->id) == nullptr) &&
          (!record->counts || log == nullptr || record->seq > log->floor()))
        left_behind_.insert(record->id);
  }
  run_.count("spaces loaded by somebody late");
  run_.note(number_, "begins anew with what others have left");
  late = nullptr;
  lets_go_ = has_loaded_ = true;
  if (!flush()) run_.fail("machine", number_, "cannot write to a new disk");
  if (is_up()) check_durability();
  return 1;
}

// --- what was offline for too long ---

bool Machine::write_anew(std::size_t max_updates) {
  std::vector<model::UpdateId> stale;
  for (const ledger::Record* record : replica_->stale(device_->author)) stale.push_back(record->id);
  auto written = replica_->write_anew(device_->key, clock(), max_updates);
  if (!written) return kept(false, written.error());
  for (std::size_t i = 0; i < written->size(); ++i) {
    if (renewed_.contains(stale[i]) || !newly_renewed_.insert(stale[i]).second)
      run_.fail("machine", number_, "writes anew what it wrote anew before:", stale[i]);
    note_written(std::move((*written)[i]));
  }
  run_.count("updates written anew", written->size());
  return !written->empty();
}

void Machine::check_renewed() {
  for (const ledger::Record* record : replica_->stale(device_->author))
    if (!replica_->ledger().membership.empty() &&
        replica_->ledger().membership.ends_of(device_->author).empty() &&
        update::may_write(replica_->ledger().membership.role(device_->persona)))
      run_.fail("machine", number_, "does not write anew what became stale:", record->id);
}

}  // namespace hearth::simulator
