#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crypto/sha2.h>
#include <hearth/replica/replica.h>
#include <hearth/update/certificate.h>

namespace hearth::replica {

using ledger::AuthorLog;
using ledger::BodyState;
using ledger::LedgerError;
using ledger::Record;
using update::Header;
using update::VerifiedUpdate;

namespace {

// Statements that came before what they follow: as many as a membership log has in a burst.
constexpr std::size_t max_statements = 1024;
constexpr std::size_t max_statement_bytes = std::size_t{8} << 20;

Refusal refusal_of(LedgerError error) {
  switch (error) {
    case LedgerError::wrong_space:
      return Refusal::wrong_space;
    case LedgerError::not_allowed:
      return Refusal::not_allowed;
    case LedgerError::inconsistent:
      return Refusal::inconsistent;
    case LedgerError::unknown_parent:
    case LedgerError::full:
      break;
  }
  return Refusal::full;
}

// Where a log that counts ends: the head of a line, or of the one branch that counts; null where
// nothing does. Nothing: several branches do.
std::optional<const Record*> last_counting(const AuthorLog& log) {
  const auto records = log.records();
  if (!log.is_forked()) {
    const bool any = std::ranges::any_of(records, &Record::counts);
    return any ? log.head() : nullptr;
  }
  const Record* last = nullptr;
  std::set<const Record*> before;
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (!(*record)->counts || before.contains(*record)) continue;
    if (last != nullptr) return std::nullopt;
    last = *record;
    for (const Record* at = last->parent; at != nullptr && before.insert(at).second;)
      at = at->parent;
  }
  return last;
}

// So that what follows comes after what it follows.
std::string numbered(std::uint64_t number, const model::Bytes32& id) {
  Bytes bytes;
  Writer writer{bytes};
  writer.u64_be(number);
  writer.bytes(id);
  return to_text(bytes);
}

}  // namespace

Result<Accepted, Refusal> Replica::add(VerifiedUpdate update, BytesView certificate) {
  HEARTH_TRY(const Accepted accepted, add_with_followers(std::move(update), certificate, Gap::no));
  HEARTH_CHECK(purge_when_complete());
  return accepted;
}

Result<Accepted, Refusal> Replica::add_kept(VerifiedUpdate update, BytesView certificate) {
  HEARTH_TRY(const Accepted accepted,
             add_with_followers(std::move(update), certificate, Gap::where_covered));
  HEARTH_CHECK(purge_when_complete());
  return accepted;
}

Result<Accepted, Refusal> Replica::add_with_followers(VerifiedUpdate update, BytesView certificate,
                                                      Gap gap) {
  HEARTH_TRY(const Accepted accepted, add_one(update, certificate, gap));
  if (accepted == Accepted::held) return hold(std::move(update), certificate);
  if (accepted == Accepted::known) return accepted;

  // What waited for it, and what waited for that.
  struct Arrived {
    model::AuthorKey author;
    std::uint64_t seq;
    model::UpdateId id;
  };
  std::vector<Arrived> arrived{{update.header().author, update.header().seq, update.id()}};
  while (!arrived.empty()) {
    const Arrived parent = arrived.back();
    arrived.pop_back();
    const auto place = held_.find({parent.author, parent.seq + 1});
    if (place == held_.end()) continue;
    std::vector<Held> ready;
    std::erase_if(place->second, [&](Held& held) {
      if (held.update.header().prev != parent.id.value()) return false;
      held_bytes_ -= held.size;
      --held_count_;
      ready.push_back(std::move(held));
      return true;
    });
    if (place->second.empty()) held_.erase(place);
    for (Held& held : ready) {
      const auto added = add_one(held.update, held.certificate, Gap::no);
      if (!added && added.error() == Refusal::store) return Failure{Refusal::store};
      if (added == Accepted::added)
        arrived.push_back({parent.author, parent.seq + 1, held.update.id()});
    }
  }
  return accepted;
}

Result<Accepted, Refusal> Replica::hold(VerifiedUpdate update, BytesView certificate) {
  const std::size_t size =
      sizeof(Held) + certificate.size() + (update.body() ? update.body()->size() : 0);
  auto& siblings = held_[{update.header().author, update.header().seq}];
  const auto same = [&](const Held& held) { return held.update.id() == update.id(); };
  if (std::ranges::any_of(siblings, same)) return Accepted::held;
  if (held_count_ == options_.max_held_updates || held_bytes_ + size > options_.max_held_bytes) {
    if (siblings.empty()) held_.erase({update.header().author, update.header().seq});
    return Failure{Refusal::full};
  }
  ++held_count_;
  held_bytes_ += size;
  siblings.push_back({std::move(update), to_bytes(certificate), size});
  return Accepted::held;
}

