// How machines meet. The simulator's own way, and no protocol: heads, then what is missing.

#include <algorithm>

#include <hearth/simulator/machine.h>

namespace hearth::simulator {

using ledger::BodyState;
using ledger::Record;
using replica::Accepted;
using replica::Refusal;

std::vector<std::pair<model::Bytes32, Bytes>> Machine::statements(char table) const {
  std::vector<std::pair<model::Bytes32, Bytes>> found;
  const auto range = graph_store::prefix_range(std::string{"s/"} + table);
  (void)disk_->scan(range, [&](std::string_view key, BytesView value) {
    const auto id = model::id_from<model::EntryId>(as_bytes(key.substr(key.size() - 32)));
    found.emplace_back(id->value(), to_bytes(value));
    return true;
  });
  return found;
}

Greeting Machine::greet() {
  Greeting greeting;
  const ledger::Ledger& ledger = replica_->ledger();
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    auto& known = greeting.known[ledger.authors.key(author)];
    const auto add = [&](const Record& record) {
      known.push_back({ledger.authors.key(author), record.seq, record.id});
    };
    for (const Record* head : log.heads()) {
      add(*head);
      for (std::uint64_t step = 1; step < head->seq; step *= 2)
        if (const Record* older = log.ancestor(*head, head->seq - step)) add(*older);
    }
    for (const Record* record : log.records())
      if (record->body == BodyState::absent)
        greeting.without_body.push_back({ledger.authors.key(author), record->seq, record->id});
  }
  for (const char table : {'e', 'k'})
    for (const auto& [id, statement] : statements(table)) greeting.statements.insert(id);
  greeting.wants_whole = replica_->status().unproved;
  return greeting;
}

LetterPtr Machine::letter_of(const Record& record) {
  auto update = replica_->update_of(record);
  if (!update) {
    kept(false, update.error());
    return nullptr;
  }
  if (update->header.id() != record.id) {
    run_.fail("machine", number_, "spreads what is damaged:", record.id);
    return nullptr;
  }
  Bytes certificate;
  if (record.seq == 1) {
    auto read = replica_->certificate_of(record);
    if (!read) {
      kept(false, read.error());
      return nullptr;
    }
    certificate = std::move(*read);
  }
  return std::make_shared<const Letter>(std::move(*update), std::move(certificate));
}

Parcel Machine::answer(const Greeting& greeting, std::size_t max_updates) {
  Parcel parcel;
  // Whoever is not sure of what it has gives no whole space away.
  const bool may_give_whole = !replica_->status().unproved;
  parcel.is_whole = greeting.wants_whole && may_give_whole;
  for (const char table : {'e', 'k'})
    for (auto& [id, statement] : statements(table))
      if (!greeting.statements.contains(id) && !unsynced_.contains(id))
        (table == 'e' ? parcel.entries : parcel.checkpoints).push_back(std::move(statement));

  const ledger::Ledger& ledger = replica_->ledger();
  std::vector<const Record*> missing;
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    std::set<const Record*> theirs;
    std::uint64_t on_line = 0;  // theirs on this log's line, with all below
    if (const auto known = greeting.known.find(ledger.authors.key(author));
        known != greeting.known.end())
      for (const update::Position& position : known->second)
        for (const Record* record = log.find(position.seq, position.id);
             record != nullptr && theirs.insert(record).second; record = record->parent)
          if (record->on_line) on_line = std::max(on_line, record->seq);
    std::uint64_t before = on_line;
    for (const Record* record : log.records()) {
      if (theirs.contains(record) || unsynced_.contains(record->id.value())) continue;
      if (record->on_line && record->seq <= on_line) continue;
      // They would wait for what went here.
      if (record->on_line && record->seq > before + 1 && may_give_whole) parcel.is_whole = true;
      if (record->on_line) before = record->seq;
      missing.push_back(record);
    }
  }
  if (parcel.is_whole) return whole();
  for (const update::Position& position : greeting.without_body) {
    const auto author = ledger.authors.find(position.author);
    const ledger::AuthorLog* log = author ? ledger.find_log(*author) : nullptr;
    const Record* record = log == nullptr ? nullptr : log->find(position.seq, position.id);
    if (record != nullptr && record->body != BodyState::absent) missing.push_back(record);
  }
  for (const Record* record : missing) {
    if (parcel.updates.size() == max_updates) break;
    LetterPtr letter = letter_of(*record);
    if (letter == nullptr) break;  // and perhaps there is no replica any more
    parcel.updates.push_back(std::move(letter));
  }
  return parcel;
}

