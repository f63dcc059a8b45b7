#include <algorithm>

#include "schema.h"
#include "stored_record.h"
#include <hearth/base/assert.h>
#include <hearth/replica/replica.h>
#include <hearth/update/certificate.h>

// Keys below the prefix, by their first letter:
//   m                     the schema, the time shown, how many checkpoints are purged
//   a number:4            an author's key
//   c number:4 hash:32    a certificate
//   e seq:8 id            a signed membership entry
//   i number:8            an entry's id, as updates name it
//   k number:8 id         a signed checkpoint
//   u number:4 seq:8 [id] an update; with its id where it is not on its author's line
//   n soul                a node
//   f soul                a node with lists that depend on verdicts
//   s                     while a sweep is under way: the soul to go on with
//   r                     the checkpoint that vouches for gaps in logs below it
//   w number:4 seq:8      an update that was written anew, and the seq it has now
//   v                     how far an upgrade came: schema.cpp
//   d, x                  a companion's: graph_index/indexes.cpp
//   y                     a companion's records may be wrong: nodes were written without it

namespace hearth::replica {

using codec::CborReader;
using codec::CborWriter;
using graph_store::StoreError;
using ledger::BodyState;
using ledger::Record;

namespace {

Result<Unit, Refusal> kept(const Result<Unit, StoreError>& done) {
  if (!done) return Failure{Refusal::store};
  return Unit{};
}

std::string number_text(crdt::AuthorNumber number) {
  Bytes bytes;
  Writer{bytes}.u32_be(number);
  return to_text(bytes);
}

}  // namespace

std::string Replica::key(char table, std::string_view rest) const {
  std::string whole = prefix_;
  whole += table;
  whole += rest;
  return whole;
}

std::string Replica::record_key(const Record& record) const {
  Bytes rest;
  Writer writer{rest};
  writer.u32_be(record.author);
  writer.u64_be(record.seq);
  if (!record.on_line) writer.bytes(record.id.value());
  return key('u', as_text(rest));
}

Result<std::optional<Bytes>, Refusal> Replica::read(const std::string& key) const {
  if (const auto written = pending_.find(key); written != pending_.end()) return written->second;
  auto stored = store_.get(key);
  if (!stored) return Failure{Refusal::store};
  return std::move(*stored);
}

model::Bytes32 Replica::prev_of(const Record& record) const {
  return ledger_.find_log(record.author)->prev_of(record);
}

// On the line, `prev` is the id of the one before; with a good body, `bytes` is the sum of that
// one's and the body's, and the stamp is in the body.
void Replica::store_record(const Record& record, const Stored& stored) {
  const bool follows = record.on_line && record.parent != nullptr;
  const bool adds_up =
      follows && stored.body && record.bytes == record.parent->bytes + stored.body->size();
  StoredRecord to{.state = record.body,
                  .membership = entry_number(record.membership),
                  .epoch = stored.epoch,
                  .id = record.id,
                  .signature = stored.signature,
                  .body = stored.body,
                  .body_hash = stored.body_hash};
  if (!adds_up) to.bytes = record.bytes;
  if (!follows) to.prev = prev_of(record);
  store_new_authors();
  pending_[record_key(record)] = to.encode();
}

namespace {

// A good body's, from its beginning: [1, state, …].
std::optional<model::Stamp> stamp_of(BytesView body) {
  CborReader reader{body};
  if (!reader.array(5) || !reader.uint()) return std::nullopt;
  const auto stamp = model::read_stamp(reader);
  if (!stamp) return std::nullopt;
  return *stamp;
}

}  // namespace

Result<Replica::Stored, Refusal> Replica::load_stored(const Record& record) const {
  HEARTH_TRY(const auto bytes, read(record_key(record)));
  if (!bytes) return Failure{Refusal::store};
  const auto parsed = StoredRecord::parse(*bytes);
  if (!parsed || parsed->id != record.id) return Failure{Refusal::store};
  Stored stored{.epoch = parsed->epoch};
  std::ranges::copy(parsed->signature, stored.signature.begin());
  if (parsed->body) {
    stored.body = to_bytes(*parsed->body);
    stored.body_hash = update::hash_of(*stored.body);
  } else {
    std::ranges::copy(parsed->body_hash, stored.body_hash.begin());
  }
  return stored;
}

Result<update::Body, Refusal> Replica::body_of(const Record& record) const {
  HEARTH_TRY(const auto bytes, read(record_key(record)));
  if (!bytes) return Failure{Refusal::store};
  const auto parsed = StoredRecord::parse(*bytes);
  if (!parsed || !parsed->body) return Failure{Refusal::store};
  auto body = update::Body::decode(*parsed->body, authors().key(record.author));
  if (!body) return Failure{Refusal::store};
  return std::move(*body);
}

Result<update::Update, Refusal> Replica::update_of(const Record& record) const {
  HEARTH_TRY(Stored stored, load_stored(record));
  return update::Update{.header = {.space = ledger_.membership.space(),
                                   .author = authors().key(record.author),
                                   .seq = record.seq,
                                   .prev = prev_of(record),
                                   .membership = record.membership,
                                   .epoch = stored.epoch,
                                   .bytes = record.bytes,
                                   .body = stored.body_hash},
                        .signature = stored.signature,
                        .body = std::move(stored.body)};
}

Result<Bytes, Refusal> Replica::certificate_of(const Record& record) const {
  const auto& root = ledger_.find_log(record.author)->root(record.root);
  HEARTH_TRY(auto bytes, read(key('c', number_text(record.author) +
                                           std::string{as_text(root.certificate_hash)})));
  if (!bytes) return Failure{Refusal::store};
  return std::move(*bytes);
}

// Keys that others' operations name get numbers, too, as nodes may be stored with them.
void Replica::store_new_authors() {
  for (; stored_authors_ < authors().size(); ++stored_authors_) {
    const auto number = static_cast<crdt::AuthorNumber>(stored_authors_);
    pending_[key('a', number_text(number))] = to_bytes(authors().key(number).value());
  }
}

std::uint64_t Replica::entry_number(const model::EntryId& id) {
  const auto [place, added] = entry_numbers_.try_emplace(id, entry_ids_.size());
  if (added) {
    Bytes number;
    Writer{number}.u64_be(entry_ids_.size());
    pending_[key('i', as_text(number))] = to_bytes(id.value());
    entry_ids_.push_back(id);
  }
  return place->second;
}

std::optional<Bytes> Replica::encoded(const crdt::Node& node) const {
  if (node.empty()) return std::nullopt;
  CborWriter writer;
  writer.array(2);
  node.write({writer, authors(), crdt::Names::numbers});
  return writer.take();
}

std::optional<crdt::Node> Replica::decoded(BytesView stored) {
  CborReader reader{stored};
  if (!reader.array(2)) return std::nullopt;
  auto node = crdt::Node::read({reader, ledger_.authors, crdt::Names::numbers});
  if (!node || !reader.done()) return std::nullopt;
  return std::move(*node);
}

void Replica::put_companions(graph_store::Batch& batch, const Soul& soul, Slot& slot) {
  const std::vector<std::string> records = options_.companion->records_of(soul, slot.node);
  for (const std::string& record : slot.records)
    if (!std::ranges::binary_search(records, record)) batch.erase(record);
  for (const std::string& record : records)
    if (!std::ranges::binary_search(slot.records, record)) batch.put(record, {});
  slot.records.clear();
}

Result<graph_store::Ticket, Refusal> Replica::commit() {
  store_new_authors();
  if (dirty_.empty() && pending_.empty() && stored_purges_ == purged_.size()) return last_ticket_;
  graph_store::Batch batch;
  for (const Soul& soul : dirty_) {
    Slot& slot = nodes_.at(soul);
    slot.is_dirty = false;
    if (options_.companion != nullptr) put_companions(batch, soul, slot);
    if (const auto bytes = encoded(slot.node)) {
      batch.put(key('n', soul), *bytes);
    } else {
      batch.erase(key('n', soul));
    }
  }
  for (const auto& [place, value] : pending_) {
    if (value) {
      batch.put(place, *value);
    } else {
      batch.erase(place);
    }
  }
  batch.put(key('m', {}), Meta{.time_ms = now_.ms, .purged = purged_.size()}.encode());
  if (std::exchange(damaged_, false) && options_.companion != nullptr)
    options_.companion->distrust(batch);
  const auto written = store_.write(batch);
  if (!written) return Failure{Refusal::store};
  pending_.clear();
  dirty_.clear();
  stored_purges_ = purged_.size();
  last_ticket_ = *written;
  // Everything is clean now, and comes back from the store when it is wanted.
  if (nodes_.size() > options_.max_cached_nodes) nodes_.clear();
  return last_ticket_;
}

Result<Unit, Refusal> Replica::souls(std::string_view from,
                                     const std::function<bool(std::string_view)>& visit) {
  HEARTH_CHECK(commit());
  graph_store::Range range = graph_store::prefix_range(key('n', {}));
  range.from = key('n', from);
  const std::size_t skipped = prefix_.size() + 1;
  return kept(store_.scan(
      range, [&](std::string_view place, BytesView) { return visit(place.substr(skipped)); }));
}

Result<Unit, Refusal> Replica::visit_nodes(
    const std::function<void(std::string_view, const crdt::Node&)>& visit) {
  HEARTH_CHECK(finish_sweep());
  HEARTH_CHECK(commit());
  bool sound = true;
  const std::size_t skipped = prefix_.size() + 1;
  HEARTH_CHECK(kept(store_.scan(graph_store::prefix_range(key('n', {})),
                                [&](std::string_view place, BytesView value) {
                                  const auto node = decoded(value);
                                  sound = node.has_value();
                                  if (sound) visit(place.substr(skipped), *node);
                                  return sound;
                                })));
  if (!sound) return Failure{Refusal::store};
  return Unit{};
}

Result<Unit, Refusal> Replica::statements(const std::function<void(BytesView, bool)>& visit) {
  HEARTH_CHECK(commit());
  for (const char table : {'e', 'k'})
    HEARTH_CHECK(kept(store_.scan(graph_store::prefix_range(key(table, {})),
                                  [&](std::string_view, BytesView statement) {
                                    visit(statement, table == 'e');
                                    return true;
                                  })));
  return Unit{};
}

// --- loading ---

Result<std::unique_ptr<Replica>, StoreError> Replica::open(graph_store::Store& store,
                                                           std::string prefix,
                                                           const model::SpaceId& space,
                                                           Timestamp now, const Options& options) {
  std::unique_ptr<Replica> replica{new Replica{store, std::move(prefix), space, options}};
  HEARTH_CHECK(replica->load());
  // A purge that was cut short goes on, whatever the time.
  if (!replica->advance(now) || !replica->purge_when_complete() ||
      (!options.purge_in_steps && !replica->finish_sweep()))
    return Failure{StoreError::corrupt};
  return replica;
}

Result<Unit, StoreError> Replica::load() {
  bool sound = true;
  const std::size_t skipped = prefix_.size() + 1;
  const auto scan = [&](char table, const auto& visit) {
    return store_.scan(graph_store::prefix_range(key(table, {})),
                       [&](std::string_view place, BytesView value) {
                         sound = visit(place.substr(skipped), value);
                         return sound;
                       });
  };
  const auto scan_all = [&](char table, const auto& visit) -> Result<Unit, StoreError> {
    HEARTH_CHECK(scan(table, visit));
    if (!sound) return Failure{StoreError::corrupt};
    return Unit{};
  };

  HEARTH_CHECK(upgrade(store_, prefix_));
  HEARTH_TRY(const auto stored, store_.get(key('m', {})));
  if (!stored) return Unit{};
  const auto meta = Meta::parse(*stored);
  if (!meta) return Failure{StoreError::corrupt};
  now_.ms = meta->time_ms;

  HEARTH_CHECK(scan_all('a', [&](std::string_view, BytesView value) {
    const auto author = model::id_from<model::AuthorKey>(value);
    return author && ledger_.authors.number(*author) == stored_authors_++;
  }));
  HEARTH_CHECK(scan_all('c', [&](std::string_view place, BytesView value) {
    const auto number = Reader{as_bytes(place)}.u32_be();
    if (!number || *number >= authors().size()) return false;
    const auto persona = update::verify_certificate(value, authors().key(*number));
    if (!persona) return false;
    ledger_.log(*number).add_root(
        {.certificate_hash = update::hash_of(value), .persona = *persona});
    return true;
  }));
  for (const char table : {'e', 'k'})
    HEARTH_CHECK(scan_all(table, [&](std::string_view, BytesView value) {
      return add_to_ledger(value, table == 'e').has_value();
    }));
  pending_.clear();
  if (meta->purged > ledger_.checkpoints.chain().size()) return Failure{StoreError::corrupt};
  for (std::size_t i = 0; i < meta->purged; ++i)
    purged_.push_back(ledger_.checkpoints.chain()[i].id);
  stored_purges_ = purged_.size();
  HEARTH_TRY(const auto unswept, store_.get(key('s', {})));
  if (unswept && purged_.empty()) return Failure{StoreError::corrupt};
  if (unswept) unswept_ = to_text(*unswept);

  HEARTH_CHECK(scan_all('i', [&](std::string_view, BytesView value) {
    const auto id = model::id_from<model::EntryId>(value);
    if (!id) return false;
    entry_numbers_.emplace(*id, entry_ids_.size());
    entry_ids_.push_back(*id);
    return true;
  }));
  HEARTH_TRY(const auto proved, store_.get(key('r', {})));
  if (proved) proved_ = model::id_from<model::CheckpointId>(*proved);
  HEARTH_CHECK(scan_all('w', [&](std::string_view place, BytesView value) {
    Reader at{as_bytes(place)};
    const auto author = at.u32_be();
    const auto seq = at.u64_be();
    const auto now = Reader{value}.u64_be();
    if (author && seq && now) rewritten_[{*author, *seq}] = *now;
    return author && seq && now;
  }));
  HEARTH_CHECK(scan_all('u', [&](std::string_view place, BytesView value) {
    return load_record(place, value).has_value();
  }));
  HEARTH_CHECK(scan_all('f', [&](std::string_view soul, BytesView) {
    fated_.emplace(soul);
    return true;
  }));
  ledger_.rank();
  for (Record* record : all_records()) {
    record->counts = ledger_.judge(*record) == ledger::Verdict::counts;
    if (!record->counts) continue;
    record->applied = record->stamp.is_reached(now_);
    if (record->applied) {
      clock_.witness(record->stamp);
    } else {
      deferred_.emplace(record->stamp, record);
    }
  }
  for (const crdt::AuthorNumber author : ledger_.authors_by_key())
    if (ledger_.find_log(author)->is_forked()) flagged_.insert(author);
  // Somebody else's records will not follow what this one writes.
  if (options_.companion == nullptr)
    HEARTH_CHECK(scan('d', [&](std::string_view, BytesView) {
      pending_[key('y', {})] = Bytes{};
      return false;
    }));
  return Unit{};
}

Result<Unit, StoreError> Replica::load_record(std::string_view place, BytesView value) {
  Reader reader{as_bytes(place)};
  const auto author = reader.u32_be();
  const auto seq = reader.u64_be();
  const auto parsed = StoredRecord::parse(value);
  if (!author || !seq || *seq == 0 || *author >= authors().size() || !parsed ||
      parsed->membership >= entry_ids_.size())
    return Failure{StoreError::corrupt};
  ledger::AuthorLog& log = ledger_.log(*author);
  Record record{.id = parsed->id,
                .seq = *seq,
                .bytes = parsed->bytes.value_or(0),
                .membership = entry_ids_[parsed->membership],
                .body = parsed->state};
  if (record.body == BodyState::good) {
    const auto stamp = parsed->body ? stamp_of(*parsed->body) : std::nullopt;
    if (!stamp) return Failure{StoreError::corrupt};
    record.stamp = *stamp;
  }
  if (*seq == 1) {
    const auto root = parsed->prev ? log.root_of(*parsed->prev) : std::nullopt;
    if (!root) return Failure{StoreError::corrupt};
    record.root = *root;
  } else {
    const bool on_line = reader.empty();  // no id in its key
    record.parent = parsed->prev && !on_line ? log.find(*seq - 1, model::UpdateId{*parsed->prev})
                                             : log.on_line(*seq - 1);
    if (record.parent == nullptr && on_line && parsed->prev && log.head() != nullptr &&
        *seq > log.head()->seq + 1 && !log.is_forked()) {
      has_gaps_ = true;
      log.add_after_gap(record, *parsed->prev);
      return Unit{};
    }
    if (record.parent == nullptr || on_line == parsed->prev.has_value())
      return Failure{StoreError::corrupt};
    record.root = record.parent->root;
  }
  if (!parsed->bytes) {
    if (record.parent == nullptr || !parsed->body) return Failure{StoreError::corrupt};
    record.bytes = record.parent->bytes + parsed->body->size();
  }
  log.add(record);
  return Unit{};
}

}  // namespace hearth::replica