// Named, or followed by what is: as far as that is here, held back until this one comes.
bool Replica::is_wanted(const Header& header, const model::UpdateId& id) const {
  return std::ranges::any_of(ledger_.named_of(header.author), [&](const update::Position& named) {
    model::UpdateId wanted = named.id;
    for (std::uint64_t seq = named.seq; seq > header.seq; --seq) {
      const auto place = held_.find({header.author, seq});
      if (place == held_.end()) return false;
      const auto found = std::ranges::find(place->second, wanted,
                                           [](const Held& held) { return held.update.id(); });
      if (found == place->second.end()) return false;
      wanted = model::UpdateId{found->update.header().prev};
    }
    return named.seq >= header.seq && wanted == id;
  });
}

// Of a log whose beginning is held, up to where a checkpoint covers it.
bool Replica::may_skip(const AuthorLog& log, const Header& header) const {
  return ledger_.is_covered(log.author(), header.seq, ledger_.checkpoints.chain().size()) &&
         !log.is_forked() && log.head() != nullptr && header.seq > log.head()->seq + 1;
}

Result<Accepted, Refusal> Replica::add_one(VerifiedUpdate& update, BytesView certificate, Gap gap) {
  const Header& header = update.header();
  if (header.space != ledger_.membership.space()) return Failure{Refusal::wrong_space};

  // An author costs nothing here before its first update is taken.
  const auto number = ledger_.authors.find(header.author);
  const AuthorLog* known = number ? ledger_.find_log(*number) : nullptr;
  if (known != nullptr && known->find(header.seq, update.id()) != nullptr) {
    Record* record = ledger_.log(*number).find(header.seq, update.id());
    if (record->body != BodyState::absent || !update.body()) return Accepted::known;
    HEARTH_CHECK(make_room_for_body(*record, update.body()->size()));
    HEARTH_CHECK(take_body(*record, header, update.signature(), update.body()));
    note_unwelcome(*record, 0, update.body()->size());
    return Accepted::added;
  }

  if (known != nullptr && header.seq <= known->floor()) return Accepted::known;

  model::PersonaKey persona;
  Record record{
      .id = update.id(), .seq = header.seq, .bytes = header.bytes, .membership = header.membership};
  if (header.seq > 1) {
    const Record* parent =
        known == nullptr ? nullptr : known->find(header.seq - 1, model::UpdateId{header.prev});
    if (parent == nullptr) {
      if (gap == Gap::no || known == nullptr || !may_skip(*known, header)) return Accepted::held;
      has_gaps_ = true;
      Record& added = ledger_.log(*number).add_after_gap(record, header.prev);
      HEARTH_CHECK(take_body(added, header, update.signature(), update.body()));
      return Accepted::added;
    }
    record.parent = parent;
    record.root = parent->root;
    persona = known->root(record.root).persona;
  } else if (const auto root = known == nullptr ? std::nullopt : known->root_of(header.prev)) {
    persona = known->root(*root).persona;
  } else {
    const auto verified = update::verify_certificate(certificate, header.author);
    if (!verified || update::hash_of(certificate) != header.prev)
      return Failure{Refusal::no_certificate};
    persona = *verified;
  }
  HEARTH_CHECK(make_room(update, persona, known, record.parent));

  AuthorLog& log = ledger_.log(ledger_.authors.number(header.author));
  if (header.seq == 1) {
    record.root = root_of(log, header, persona, certificate);
  }
  Record& added = log.add(record);
  const bool is_first_fork = log.is_forked() && !flagged_.contains(log.author());
  if (ledger_.rank(log) || is_first_fork) unwelcome_ = std::nullopt;
  HEARTH_CHECK(take_body(added, header, update.signature(), update.body()));
  note_unwelcome(added, 1, update.body() ? update.body()->size() : 0);
  if (log.is_forked()) {
    HEARTH_CHECK(note_fork(log, added));
    HEARTH_CHECK(are_purges_right() ? reassess(log.records(), {}) : reassess_all());
  }
  return Accepted::added;
}

std::uint32_t Replica::root_of(AuthorLog& log, const Header& header,
                               const model::PersonaKey& persona, BytesView certificate) {
  if (const auto root = log.root_of(header.prev)) return *root;
  store_new_authors();
  Bytes place;
  Writer writer{place};
  writer.u32_be(log.author());
  writer.bytes(header.prev);
  pending_[key('c', as_text(place))] = to_bytes(certificate);
  return log.add_root({.certificate_hash = header.prev, .persona = persona});
}

