#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crypto/sha2.h>
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
//   d, x                  a companion's: graph_index/indexes.cpp
//   y                     a companion's records may be wrong: nodes were written without it

namespace hearth::replica {

using codec::CborReader;
using codec::CborWriter;
using graph_store::StoreError;
using ledger::BodyState;
using ledger::Record;

namespace {

constexpr std::uint64_t schema_version = 1;

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
  if (record.parent != nullptr) return record.parent->id.value();
  return ledger_.find_log(record.author)->root(record.root).certificate_hash;
}

void Replica::store_record(const Record& record, const Stored& stored) {
  CborWriter writer;
  writer.array(9).bytes(record.id.value());
  // On the line it is the id of the one before.
  writer.bytes(record.on_line && record.seq > 1 ? BytesView{} : BytesView{prev_of(record)});
  writer.uint(entry_number(record.membership)).uint(stored.epoch).uint(record.bytes);
  writer.uint(static_cast<std::uint64_t>(record.body));
  if (record.body == BodyState::good) {
    model::write(writer, record.stamp);
  } else {
    writer.null();
  }
  writer.bytes(stored.signature);
  if (stored.body) {
    writer.bytes(*stored.body);
  } else {
    writer.array(1).bytes(stored.body_hash);
  }
  store_new_authors();
  pending_[record_key(record)] = writer.take();
}

namespace {

struct StoredRecord {
  model::UpdateId id;
  std::optional<model::Bytes32> prev;
  std::uint64_t membership = 0, epoch = 0, bytes = 0;
  BodyState state = BodyState::absent;
  model::Stamp stamp;
  BytesView signature;
  std::optional<BytesView> body;
  BytesView body_hash;
};

Result<StoredRecord, codec::CborError> parse(BytesView bytes) {
  CborReader reader{bytes};
  StoredRecord record;
  HEARTH_CHECK(reader.array(9));
  HEARTH_TRY(const BytesView id, reader.bytes(32));
  record.id = *model::id_from<model::UpdateId>(id);
  HEARTH_TRY(const BytesView prev, reader.bytes());
  if (const auto known = model::id_from<model::UpdateId>(prev)) record.prev = known->value();
  HEARTH_TRY(record.membership, reader.uint());
  HEARTH_TRY(record.epoch, reader.uint());
  HEARTH_TRY(record.bytes, reader.uint());
  HEARTH_TRY(const std::uint64_t state, reader.uint());
  if (state > static_cast<std::uint64_t>(BodyState::sealed))
    return Failure{codec::CborError::out_of_range};
  record.state = static_cast<BodyState>(state);
  HEARTH_TRY(const codec::CborKind stamp_kind, reader.peek());
  if (stamp_kind == codec::CborKind::null) {
    HEARTH_CHECK(reader.null());
  } else {
    const auto stamp = model::read_stamp(reader);
    if (!stamp) return Failure{codec::CborError::out_of_range};
    record.stamp = *stamp;
  }
  HEARTH_TRY(record.signature, reader.bytes(64));
  HEARTH_TRY(const codec::CborKind body_kind, reader.peek());
  if (body_kind == codec::CborKind::bytes) {
    HEARTH_TRY(record.body, reader.bytes());
  } else {
    HEARTH_CHECK(reader.array(1));
    HEARTH_TRY(record.body_hash, reader.bytes(32));
  }
  HEARTH_CHECK(reader.done());
  return record;
}

}  // namespace

Result<Replica::Stored, Refusal> Replica::load_stored(const Record& record) const {
  HEARTH_TRY(const auto bytes, read(record_key(record)));
  if (!bytes) return Failure{Refusal::store};
  const auto parsed = parse(*bytes);
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
  const auto parsed = parse(*bytes);
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
  if (dirty_.empty() && pending_.empty()) return last_ticket_;
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
  const Bytes meta =
      CborWriter{}.array(3).uint(schema_version).integer(now_.ms).uint(purged_.size()).take();
  batch.put(key('m', {}), meta);
  if (std::exchange(damaged_, false) && options_.companion != nullptr)
    options_.companion->distrust(batch);
  const auto written = store_.write(batch);
  if (!written) return Failure{Refusal::store};
  pending_.clear();
  dirty_.clear();
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
  HEARTH_CHECK(commit());
  bool sound = true;
  const std::size_t skipped = prefix_.size() + 1;
  HEARTH_CHECK(kept(store_.scan(
      graph_store::prefix_range(key('n', {})), [&](std::string_view place, BytesView value) {
        CborReader reader{value};
        auto node = Result<crdt::Node, crdt::StateError>{Failure{crdt::StateError::malformed}};
        if (reader.array(2))
          node = crdt::Node::read({reader, ledger_.authors, crdt::Names::numbers});
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

namespace {

// The head of an array of that many items.
Bytes array_head(std::uint64_t items) {
  Bytes head;
  Writer writer{head};
  if (items < 24) {
    writer.u8(static_cast<std::uint8_t>(0x80 | items));
  } else if (items <= 0xff) {
    writer.u8(0x98);
    writer.u8(static_cast<std::uint8_t>(items));
  } else if (items <= 0xffff) {
    writer.u8(0x99);
    writer.u16_be(static_cast<std::uint16_t>(items));
  } else if (items <= 0xffffffff) {
    writer.u8(0x9a);
    writer.u32_be(static_cast<std::uint32_t>(items));
  } else {
    writer.u8(0x9b);
    writer.u64_be(items);
  }
  return head;
}

Bytes node_item(std::string_view soul, const crdt::Node& node, const crdt::Authors& authors) {
  CborWriter writer;
  writer.array(3).text(soul);
  node.write({writer, authors, crdt::Names::keys});
  return writer.take();
}

// Everything before the nodes.
Bytes state_head(const model::EntryId& membership,
                 const std::optional<model::CheckpointId>& checkpoint, std::uint64_t nodes) {
  Bytes head = array_head(4);
  append(head, CborWriter{}.uint(1).take());
  append(head, CborWriter{}.bytes(membership.value()).take());
  append(head,
         checkpoint ? CborWriter{}.bytes(checkpoint->value()).take() : CborWriter{}.null().take());
  append(head, array_head(nodes));
  return head;
}

}  // namespace

Result<Bytes, Refusal> Replica::canonical_state() {
  std::uint64_t count = 0;
  Bytes nodes;
  HEARTH_CHECK(visit_nodes([&](std::string_view soul, const crdt::Node& node) {
    ++count;
    append(nodes, node_item(soul, node, authors()));
  }));
  const auto& chain = ledger_.checkpoints.chain();
  Bytes state =
      state_head(ledger_.membership.empty() ? model::EntryId{} : ledger_.membership.head(),
                 chain.empty() ? std::nullopt : std::optional{chain.back().id}, count);
  append(state, nodes);
  return state;
}

Result<model::Bytes32, Refusal> Replica::digest() {
  HEARTH_TRY(const Bytes state, canonical_state());
  return update::hash_of(state);
}

// As the state will be once the checkpoint is purged, without changing it.
Result<model::Bytes32, Refusal> Replica::digest_at_checkpoint(
    const std::vector<update::Position>& heads, Timestamp time) {
  class FatesThen final : public crdt::Fates {
   public:
    FatesThen(const Replica& replica, const std::vector<update::Position>& heads)
        : replica_(replica), heads_(heads) {}
    [[nodiscard]] bool is_void(crdt::AuthorNumber author, std::uint64_t seq) const override {
      return replica_.is_void(author, seq) || is_covered(author, seq);
    }
    [[nodiscard]] bool is_covered(crdt::AuthorNumber author, std::uint64_t seq) const override {
      const auto found = std::ranges::lower_bound(heads_, replica_.authors().key(author), {},
                                                  &update::Position::author);
      return found != heads_.end() && found->author == replica_.authors().key(author) &&
             seq <= found->seq;
    }

   private:
    const Replica& replica_;
    const std::vector<update::Position>& heads_;
  };
  const FatesThen fates{*this, heads};
  const auto horizon =
      model::Stamp::create(static_cast<double>(time.ms) - update::purge_horizon_ms);
  std::uint64_t count = 0;
  Bytes nodes;
  HEARTH_CHECK(visit_nodes([&](std::string_view soul, const crdt::Node& node) {
    crdt::Node purged = node;
    purged.adopt(fates);
    if (horizon) purged.purge(*horizon, fates);
    if (purged.empty()) return;
    ++count;
    append(nodes, node_item(soul, purged, authors()));
  }));
  const auto& chain = ledger_.checkpoints.chain();
  Bytes state = state_head(ledger_.membership.head(),
                           chain.empty() ? std::nullopt : std::optional{chain.back().id}, count);
  append(state, nodes);
  return update::hash_of(state);
}

// --- loading ---

Result<std::unique_ptr<Replica>, StoreError> Replica::open(graph_store::Store& store,
                                                           std::string prefix,
                                                           const model::SpaceId& space,
                                                           Timestamp now, const Options& options) {
  std::unique_ptr<Replica> replica{new Replica{store, std::move(prefix), space, options}};
  HEARTH_CHECK(replica->load());
  // A purge that was cut short goes on, whatever the time.
  if (!replica->advance(now) || !replica->purge_when_complete())
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

  HEARTH_TRY(const auto meta, store_.get(key('m', {})));
  if (!meta) return Unit{};
  CborReader reader{*meta};
  const bool is_meta = reader.array(3).has_value();
  const auto version = reader.uint();
  const auto time = reader.integer();
  const auto purged = reader.uint();
  if (!is_meta || version != schema_version || !time || !purged)
    return Failure{StoreError::corrupt};
  now_.ms = *time;

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
  if (*purged > ledger_.checkpoints.chain().size()) return Failure{StoreError::corrupt};
  for (std::size_t i = 0; i < *purged; ++i) purged_.push_back(ledger_.checkpoints.chain()[i].id);

  HEARTH_CHECK(scan_all('i', [&](std::string_view, BytesView value) {
    const auto id = model::id_from<model::EntryId>(value);
    if (!id) return false;
    entry_numbers_.emplace(*id, entry_ids_.size());
    entry_ids_.push_back(*id);
    return true;
  }));
  HEARTH_CHECK(scan_all('u', [&](std::string_view place, BytesView value) {
    return load_record(place, value).has_value();
  }));
  HEARTH_CHECK(scan_all('f', [&](std::string_view soul, BytesView) {
    fated_.emplace(soul);
    return true;
  }));
  for (Record* record : all_records()) {
    record->counts = ledger_.judge(*record) == ledger::Verdict::counts;
    if (!record->counts) continue;
    record->applied = record->stamp <= model::Stamp::at(now_);
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
  const auto parsed = parse(value);
  if (!author || !seq || *seq == 0 || *author >= authors().size() || !parsed ||
      parsed->membership >= entry_ids_.size())
    return Failure{StoreError::corrupt};
  ledger::AuthorLog& log = ledger_.log(*author);
  Record record{.id = parsed->id,
                .seq = *seq,
                .bytes = parsed->bytes,
                .membership = entry_ids_[parsed->membership],
                .stamp = parsed->stamp,
                .body = parsed->state};
  if (*seq == 1) {
    const auto root = parsed->prev ? log.root_of(*parsed->prev) : std::nullopt;
    if (!root) return Failure{StoreError::corrupt};
    record.root = *root;
  } else {
    record.parent =
        parsed->prev ? log.find(*seq - 1, model::UpdateId{*parsed->prev}) : log.on_line(*seq - 1);
    if (record.parent == nullptr) return Failure{StoreError::corrupt};
    record.root = record.parent->root;
  }
  log.add(record);
  return Unit{};
}

}  // namespace hearth::replica
