#include <algorithm>

#include "fates.h"
#include <hearth/base/assert.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::Record;
using ledger::Verdict;

bool Replica::is_void(crdt::AuthorNumber author, std::uint64_t seq) const {
  return FatesAt{ledger_, purged_.size()}.is_void(author, seq);
}

bool Replica::is_covered(crdt::AuthorNumber author, std::uint64_t seq) const {
  return FatesAt{ledger_, purged_.size()}.is_covered(author, seq);
}

// --- verdicts ---

Result<Unit, Refusal> Replica::settle(Record& record, const update::Body* body) {
  HEARTH_ASSERT(record.counts && !record.applied);
  if (!record.stamp.is_reached(now_)) {
    deferred_.emplace(record.stamp, &record);
    return Unit{};
  }
  if (body != nullptr) return apply(record, *body);
  HEARTH_TRY(const update::Body read, body_of(record));
  return apply(record, read);
}

std::vector<Record*> Replica::all_records() {
  std::vector<Record*> all;
  for (const crdt::AuthorNumber author : ledger_.authors_by_key()) {
    const auto records = ledger_.log(author).records();
    all.insert(all.end(), records.begin(), records.end());
  }
  return all;
}

// The chain may lose a checkpoint.
bool Replica::are_purges_right() const {
  const auto& chain = ledger_.checkpoints.chain();
  if (purged_.size() > chain.size()) return false;
  for (std::size_t i = 0; i < purged_.size(); ++i) {
    if (purged_[i] != chain[i].id) return false;
    for (const update::Position& head : chain[i].checkpoint.heads) {
      const auto author = authors().find(head.author);
      const ledger::AuthorLog* log = author ? ledger_.find_log(*author) : nullptr;
      if (log == nullptr) return false;
      const bool was_dropped = head.seq < log->floor() && log->on_line(head.seq) == nullptr;
      if (!was_dropped && log->find(head.seq, head.id) == nullptr) return false;
    }
  }
  return true;
}

Result<Unit, Refusal> Replica::reassess_all() {
  ledger_.rank();
  // A purge that the state has seen and should not have: all over again.
  std::set<Soul> touched;
  if (!are_purges_right()) {
    purged_.clear();
    sweep_from(std::nullopt);
    HEARTH_TRY(touched, all_souls());
    for (const Record* record : all_records()) {
      if (!record->applied) continue;
      HEARTH_TRY(const update::Body body, body_of(*record));
      for (const update::Change& change : body.changes) touched.insert(change.soul);
    }
  }
  touched.insert(fated_.begin(), fated_.end());
  HEARTH_CHECK(reassess(all_records(), std::move(touched)));
  return purge_when_complete();
}

Result<Unit, Refusal> Replica::reassess(const std::vector<Record*>& records,
                                        std::set<Soul> touched) {
  std::vector<Record*> counting;
  for (Record* record : records) {
    const bool counts = ledger_.judge(*record) == Verdict::counts;
    if (counts == record->counts) continue;
    record->counts = counts;
    if (counts) {
      counting.push_back(record);
    } else if (record->applied) {
      HEARTH_TRY(const update::Body body, body_of(*record));
      for (const update::Change& change : body.changes) touched.insert(change.soul);
      record->applied = false;
    } else {
      undefer(*record);
    }
  }
  HEARTH_CHECK(rebuild(touched));
  for (Record* record : counting) HEARTH_CHECK(settle(*record, nullptr));
  return rebuild(std::exchange(outdated_, {}));
}

void Replica::undefer(const Record& record) {
  const auto [begin, end] = deferred_.equal_range(record.stamp);
  const auto found = std::find_if(begin, end, [&](const auto& at) { return at.second == &record; });
  if (found != end) deferred_.erase(found);
}

// --- time ---

Result<Unit, Refusal> Replica::advance(Timestamp now) {
  if (now <= now_) return Unit{};
  now_ = now;
  while (!deferred_.empty() && deferred_.begin()->first.is_reached(now_)) {
    Record* due = deferred_.begin()->second;
    deferred_.erase(deferred_.begin());
    HEARTH_CHECK(settle(*due, nullptr));
  }
  HEARTH_CHECK(rebuild(std::exchange(outdated_, {})));
  return purge_when_complete();
}

Result<Unit, Refusal> Replica::set_back(Timestamp now) {
  if (now >= now_) return advance(now);
  now_ = now;
  clock_ = {};
  std::set<Soul> touched;
  for (Record* record : all_records()) {
    if (!record->applied) continue;
    if (record->stamp.is_reached(now_)) {
      clock_.witness(record->stamp);
      continue;
    }
    HEARTH_TRY(const update::Body body, body_of(*record));
    for (const update::Change& change : body.changes) touched.insert(change.soul);
    record->applied = false;
    deferred_.emplace(record->stamp, record);
  }
  return rebuild(touched);
}

std::optional<Timestamp> Replica::deadline() const {
  std::optional<double> due;
  if (!deferred_.empty()) due = deferred_.begin()->first.ms();
  if (purged_.size() < ledger_.checkpoints.chain().size()) {
    const double complete = ledger_.checkpoints.chain()[purged_.size()].latest_ms();
    // Only while it still waits for time; for updates it waits without end.
    if (complete > static_cast<double>(now_.ms)) due = std::min(due.value_or(complete), complete);
  }
  if (!due) return std::nullopt;
  return Timestamp{.ms = static_cast<std::int64_t>(*due)};
}

