// Space that comes back below a checkpoint, and spaces that are loaded from what is left then.

#include <algorithm>

#include "canonical.h"
#include "fates.h"
#include <hearth/base/assert.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::AuthorLog;
using ledger::Record;
using Link = ledger::Checkpoints::Link;

namespace {

// Nodes in memory at a time; the log is read once for so many.
constexpr std::size_t max_group = 50'000;

bool nothing(const Record&) {
  return false;
}

// Or takes tags from a set.
bool erases(const update::Operation& operation) {
  return std::holds_alternative<update::Erase>(operation) ||
         std::holds_alternative<update::Exclude>(operation) ||
         std::holds_alternative<update::DeleteProperty>(operation) ||
         std::holds_alternative<update::DeleteNode>(operation);
}

}  // namespace

Result<Unit, Refusal> Replica::visit_groups(
    const std::function<Result<Unit, Refusal>(const std::set<Soul>& group)>& visit) {
  HEARTH_CHECK(commit());
  // A node of which nothing is left is stored nowhere; what took it away matters all the same.
  std::set<Soul> gone;
  for (const Record* record : all_records()) {
    if (!record->applied) continue;
    HEARTH_TRY(const update::Body body, body_of(*record));
    for (const update::Change& change : body.changes) {
      HEARTH_TRY(const auto stored, read(key('n', change.soul)));
      if (!stored) gone.insert(change.soul);
    }
  }
  std::string from;
  while (true) {
    std::set<Soul> group;
    HEARTH_CHECK(souls(from, [&](std::string_view soul) {
      group.emplace_hint(group.end(), soul);
      return group.size() < max_group;
    }));
    const bool is_last = group.size() < max_group;
    const auto end = is_last ? gone.end() : gone.lower_bound(*group.rbegin());
    while (gone.begin() != end) group.insert(gone.extract(gone.begin()));
    if (!group.empty()) HEARTH_CHECK(visit(group));
    if (is_last) return Unit{};
    from = *group.rbegin() + '\0';
  }
}

Result<Replica::Nodes, Refusal> Replica::replay(const std::set<Soul>& group, const Filter& takes) {
  const OpenFates open;
  Nodes nodes;
  for (const Soul& soul : group) nodes.emplace_hint(nodes.end(), soul, crdt::Node{});
  for (const Record* record : all_records()) {
    if (!takes(*record)) continue;
    HEARTH_TRY(const update::Body body, body_of(*record));
    const auto places = places_of(*record, body);
    const crdt::Cause cause{.author = record->author, .seq = record->seq, .stamp = record->stamp};
    for (const update::Change& change : body.changes) {
      const auto node = nodes.find(change.soul);
      if (node == nodes.end()) continue;
      std::uint32_t index = 0;
      for (const update::Operation& operation : change.operations) {
        node->second.apply(operation, cause, index, places, authors(), open);
        index += update::indices_of(operation);
      }
    }
  }
  return nodes;
}

bool Replica::is_below(const Record& record, const Link& link) const {
  const auto head = link.head_of(authors().key(record.author));
  return head && ledger_.find_log(record.author)->is_within(record, *head);
}

// Of what it covers, at its time, as the home that made it saw it; without what `is_gone`.
Result<model::Bytes32, Refusal> Replica::digest_of(std::size_t checkpoint, const Filter& is_gone) {
  const Link link = ledger_.checkpoints.chain()[checkpoint];
  const Timestamp time{.ms = static_cast<std::int64_t>(link.checkpoint.time)};
  const auto takes = [&](const Record& record) {
    return record.counts && record.stamp.is_reached(time) && is_below(record, link) &&
           !is_gone(record);
  };
  CanonicalState state{authors()};
  HEARTH_CHECK(visit_groups([&](const std::set<Soul>& group) -> Result<Unit, Refusal> {
    HEARTH_TRY(Nodes nodes, replay(group, takes));
    for (auto& [soul, node] : nodes) {
      purge_through(node, checkpoint);
      if (!node.empty()) state.add(soul, node);
    }
    return Unit{};
  }));
  return update::hash_of(state.encode(link.checkpoint.membership, link.checkpoint.prev));
}

// --- loading ---

// What is gone below the last gap of a log is covered by that checkpoint, or by one before it: a
// digest says nothing of what comes after.
bool Replica::is_above_gaps(std::size_t checkpoint) const {
  return std::ranges::all_of(ledger_.authors_by_key(), [&](crdt::AuthorNumber author) {
    return ledger_.is_covered(author, ledger_.find_log(author)->floor(), checkpoint + 1);
  });
}

