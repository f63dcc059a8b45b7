#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::Record;

std::vector<const Record*> Replica::stale(const model::AuthorKey& author) const {
  std::vector<const Record*> stale;
  const auto number = authors().find(author);
  const ledger::AuthorLog* log = number ? ledger_.find_log(*number) : nullptr;
  if (log == nullptr) return stale;
  for (const Record* record : log->records())
    if (!record->counts && record->on_line && !rewritten_.contains({*number, record->seq}) &&
        ledger_.judge(*record) == ledger::Verdict::void_stale)
      stale.push_back(record);
  return stale;
}

Result<std::vector<update::Update>, Refusal> Replica::write_anew(
    const crypto::Ed25519PrivateKey& key, Timestamp now, std::size_t max_updates) {
  HEARTH_CHECK(advance(now));
  std::vector<update::Update> written;
  const auto author = update::author_of(key.public_key());
  const auto number = authors().find(author);
  if (!number) return written;
  // What one of them names in another is found where that one is now: the operations of an update
  // keep their indices.
  const auto rename = [&](update::Id& id) {
    if (id.author != 0) return;
    for (auto anew = rewritten_.find({*number, id.seq}); anew != rewritten_.end();
         anew = rewritten_.find({*number, id.seq}))
      id.seq = anew->second;
  };
  for (const Record* record : stale(author)) {
    if (written.size() == max_updates) break;
    HEARTH_TRY(update::Body body, body_of(*record));
    body.state = clock_.stamp(now_);
    for (update::Change& change : body.changes) {
      for (update::Operation& operation : change.operations) {
        if (auto* exclude = std::get_if<update::Exclude>(&operation)) {
          std::ranges::for_each(exclude->seen, rename);
          std::ranges::sort(exclude->seen);
        } else if (auto* insert = std::get_if<update::Insert>(&operation)) {
          if (insert->parent) rename(*insert->parent);
        } else if (auto* erase = std::get_if<update::Erase>(&operation)) {
          for (update::Run& run : erase->runs) rename(run.first);
        }
      }
    }
    // With the update, or not at all.
    const std::string marker =
        note_rewritten(*number, record->seq, ledger_.find_log(*number)->head()->seq + 1);
    auto update = write_body(*number, body, key, {}, update::max_body_size);
    if (!update) {
      if (update.error() != Refusal::store) {
        rewritten_.erase({*number, record->seq});
        pending_.erase(marker);
      }
      return Failure{update.error()};
    }
    written.push_back(std::move(*update));
  }
  return written;
}

std::string Replica::note_rewritten(crdt::AuthorNumber author, std::uint64_t seq,
                                    std::uint64_t now) {
  rewritten_[{author, seq}] = now;
  Bytes place;
  Writer writer{place};
  writer.u32_be(author);
  writer.u64_be(seq);
  std::string marker = key('w', as_text(place));
  Bytes value;
  Writer{value}.u64_be(now);
  pending_[marker] = std::move(value);
  return marker;
}

}  // namespace hearth::replica
