// What others can make this replica keep though it counts nowhere: because its author may not
// write, or because its branch is one too many. A bound of our own on that is nobody else's
// business; there is one, since anybody can sign.

#include <algorithm>

#include "stored_record.h"
#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::AuthorLog;
using ledger::Record;

#ifdef __wasm__

// A page hears what its box keeps: the bounds are the box's, and each byte counts here.
void Replica::note_unwelcome(const Record&, std::size_t, std::size_t) {}
Result<Unit, Refusal> Replica::make_room(const update::VerifiedUpdate&, const model::PersonaKey&,
                                         const AuthorLog*, const Record*) {
  return Unit{};
}
Result<Unit, Refusal> Replica::make_room_for_body(const Record&, std::size_t) {
  return Unit{};
}

#else

namespace {

// Beside its body, roughly.
constexpr std::size_t record_size = 256;

}  // namespace

bool Replica::may_write_now(const model::AuthorKey& author,
                            const model::PersonaKey& persona) const {
  const ledger::Membership& membership = ledger_.membership;
  return !membership.empty() && update::may_write(membership.role(persona)) &&
         membership.ends_of(author).empty();
}

std::uint64_t Replica::named_up_to(const model::AuthorKey& author) const {
  std::uint64_t last = 0;
  for (const update::Position& position : ledger_.named_of(author))
    last = std::max(last, position.seq);
  return last;
}

bool Replica::is_unwelcome(const Record& record, std::uint64_t named_up_to) const {
  const AuthorLog& log = *ledger_.find_log(record.author);
  if (record.counts || (!record.outranked &&
                        may_write_now(authors().key(record.author), log.root(record.root).persona)))
    return false;
  return log.is_forked() ? !record.is_named : record.seq > named_up_to;
}

std::vector<const Record*> Replica::unwelcome_of(const AuthorLog& log) const {
  std::vector<const Record*> unwelcome = log.records();
  const std::uint64_t last = named_up_to(authors().key(log.author()));
  std::erase_if(unwelcome, [&](const Record* record) { return !is_unwelcome(*record, last); });
  return unwelcome;
}

Result<Unit, Refusal> Replica::count_unwelcome() {
  unwelcome_ = Unwelcome{};
  for (const crdt::AuthorNumber author : ledger_.authors_by_key()) {
    for (const Record* record : unwelcome_of(*ledger_.find_log(author))) {
      HEARTH_TRY(const auto stored, read(record_key(*record)));
      const auto parsed = stored ? StoredRecord::parse(*stored) : std::nullopt;
      ++unwelcome_->count;
      unwelcome_->bytes += record_size + (parsed && parsed->body ? parsed->body->size() : 0);
    }
  }
  return Unit{};
}

void Replica::note_unwelcome(const Record& record, std::size_t count, std::size_t body_size) {
  if (!unwelcome_ || record.counts ||
      !is_unwelcome(record, named_up_to(authors().key(record.author))))
    return;
  unwelcome_->count += count;
  unwelcome_->bytes += count * record_size + body_size;
}

Result<Unit, Refusal> Replica::make_room(const update::VerifiedUpdate& update,
                                         const model::PersonaKey& persona, const AuthorLog* log,
                                         const Record* parent) {
  const update::Header& header = update.header();
  const bool is_outranked = log != nullptr && log->is_outranked(parent, update.id());
  if (!is_outranked && may_write_now(header.author, persona)) return Unit{};
  // What may count yet: up to where a chain names the author's log; of several branches, this one
  // perhaps the second, what leads there.
  const bool goes_on = log == nullptr || (!log->is_forked() && parent == log->head());
  if (header.seq <= named_up_to(header.author) && (goes_on || is_wanted(header, update.id())))
    return Unit{};
  if (!unwelcome_) HEARTH_CHECK(count_unwelcome());
  const std::size_t size = record_size + (update.body() ? update.body()->size() : 0);
  const std::size_t of_author = log == nullptr ? 0 : unwelcome_of(*log).size();
  if (unwelcome_->count >= options_.max_unwelcome ||
      unwelcome_->bytes + size > options_.max_unwelcome_bytes ||
      of_author >= options_.max_unwelcome_of_author)
    return Failure{Refusal::unwelcome};
  return Unit{};
}

Result<Unit, Refusal> Replica::make_room_for_body(const Record& record, std::size_t size) {
  if (!is_unwelcome(record, named_up_to(authors().key(record.author)))) return Unit{};
  if (!unwelcome_) HEARTH_CHECK(count_unwelcome());
  if (unwelcome_->bytes + size > options_.max_unwelcome_bytes) return Failure{Refusal::unwelcome};
  return Unit{};
}

#endif

}  // namespace hearth::replica