bool Replica::is_unproved() const {
  if (!has_gaps_) return false;
  const auto proof = proved_ ? std::ranges::find(purged_, *proved_) : purged_.end();
  return proof == purged_.end() ||
         !is_above_gaps(static_cast<std::size_t>(proof - purged_.begin()));
}

Result<std::optional<model::CheckpointId>, Refusal> Replica::find_proof() {
  const auto& chain = ledger_.checkpoints.chain();
  for (std::size_t last = chain.size(); last > purged_.size(); --last) {
    const Link& link = chain[last - 1];
    if (static_cast<double>(now_.ms) < link.latest_ms() || !is_above_gaps(last - 1) ||
        !ledger_.is_complete(last - 1))
      continue;
    HEARTH_TRY(const model::Bytes32 digest, digest_of(last - 1, nothing));
    if (digest == link.checkpoint.digest) return link.id;
  }
  return std::optional<model::CheckpointId>{};
}

Result<Unit, Refusal> Replica::believe(const model::CheckpointId& proof) {
  const auto& chain = ledger_.checkpoints.chain();
  const auto found = std::ranges::find(chain, proof, &Link::id);
  const auto last = static_cast<std::size_t>(found - chain.begin()) + 1;
  if (found == chain.end() || static_cast<double>(now_.ms) < found->latest_ms() ||
      !is_above_gaps(last - 1))
    return Failure{Refusal::inconsistent};
  proved_ = proof;
  pending_[key('r', {})] = to_bytes(proof.value());
  while (purged_.size() < last) HEARTH_CHECK(purge_next());
  return purge_when_complete();
}

Result<bool, Refusal> Replica::prove() {
  if (is_proved()) return true;
  HEARTH_TRY(const auto proof, find_proof());
  if (!proof) return false;
  HEARTH_CHECK(believe(*proof));
  return true;
}

Result<std::size_t, Refusal> Replica::take_over(Replica& other) {
  const auto is_broken = [](const auto& added) {
    return !added && added.error() == Refusal::store;
  };
  // And what follows them.
  std::set<model::UpdateId> unwelcome;
  std::vector<std::pair<Bytes, bool>> statements;
  HEARTH_CHECK(other.statements([&](BytesView statement, bool is_entry) {
    statements.emplace_back(to_bytes(statement), is_entry);
  }));
  for (const auto& [statement, is_entry] : statements)
    if (is_broken(add_statement(statement, is_entry))) return Failure{Refusal::store};
  for (const Record* record : other.all_records()) {
    HEARTH_TRY(update::Update update, other.update_of(*record));
    HEARTH_TRY(const Bytes certificate, other.certificate_of(*record));
    const bool follows = unwelcome.contains(model::UpdateId{update.header.prev});
    const auto added = add(update::VerifiedUpdate::trusted(std::move(update)), certificate);
    if (is_broken(added)) return Failure{Refusal::store};
    if (follows || (!added && added.error() == Refusal::unwelcome)) unwelcome.insert(record->id);
  }
  const auto here = [&](crdt::AuthorNumber author) {
    return ledger_.authors.find(other.authors().key(author));
  };
  for (const auto& [place, now] : other.rewritten_)
    if (const auto author = here(place.first)) note_rewritten(*author, place.second, now);
  return static_cast<std::size_t>(
      std::ranges::count_if(other.all_records(), [&](const Record* record) {
        const auto author = here(record->author);
        const AuthorLog* log = author ? ledger_.find_log(*author) : nullptr;
        return record->counts && !unwelcome.contains(record->id) &&
               (log == nullptr ||
                (record->seq > log->floor() && log->find(record->seq, record->id) == nullptr));
      }));
}

// --- taking space back ---

// Covered, and so old that nothing which comes later can come between.
bool Replica::is_old(const Record& record, const Link& link) const {
  return record.applied && record.stamp.ms() < link.horizon_ms() && is_below(record, link);
}

bool Replica::may_go(const Record& record, const Link& link) const {
  const AuthorLog& log = *ledger_.find_log(record.author);
  const auto head = link.head_of(authors().key(record.author));
  if (record.needed || log.is_forked() || record.seq == 1 || !head || record.seq >= head->seq ||
      !is_old(record, link))
    return false;
  // Why the next one is void must remain plain.
  const Record* next = log.on_line(record.seq + 1);
  return next == nullptr || next->body != ledger::BodyState::broken;
}