// Entries, checkpoints, and each log from its first update on.
Parcel Machine::whole() {
  Parcel parcel{.updates = {}, .entries = {}, .checkpoints = {}, .is_whole = true};
  for (const char table : {'e', 'k'})
    for (auto& [id, statement] : statements(table))
      if (!unsynced_.contains(id))
        (table == 'e' ? parcel.entries : parcel.checkpoints).push_back(std::move(statement));
  const ledger::Ledger& ledger = replica_->ledger();
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    for (const Record* record : ledger.find_log(author)->records()) {
      if (unsynced_.contains(record->id.value())) continue;
      LetterPtr letter = letter_of(*record);
      if (letter == nullptr) return {};
      parcel.updates.push_back(std::move(letter));
    }
  }
  return parcel;
}

Parcel Machine::take_news() {
  return {.updates = std::exchange(news_, {}), .entries = {}, .checkpoints = {}, .is_whole = false};
}

std::size_t Machine::take(const Parcel& parcel) {
  if (parcel.is_whole)
    return replica_->ledger().authors_by_key().empty() ? load_here(parcel) : load_anew(parcel);
  std::size_t taken = take_statements(parcel.entries, true);
  if (is_up()) taken += take_statements(parcel.checkpoints, false);
  for (const LetterPtr& letter : parcel.updates) {
    if (!is_up()) break;
    taken += take_update(letter, false);
  }
  return taken;
}

std::size_t Machine::take_statements(const std::vector<Bytes>& statements, bool are_entries) {
  std::size_t taken = 0;
  for (const Bytes& statement : statements) {
    if (!is_up()) break;
    const auto added =
        are_entries ? replica_->add_entry(statement) : replica_->add_checkpoint(statement);
    if (!added) {
      run_.count("statements refused");
      kept(false, added.error());
    } else if (*added == Accepted::added) {
      ++taken;
    }
  }
  return taken;
}

std::size_t Machine::take_update(const LetterPtr& letter, bool is_kept) {
  const update::Header& header = letter->update.header;
  if (deaf_to_ == header.author) return 0;
  const auto id = header.id();
  const ledger::Ledger& ledger = replica_->ledger();
  if (const auto author = ledger.authors.find(header.author)) {
    const ledger::AuthorLog* log = ledger.find_log(*author);
    const Record* held = log == nullptr ? nullptr : log->find(header.seq, id);
    if (held != nullptr && (held->body != BodyState::absent || !letter->update.body)) return 0;
  }

  LetterPtr& verified = run_.verified[id];
  std::optional<update::VerifiedUpdate> update;
  if (!run_.checks_signatures || (verified && verified->update == letter->update)) {
    update = update::VerifiedUpdate::trusted(letter->update);
  } else if (auto checked = run_.verifier.verify(letter->update)) {
    update = std::move(*checked);
    if (!verified || letter->update.body) verified = letter;
  } else {
    run_.count("updates refused: signature or hash");
    return 0;
  }

  const auto added = is_kept ? replica_->add_kept(std::move(*update), letter->certificate)
                             : replica_->add(std::move(*update), letter->certificate);
  if (!added) {
    switch (added.error()) {
      case Refusal::wrong_space:
        run_.count("updates refused: another space");
        break;
      case Refusal::no_certificate:
        run_.count("updates refused: certificate");
        break;
      case Refusal::full:
        run_.count("updates refused: too much is held back");
        break;
      case Refusal::unwelcome:
        run_.count("updates refused: too much counts nowhere");
        break;
      default:
        kept(false, added.error());
        break;
    }
    return 0;
  }
  if (*added == Accepted::held) run_.count("updates held back");
  if (*added != Accepted::added) return 0;
  run_.count("updates taken");
  added_.push_back(letter);
  return 1;
}

}  // namespace hearth::simulator
