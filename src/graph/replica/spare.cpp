// Taking space back in two parts: finding what may go, which reads the log a few times over and may
// be done on a copy of the store, and letting go of it in small steps.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::AuthorLog;
using ledger::Record;

namespace {

// Written at a time.
constexpr std::size_t max_dropped = 10'000;

}  // namespace

Result<Spare, Refusal> Replica::find_spare() {
  Spare spare;
  if (purged_.empty() || is_unproved()) return spare;
  const std::size_t last = purged_.size() - 1;
  const Link link = ledger_.checkpoints.chain()[last];
  HEARTH_TRY(const model::Bytes32 digest, digest_of(last, [](const Record&) { return false; }));
  if (digest != link.checkpoint.digest) return Failure{Refusal::inconsistent};

  HEARTH_CHECK(mark_needed(last));
  HEARTH_CHECK(mark_what_changes(last));
  const auto is_gone = [&](const Record& record) { return may_go(record, link); };
  HEARTH_TRY(const model::Bytes32 without, digest_of(last, is_gone));
  if (without != digest) return Failure{Refusal::inconsistent};

  spare.below = link.id;
  spare.membership = ledger_.membership.head();
  for (const Record* record : all_records())
    if (may_go(*record, link))
      spare.updates.push_back(
          {.stamp = record->stamp, .author = record->author, .seq = record->seq});
  // What takes something away has a state that isn't below: it goes later, or with it. So whatever
  // the last step was, what is left gives the same state.
  std::ranges::sort(spare.updates);
  return spare;
}

Result<std::size_t, Refusal> Replica::drop(const Spare& spare, std::size_t first,
                                           std::size_t count) {
  const auto& updates = spare.updates;
  if (first >= updates.size()) return std::size_t{0};
  std::size_t end = first + std::clamp<std::size_t>(count, 1, updates.size() - first);
  while (end < updates.size() && updates[end].stamp == updates[end - 1].stamp) ++end;

  if (purged_.empty() || purged_.back() != spare.below || is_unproved() ||
      ledger_.membership.head() != spare.membership)
    return Failure{Refusal::inconsistent};
  const Link link = ledger_.checkpoints.chain()[purged_.size() - 1];
  std::map<crdt::AuthorNumber, std::set<std::uint64_t>> gone;
  for (std::size_t i = first; i < end; ++i) {
    const auto& [stamp, author, seq] = updates[i];
    const AuthorLog* log = ledger_.find_log(author);
    const Record* record = log == nullptr ? nullptr : log->on_line(seq);
    // What its author did since, as forking, may keep it here; and then what it was needed for,
    // too.
    if (record == nullptr || record->stamp != stamp || !may_go(*record, link))
      return Failure{Refusal::inconsistent};
    gone[author].insert(seq);
  }

  proved_ = link.id;
  pending_[key('r', {})] = to_bytes(link.id.value());
  has_gaps_ = true;
  for (const auto& [author, seqs] : gone) {
    AuthorLog& log = ledger_.log(author);
    std::vector<std::pair<std::uint64_t, Stored>> orphans;
    for (const std::uint64_t seq : seqs) {
      pending_[record_key(*log.on_line(seq))] = std::nullopt;
      const Record* next = seqs.contains(seq + 1) ? nullptr : log.on_line(seq + 1);
      if (next == nullptr) continue;
      HEARTH_TRY(Stored stored, load_stored(*next));
      orphans.emplace_back(seq + 1, std::move(stored));
    }
    ledger_.drop(author, [&](const Record& record) { return seqs.contains(record.seq); });
    for (const auto& [seq, stored] : orphans) store_record(*log.on_line(seq), stored);
  }
  // Records have moved.
  if (!std::exchange(deferred_, {}).empty())
    for (Record* record : all_records())
      if (record->counts && !record->applied) deferred_.emplace(record->stamp, record);
  return end - first;
}

Result<std::size_t, Refusal> Replica::reclaim() {
  HEARTH_TRY(const Spare spare, find_spare());
  std::size_t dropped = 0;
  while (dropped < spare.updates.size()) {
    HEARTH_TRY(const std::size_t now, drop(spare, dropped, max_dropped));
    dropped += now;
    HEARTH_CHECK(commit());
  }
  return dropped;
}

}  // namespace hearth::replica