// What has left something in the state that the old ones make, and, of lists, in the state of
// all that is covered: a place that was given up stays while something newer hangs there.
Result<Unit, Refusal> Replica::mark_needed(std::size_t checkpoint) {
  const Link link = ledger_.checkpoints.chain()[checkpoint];
  // While a chain names a place that isn't here, a branch that leads there may come, and decide of
  // the others.
  for (const crdt::AuthorNumber author : ledger_.authors_by_key()) {
    AuthorLog& log = ledger_.log(author);
    const auto named = ledger_.named_of(authors().key(author));
    const bool is_awaited = std::ranges::any_of(named, [&](const update::Position& position) {
      return position.seq > log.floor() && log.find(position.seq, position.id) == nullptr;
    });
    for (Record* record : log.records()) record->needed = is_awaited;
  }
  const auto need = [this](crdt::AuthorNumber author, std::uint64_t seq) {
    AuthorLog& log = ledger_.log(author);
    if (Record* record = log.is_forked() ? nullptr : log.on_line(seq)) record->needed = true;
  };
  return visit_groups([&](const std::set<Soul>& group) -> Result<Unit, Refusal> {
    HEARTH_TRY(Nodes old,
               replay(group, [&](const Record& record) { return is_old(record, link); }));
    for (auto& [soul, node] : old) {
      for (const crdt::Property& property : node.properties()) {
        if (property.value) need(property.value->author, property.value->seq);
        if (property.counter) property.counter->visit_sources(need);
        if (property.set) property.set->visit_sources(need);
      }
    }
    HEARTH_TRY(Nodes covered, replay(group, [&](const Record& record) {
                 return record.applied && is_below(record, link);
               }));
    std::map<std::string_view, std::set<model::Stamp>> erased;
    for (auto& [soul, node] : covered) {
      purge_through(node, checkpoint);
      std::set<model::Stamp>& stamps = erased[soul];
      for (const crdt::Property& property : node.properties())
        if (property.list)
          property.list->visit_sources(need, [&](model::Stamp stamp) { stamps.insert(stamp); });
    }
    return mark_erasers([&](const Record& record, const std::string& soul) {
      const auto stamps = erased.find(soul);
      return stamps != erased.end() && stamps->second.contains(record.stamp) &&
             is_old(record, link);
    });
  });
}

Result<Unit, Refusal> Replica::mark_erasers(
    const std::function<bool(const Record& record, const std::string& soul)>& is_meant) {
  for (Record* record : all_records()) {
    if (record->needed || !record->applied) continue;
    HEARTH_TRY(const update::Body body, body_of(*record));
    for (const update::Change& change : body.changes)
      if (std::ranges::any_of(change.operations, erases) && is_meant(*record, change.soul))
        record->needed = true;
  }
  return Unit{};
}

// Some stay without being needed, as the first of a log does; then what took away what they wrote
// has to stay, too. Until nothing changes.
Result<Unit, Refusal> Replica::mark_what_changes(std::size_t checkpoint) {
  const Link link = ledger_.checkpoints.chain()[checkpoint];
  std::set<Soul> known;
  while (true) {
    std::set<Soul> differing;
    HEARTH_CHECK(visit_groups([&](const std::set<Soul>& group) -> Result<Unit, Refusal> {
      const auto takes = [&](const Record& record) {
        return record.applied && is_below(record, link);
      };
      HEARTH_TRY(Nodes before, replay(group, takes));
      HEARTH_TRY(Nodes after, replay(group, [&](const Record& record) {
                   return takes(record) && !may_go(record, link);
                 }));
      for (const Soul& soul : group) {
        crdt::Node& a = before.at(soul);
        crdt::Node& b = after.at(soul);
        purge_through(a, checkpoint);
        purge_through(b, checkpoint);
        if (encoded(a) != encoded(b)) differing.insert(soul);
      }
      return Unit{};
    }));
    if (differing.empty()) return Unit{};
    bool changed = false;
    for (Record* record : all_records()) {
      if (!may_go(*record, link)) continue;
      HEARTH_TRY(const update::Body body, body_of(*record));
      for (const update::Change& change : body.changes)
        if (differing.contains(change.soul) &&
            (known.contains(change.soul) || std::ranges::any_of(change.operations, erases)))
          record->needed = changed = true;
    }
    const bool all_known = std::ranges::includes(known, differing);
    if (!changed && all_known) return Failure{Refusal::inconsistent};
    known.merge(differing);
  }
}

}  // namespace hearth::replica