Result<Unit, Refusal> Replica::take_body(Record& record, const Header& header,
                                         const crypto::Ed25519Signature& signature,
                                         const std::optional<Bytes>& body) {
  std::optional<update::Body> decoded;
  if (body) {
    const std::uint64_t before = record.parent == nullptr ? 0 : record.parent->bytes;
    // After a gap nobody knows; what comes after a gap is right there (drop_unneeded).
    const bool follows = record.parent != nullptr || record.seq == 1;
    auto read = update::Body::decode(*body, header.author);
    if (header.epoch != 0) {
      record.body = BodyState::sealed;
    } else if (!read || (follows && header.bytes != before + body->size())) {
      record.body = BodyState::broken;
    } else if (read->has_unknown()) {
      record.body = BodyState::unknown;
    } else {
      record.body = BodyState::good;
      record.stamp = read->state;
      decoded = std::move(*read);
    }
  }
  store_record(
      record,
      {.epoch = header.epoch, .body_hash = header.body, .signature = signature, .body = body});
  record.counts = ledger_.judge(record) == ledger::Verdict::counts;
  if (record.counts) HEARTH_CHECK(settle(record, decoded ? &*decoded : nullptr));
  return rebuild(std::exchange(outdated_, {}));
}

Result<Unit, Refusal> Replica::note_fork(AuthorLog& log, const Record& record) {
  if (!flagged_.insert(log.author()).second) return Unit{};
  const auto records = log.records();
  const auto other = std::ranges::find_if(records, [&](const Record* held) {
    return held->seq == record.seq && held->id != record.id;
  });
  HEARTH_ASSERT(other != records.end());
  HEARTH_TRY(const update::Update first, update_of(record));
  HEARTH_TRY(const update::Update second, update_of(**other));
  forks_.push_back(update::ForkProof::of(first, second));
  return Unit{};
}

Result<Accepted, Refusal> Replica::add_entry(BytesView statement) {
  return add_statement(statement, true);
}

Result<Accepted, Refusal> Replica::add_checkpoint(BytesView statement) {
  return add_statement(statement, false);
}

Result<Accepted, Refusal> Replica::add_statement(BytesView statement, bool is_entry) {
  const auto added = add_to_ledger(statement, is_entry);
  if (!added) {
    if (added.error() != LedgerError::unknown_parent) return Failure{refusal_of(added.error())};
    if (std::ranges::any_of(statements_,
                            [&](const auto& held) { return equal(held.first, statement); }))
      return Accepted::held;
    std::size_t size = statement.size();
    for (const auto& [held, kind] : statements_) size += held.size();
    if (statements_.size() == max_statements || size > max_statement_bytes)
      return Failure{Refusal::full};
    statements_.emplace_back(to_bytes(statement), is_entry);
    return Accepted::held;
  }
  if (*added == Accepted::known) return Accepted::known;
  HEARTH_CHECK(retry_statements());
  unwelcome_ = std::nullopt;
  HEARTH_CHECK(reassess_all());
  return Accepted::added;
}

// Statements that aren't right at all are "not allowed": their signatures don't let them.
Result<Accepted, LedgerError> Replica::add_to_ledger(BytesView statement, bool is_entry) {
  Result<bool, LedgerError> added{false};
  std::string place;
  if (is_entry) {
    const auto entry = update::verify_entry(statement);
    if (!entry) return Failure{LedgerError::not_allowed};
    added = ledger_.membership.add(*entry);
    place = key('e', numbered(entry->seq, entry->id().value()));
    if (added && *added) ledger_.checkpoints.choose_chain(ledger_.membership);
  } else {
    const auto checkpoint = update::SignedCheckpoint::decode(statement);
    if (!checkpoint) return Failure{LedgerError::not_allowed};
    added = ledger_.checkpoints.add(*checkpoint, ledger_.membership);
    place = key('k', numbered(checkpoint->checkpoint.number, checkpoint->checkpoint.id().value()));
  }
  HEARTH_TRY(const bool is_new, std::move(added));
  if (!is_new) return Accepted::known;
  pending_[place] = to_bytes(statement);
  return Accepted::added;
}

Result<Unit, Refusal> Replica::retry_statements() {
  bool progress = true;
  while (progress) {
    progress = false;
    std::erase_if(statements_, [&](const auto& held) {
      const auto added = add_to_ledger(held.first, held.second);
      if (!added) return added.error() != LedgerError::unknown_parent;
      progress = true;
      return true;
    });
  }
  return Unit{};
}

Result<Draft, Refusal> Replica::draft(const model::AuthorKey& author, Timestamp now) {
  HEARTH_CHECK(advance(now));
  const auto number = ledger_.authors.number(author);
  const AuthorLog* log = ledger_.find_log(number);
  const Record* head = log == nullptr ? nullptr : log->head();
  return Draft{
      *this,
      {.author = number, .seq = head == nullptr ? 1 : head->seq + 1, .stamp = clock_.stamp(now_)}};
}

