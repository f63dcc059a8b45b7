// What those may make this replica keep who may not write. It counts nowhere, so that a bound of
// our own is nobody else's business; it is bounded, since anybody can sign.

#include <algorithm>

#include <hearth/replica/replica.h>

namespace hearth::replica {

using ledger::AuthorLog;
using ledger::Record;

#ifdef __wasm__

// A page hears what its box keeps: the bounds are the box's, and each byte counts here.
void Replica::note_unwelcome(const Record&, std::size_t) {}
Result<Unit, Refusal> Replica::make_room(const update::VerifiedUpdate&, const model::PersonaKey&,
                                         const AuthorLog*) {
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

bool Replica::is_unwelcome(const Record& record) const {
  return !record.counts &&
         !may_write_now(authors().key(record.author),
                        ledger_.find_log(record.author)->root(record.root).persona);
}

Result<Unit, Refusal> Replica::count_unwelcome() {
  unwelcome_ = Unwelcome{};
  for (const Record* record : all_records()) {
    if (!is_unwelcome(*record)) continue;
    HEARTH_TRY(const auto stored, read(record_key(*record)));
    note_unwelcome(*record, stored ? stored->size() : 0);
  }
  return Unit{};
}

void Replica::note_unwelcome(const Record& record, std::size_t body_size) {
  if (!unwelcome_ || !is_unwelcome(record)) return;
  ++unwelcome_->count;
  unwelcome_->bytes += record_size + body_size;
}

Result<Unit, Refusal> Replica::make_room(const update::VerifiedUpdate& update,
                                         const model::PersonaKey& persona, const AuthorLog* log) {
  const update::Header& header = update.header();
  if (may_write_now(header.author, persona)) return Unit{};
  // What may still count: up to where a chain names the author's log. Of several branches only the
  // one that leads there.
  const auto named = ledger_.named_of(header.author);
  const bool is_named = std::ranges::any_of(
      named, [&](const update::Position& position) { return header.seq <= position.seq; });
  if (is_named && (log == nullptr || !log->is_forked())) return Unit{};
  if (is_wanted(header, update.id())) return Unit{};
  if (!unwelcome_) HEARTH_CHECK(count_unwelcome());
  const std::size_t size = record_size + (update.body() ? update.body()->size() : 0);
  std::size_t of_author = 0;
  if (log != nullptr && !ledger_.membership.empty())
    for (const Record* record : log->records())
      if (!record->counts) ++of_author;
  const bool is_full = unwelcome_->count >= options_.max_unwelcome ||
                       unwelcome_->bytes + size > options_.max_unwelcome_bytes ||
                       of_author >= options_.max_unwelcome_of_author;
  if (is_full) return Failure{Refusal::full};
  return Unit{};
}

#endif

}  // namespace hearth::replica