// --- nodes ---

Result<Replica::Slot*, Refusal> Replica::slot(std::string_view soul) {
  if (const auto cached = nodes_.find(soul); cached != nodes_.end()) return &cached->second;
  Slot slot;
  HEARTH_TRY(const auto stored, read(key('n', soul)));
  if (stored) {
    auto node = decoded(*stored);
    if (!node) return Failure{Refusal::store};
    slot.node = std::move(*node);
  }
  Slot& added = nodes_.emplace(soul, std::move(slot)).first->second;
  if (is_unswept(soul)) catch_up(soul, added);
  return &added;
}

Result<const crdt::Node*, Refusal> Replica::node(std::string_view soul) {
  if (nodes_.size() > options_.max_cached_nodes)
    std::erase_if(nodes_, [](const auto& cached) { return !cached.second.is_dirty; });
  HEARTH_TRY(const Slot* found, slot(soul));
  return found->node.empty() ? nullptr : &found->node;
}

std::vector<crdt::AuthorNumber> Replica::places_of(const Record& record, const update::Body& body) {
  std::vector<crdt::AuthorNumber> places{record.author};
  for (const model::AuthorKey& author : body.authors)
    places.push_back(ledger_.authors.number(author));
  return places;
}

Result<Unit, Refusal> Replica::apply(Record& record, const update::Body& body) {
  // It counts once more, after purges and lists went on without it.
  const bool is_late = is_void(record.author, record.seq);
  for (const update::Change& change : body.changes) {
    if (is_late) {
      outdated_.insert(change.soul);
      continue;
    }
    HEARTH_TRY(Slot * touched, slot(change.soul));
    apply_change(*touched, record, body, change, *this);
    note_fate(change.soul, touched->node);
  }
  record.applied = true;
  clock_.witness(record.stamp);
  return Unit{};
}

void Replica::apply_change(Slot& slot, const Record& record, const update::Body& body,
                           const update::Change& change, const crdt::Fates& fates) {
  const auto places = places_of(record, body);
  const crdt::Cause cause{.author = record.author, .seq = record.seq, .stamp = record.stamp};
  std::uint32_t index = 0;
  mark_dirty(change.soul, slot);
  for (const update::Operation& operation : change.operations) {
    const auto applied = slot.node.apply(operation, cause, index, places, ledger_.authors, fates);
    index += update::indices_of(operation);
    if (applied.collided) outdated_.insert(change.soul);
    if (!applied.changed) continue;
    changes_.insert(std::visit(
        [&](const auto& op) {
          if constexpr (requires { op.property; }) {
            return Changed{change.soul, op.property};
          } else {
            return Changed{change.soul, std::nullopt};
          }
        },
        operation));
  }
}

void Replica::mark_dirty(std::string_view soul, Slot& slot) {
  if (slot.is_dirty) return;
  slot.is_dirty = true;
  if (options_.companion != nullptr) slot.records = options_.companion->records_of(soul, slot.node);
  dirty_.emplace_back(soul);
}

void Replica::note_fate(std::string_view soul, const crdt::Node& node) {
  const auto noted = fated_.find(Soul{soul});
  if (node.depends_on_fates() == (noted != fated_.end())) return;
  if (noted == fated_.end()) {
    fated_.emplace(soul);
    pending_[key('f', soul)] = Bytes{};
  } else {
    fated_.erase(noted);
    pending_[key('f', soul)] = std::nullopt;
  }
}

// From the log, in an order that is the same everywhere: of two elements with one id (forks), the
// one of the smaller update id comes first and stays.
Result<Unit, Refusal> Replica::rebuild(const std::set<Soul>& souls) {
  if (souls.empty()) return Unit{};
  for (const Soul& soul : souls) {
    HEARTH_TRY(Slot * rebuilt, slot(soul));
    mark_dirty(soul, *rebuilt);
    rebuilt->node = {};
    changes_.insert({soul, std::nullopt});
  }
  const OpenFates open;
  for (Record* record : all_records()) {
    if (!record->applied) continue;
    HEARTH_TRY(const update::Body body, body_of(*record));
    for (const update::Change& change : body.changes)
      if (souls.contains(change.soul))
        apply_change(nodes_.at(change.soul), *record, body, change, open);
  }
  for (const Soul& soul : souls) {
    crdt::Node& node = nodes_.at(soul).node;
    if (!purged_.empty()) purge_through(node, purged_.size() - 1);
    node.adopt(*this);
    note_fate(soul, node);
    outdated_.erase(soul);
  }
  return Unit{};
}

Result<std::set<Replica::Soul>, Refusal> Replica::all_souls() const {
  std::set<Soul> souls;
  for (const auto& [soul, slot] : nodes_) souls.insert(soul);
  const std::size_t skipped = prefix_.size() + 1;
  const auto scanned =
      store_.scan(graph_store::prefix_range(key('n', {})), [&](std::string_view place, BytesView) {
        souls.emplace(place.substr(skipped));
        return true;
      });
  if (!scanned) return Failure{Refusal::store};
  return souls;
}

}  // namespace hearth::replica