Result<update::Update, Refusal> Replica::write(const Draft& draft,
                                               const crypto::Ed25519PrivateKey& key,
                                               BytesView certificate) {
  if (draft.empty()) return Failure{Refusal::nothing};
  if (ledger_.membership.empty()) return Failure{Refusal::not_allowed};
  const AuthorLog* log = ledger_.find_log(draft.cause_.author);
  const Record* head = log == nullptr ? nullptr : log->head();
  HEARTH_ASSERT(draft.cause_.seq == (head == nullptr ? 1 : head->seq + 1));

  return write_body(draft.cause_.author, draft.body(), key, certificate, max_written_body);
}

Result<update::Update, Refusal> Replica::write_body(crdt::AuthorNumber author,
                                                    const update::Body& body,
                                                    const crypto::Ed25519PrivateKey& key,
                                                    BytesView certificate,
                                                    std::size_t max_body_size) {
  const AuthorLog* log = ledger_.find_log(author);
  const Record* head = log == nullptr ? nullptr : log->head();
  if (head != nullptr && head->outranked) return Failure{Refusal::outranked};
  update::Update update;
  update.body = body.encode();
  if (update.body->size() > max_body_size) return Failure{Refusal::too_large};
  update.header = {.space = ledger_.membership.space(),
                   .author = authors().key(author),
                   .seq = head == nullptr ? 1 : head->seq + 1,
                   .prev = head == nullptr ? update::hash_of(certificate) : head->id.value(),
                   .membership = ledger_.membership.head(),
                   .bytes = (head == nullptr ? 0 : head->bytes) + update.body->size(),
                   .body = update::hash_of(*update.body)};
  HEARTH_ASSERT(update.header.author == update::author_of(key.public_key()));
  const auto persona =
      head == nullptr
          ? update::verify_certificate(certificate, update.header.author)
          : Result<model::PersonaKey, update::UpdateError>{log->root(head->root).persona};
  if (!persona) return Failure{Refusal::no_certificate};
  if (!update::may_write(ledger_.membership.role(*persona)) ||
      !ledger_.membership.ends_of(update.header.author).empty())
    return Failure{Refusal::not_allowed};
  update.signature = update::sign(update.header, key);
  HEARTH_TRY(const Accepted accepted, add(VerifiedUpdate::trusted(update), certificate));
  HEARTH_ASSERT(accepted == Accepted::added);
  return update;
}

Result<Bytes, Refusal> Replica::checkpoint(const crypto::Ed25519PrivateKey& home, Timestamp now) {
  HEARTH_CHECK(advance(now));
  const auto& membership = ledger_.membership;
  if (membership.empty() || update::author_of(home.public_key()) != membership.home())
    return Failure{Refusal::not_allowed};
  if (is_unproved()) return Failure{Refusal::incomplete};
  const auto& chain = ledger_.checkpoints.chain();
  // What the one before covers and this one doesn't would become void as it grows old.
  if (!chain.empty() && !ledger_.is_complete(chain.size() - 1)) return Failure{Refusal::incomplete};
  update::Checkpoint checkpoint{.space = membership.space(),
                                .number = chain.size() + 1,
                                .membership = membership.head(),
                                .time = static_cast<std::uint64_t>(now_.ms)};
  if (!chain.empty()) {
    checkpoint.prev = chain.back().id;
    if (chain.back().checkpoint.time > checkpoint.time) return Failure{Refusal::inconsistent};
  }
  for (const crdt::AuthorNumber author : ledger_.authors_by_key()) {
    const AuthorLog& log = *ledger_.find_log(author);
    const auto last = last_counting(log);
    if (!last) return Failure{Refusal::inconsistent};
    // Of an author of whom nothing counts nothing is said: strangers would fill it.
    if (*last == nullptr) continue;
    checkpoint.heads.push_back({authors().key(author), (*last)->seq, (*last)->id});
  }
  HEARTH_TRY(
      checkpoint.digest,
      digest_at_checkpoint(checkpoint.heads, {.ms = static_cast<std::int64_t>(checkpoint.time)}));
  Bytes statement = update::sign(checkpoint, home);
  HEARTH_CHECK(add_checkpoint(statement));
  return statement;
}

Status Replica::status() const {
  Status status{.held = held_count_ + statements_.size(),
                .deferred = deferred_.size(),
                .cached_nodes = nodes_.size(),
                .purged_checkpoints = purged_.size(),
                .unproved = is_unproved()};
  for (const crdt::AuthorNumber author : ledger_.authors_by_key()) {
    const AuthorLog& log = *ledger_.find_log(author);
    ++status.authors;
    if (log.is_forked()) ++status.forked_authors;
    status.updates += log.size();
    for (const Record* record : log.records())
      if (record->counts) ++status.counting;
  }
  return status;
}

std::vector<Changed> Replica::take_changes() {
  std::vector<Changed> taken{changes_.begin(), changes_.end()};
  changes_.clear();
  return taken;
}

std::vector<update::ForkProof> Replica::take_forks() {
  return std::exchange(forks_, {});
}

}  // namespace hearth::replica
