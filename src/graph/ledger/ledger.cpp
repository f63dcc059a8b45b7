#include <algorithm>

#include <hearth/ledger/ledger.h>

namespace hearth::ledger {

AuthorLog& Ledger::log(crdt::AuthorNumber author) {
  return logs_.try_emplace(author, author).first->second;
}

std::vector<update::Position> Ledger::named_of(const model::AuthorKey& author) const {
  std::vector<update::Position> named;
  for (const Membership::Named& name : membership.named_of(author)) named.push_back(name.position);
  for (const Checkpoints::Link& link : checkpoints.chain())
    if (const auto head = link.head_of(author)) named.push_back(*head);
  return named;
}

bool Ledger::rank(AuthorLog& log) const {
  return log.is_forked() && log.rank(named_of(authors.key(log.author())));
}

void Ledger::rank() {
  for (auto& [author, log] : logs_) rank(log);
}

void Ledger::drop(crdt::AuthorNumber author, const std::function<bool(const Record&)>& is_gone) {
  log(author).drop(is_gone);
  missing_ = {};
}

const AuthorLog* Ledger::find_log(crdt::AuthorNumber author) const {
  const auto found = logs_.find(author);
  return found == logs_.end() ? nullptr : &found->second;
}

std::vector<crdt::AuthorNumber> Ledger::authors_by_key() const {
  std::vector<crdt::AuthorNumber> numbers;
  for (const auto& [author, log] : logs_)
    if (log.size() > 0) numbers.push_back(author);
  std::ranges::sort(numbers, {}, [this](crdt::AuthorNumber author) { return authors.key(author); });
  return numbers;
}

Verdict Ledger::judge(const Record& record) const {
  const AuthorLog& log = logs_.at(record.author);
  if (record.outranked) return Verdict::void_branch;
  if (const Verdict verdict = judge_by_members(log, record); verdict != Verdict::counts)
    return verdict;
  switch (record.body) {
    case BodyState::absent:
      return Verdict::waits;
    case BodyState::broken:
      return Verdict::void_body;
    case BodyState::unknown:
    case BodyState::sealed:
      return Verdict::kept;
    case BodyState::good:
      break;
  }
  return judge_by_checkpoints(log, record);
}

Verdict Ledger::judge_by_members(const AuthorLog& log, const Record& record) const {
  const auto place = membership.place_of(record.membership);
  if (!place) return Verdict::waits;
  const model::AuthorKey& author = authors.key(record.author);
  const model::PersonaKey& persona = log.root(record.root).persona;
  if (!update::may_write(membership.role_at(persona, *place))) return Verdict::void_role;

  for (const Membership::Removal& removal : membership.removals_of(persona)) {
    if (removal.place <= *place) continue;  // written under a later entry, which let them again
    const auto cut = removal.cut_of(author);
    if (cut && log.is_within(record, *cut)) continue;
    if (!was_settled(log, record, removal.place)) return Verdict::void_removed;
  }
  for (const Membership::Named& end : membership.ends_of(author))
    if (!log.is_within(record, end.position) && !was_settled(log, record, end.place))
      return Verdict::void_removed;
  for (const Membership::Named& branch : membership.branches_of(author))
    if (log.is_beside(record, branch.position) && !was_settled(log, record, branch.place))
      return Verdict::void_branch;
  return Verdict::counts;
}

Verdict Ledger::judge_by_checkpoints(const AuthorLog& log, const Record& record) const {
  const model::AuthorKey& author = authors.key(record.author);
  // Newest first: most records are above all of them, and then the newest alone matters.
  const auto& chain = checkpoints.chain();
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    const auto head = link->head_of(author);
    if (head && log.is_beside(record, *head)) return Verdict::void_branch;
    if (head && log.is_within(record, *head)) {
      if (record.stamp.ms() > link->latest_ms()) return Verdict::void_future;
    } else if (record.stamp.ms() < link->horizon_ms()) {
      return Verdict::void_stale;
    }
  }
  return Verdict::counts;
}

bool Ledger::was_settled(const AuthorLog& log, const Record& record, std::size_t place) const {
  const model::AuthorKey& author = authors.key(record.author);
  return std::ranges::any_of(checkpoints.chain(), [&](const Checkpoints::Link& link) {
    if (link.place >= place) return false;
    const auto head = link.head_of(author);
    return head && log.is_within(record, *head);
  });
}

bool Ledger::is_covered(crdt::AuthorNumber author, std::uint64_t seq, std::size_t count) const {
  return seq <= checkpoints.covered_up_to(authors.key(author), count);
}

bool Ledger::is_ended(crdt::AuthorNumber author, std::uint64_t seq) const {
  const model::AuthorKey& key = authors.key(author);
  const auto is_beyond = [&](const Membership::Named& end) {
    if (seq <= end.position.seq) return false;
    return std::ranges::none_of(checkpoints.chain(), [&](const Checkpoints::Link& link) {
      const auto head = link.head_of(key);
      return link.place < end.place && head && seq <= head->seq;
    });
  };
  return std::ranges::any_of(membership.ends_of(key), is_beyond) ||
         std::ranges::any_of(membership.final_cuts_of(key), is_beyond);
}

bool Ledger::is_complete(std::size_t checkpoint) const {
  const auto& [id, statement, place] = checkpoints.chain()[checkpoint];
  const auto& heads = statement.heads;
  if (missing_.id == id && missing_.record->body == BodyState::absent) return false;
  std::vector<const Record*> held;
  for (const update::Position& position : heads) {
    const auto number = authors.find(position.author);
    const AuthorLog* log = number ? find_log(*number) : nullptr;
    const Record* record = log ? log->find(position.seq, position.id) : nullptr;
    if (record == nullptr) return false;
    held.push_back(record);
  }
  // Only now the long way, which is not gone again before what it missed has come.
  for (const Record* record : held) {
    for (; record != nullptr; record = record->parent) {
      if (record->body != BodyState::absent) continue;
      missing_ = {id, record};
      return false;
    }
  }
  return true;
}

}  // namespace hearth::ledger
