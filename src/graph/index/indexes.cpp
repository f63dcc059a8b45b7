#include <algorithm>

#include <hearth/base/bytes.h>
#include <hearth/codec/cbor.h>
#include <hearth/graph_index/indexes.h>
#include <hearth/graph_index/value_key.h>
#include <hearth/replica/replica.h>

// Keys below the replica's prefix, beside its own:
//   d number:4             a definition, and how far it is built
//   x number:4 value soul  a row: no value
//   y                      rows may be wrong

namespace hearth::graph_index {

using codec::CborReader;
using codec::CborWriter;
using graph_store::Batch;
using graph_store::Range;
using graph_store::StoreError;

namespace {

constexpr std::uint64_t version = 1;
constexpr std::size_t max_name_size = 64;

std::string number_text(std::uint32_t number) {
  Bytes bytes;
  Writer{bytes}.u32_be(number);
  return to_text(bytes);
}

// What is shown of a property, one by one.
void visit_shown(const crdt::Property& property, const auto& visit) {
  const auto kind = property.kind();
  if (!kind) return;
  switch (*kind) {
    case crdt::Kind::value:
      return visit(property.value->value);
    case crdt::Kind::counter:
      return visit(model::Value{static_cast<double>(property.counter->total().clamped())});
    case crdt::Kind::set:
      for (const crdt::Set::Element& element : property.set->elements()) visit(element.value);
      return;
    case crdt::Kind::list:
      return;
  }
}

}  // namespace

// --- queries ---

Query Query::exactly(model::Value value) {
  return Query{}.from(value).to(std::move(value));
}
Query Query::starting_with(model::Value beginning) {
  Query query;
  query.prefix_ = std::move(beginning);
  return query;
}
Query& Query::from(model::Value lowest) {
  from_ = {std::move(lowest), true};
  return *this;
}
Query& Query::above(model::Value lower) {
  from_ = {std::move(lower), false};
  return *this;
}
Query& Query::to(model::Value highest) {
  to_ = {std::move(highest), true};
  return *this;
}
Query& Query::below(model::Value higher) {
  to_ = {std::move(higher), false};
  return *this;
}
Query& Query::descending() {
  descending_ = true;
  return *this;
}
Query& Query::limit(std::size_t hits) {
  limit_ = std::clamp<std::size_t>(hits, 1, max_limit);
  return *this;
}
Query& Query::after(std::string cursor) {
  after_ = std::move(cursor);
  return *this;
}

// --- definitions ---

Result<std::unique_ptr<Indexes>, StoreError> Indexes::open(graph_store::Store& store,
                                                           std::string prefix) {
  std::unique_ptr<Indexes> indexes{new Indexes{store, std::move(prefix)}};
  HEARTH_CHECK(indexes->load());
  return indexes;
}

Result<Unit, StoreError> Indexes::load() {
  bool sound = true;
  const std::string table = prefix_ + 'd';
  HEARTH_CHECK(
      store_.scan(graph_store::prefix_range(table), [&](std::string_view key, BytesView value) {
        const auto number = Reader{as_bytes(key.substr(table.size()))}.u32_be();
        CborReader reader{value};
        const bool shaped = reader.array(6).has_value() && reader.uint() == version;
        const auto name = reader.text();
        const auto property = reader.text();
        const auto soul_prefix = reader.text();
        const auto phase = reader.uint();
        const auto from = reader.text();
        sound = number && shaped && name && property && soul_prefix && phase && from &&
                *phase <= static_cast<std::uint64_t>(Phase::dropped) && reader.done();
        if (sound)
          indexes_.emplace(*number, Index{.definition = {std::string{*name}, std::string{*property},
                                                         std::string{*soul_prefix}},
                                          .phase = static_cast<Phase>(*phase),
                                          .from = std::string{*from}});
        return sound;
      }));
  if (!sound) return Failure{StoreError::corrupt};

  HEARTH_TRY(const auto stale, store_.get(prefix_ + 'y'));
  if (!stale) return Unit{};
  Batch batch;
  distrust(batch);
  batch.erase(prefix_ + 'y');
  HEARTH_CHECK(store_.write(batch));
  return Unit{};
}

std::string Indexes::definition_key(Number number) const {
  return prefix_ + 'd' + number_text(number);
}
std::string Indexes::rows_key(Number number) const {
  return prefix_ + 'x' + number_text(number);
}

void Indexes::put(Batch& batch, Number number) const {
  const auto& [definition, phase, from] = indexes_.at(number);
  CborWriter writer;
  writer.array(6).uint(version).text(definition.name).text(definition.property);
  writer.text(definition.soul_prefix).uint(static_cast<std::uint64_t>(phase)).text(from);
  batch.put(definition_key(number), writer.take());
}

std::map<Indexes::Number, Indexes::Index>::iterator Indexes::named(std::string_view name) {
  return std::ranges::find_if(indexes_, [&](const auto& index) {
    return index.second.phase != Phase::dropped && index.second.definition.name == name;
  });
}

Result<Unit, IndexError> Indexes::write(const Batch& batch) {
  if (!store_.write(batch)) return Failure{IndexError::store};
  return Unit{};
}

Result<Unit, IndexError> Indexes::declare(replica::Replica& replica, const Definition& definition) {
  if (definition.name.empty() || definition.name.size() > max_name_size ||
      !is_utf8(as_bytes(definition.name)) || !model::is_property(definition.property) ||
      !(definition.soul_prefix.empty() || model::is_soul(definition.soul_prefix)))
    return Failure{IndexError::bad_definition};
  if (const auto held = named(definition.name); held != indexes_.end()) {
    if (held->second.definition == definition) return Unit{};
    return Failure{IndexError::exists};
  }
  if (indexes_.size() >= max_indexes) return Failure{IndexError::full};
  if (!replica.commit()) return Failure{IndexError::store};
  const Number number = indexes_.empty() ? 0 : indexes_.rbegin()->first + 1;
  indexes_.emplace(number, Index{.definition = definition, .phase = Phase::building, .from = {}});
  Batch batch;
  put(batch, number);
  return write(batch);
}

Result<Unit, IndexError> Indexes::drop(replica::Replica& replica, std::string_view name) {
  const auto index = named(name);
  if (index == indexes_.end()) return Failure{IndexError::unknown};
  if (!replica.commit()) return Failure{IndexError::store};
  index->second.phase = Phase::dropped;
  Batch batch;
  put(batch, index->first);
  return write(batch);
}

std::vector<IndexStatus> Indexes::list() const {
  std::vector<IndexStatus> all;
  for (const auto& [number, index] : indexes_)
    if (index.phase != Phase::dropped)
      all.push_back({.definition = index.definition, .ready = index.phase == Phase::ready});
  std::ranges::sort(all, {}, [](const IndexStatus& status) { return status.definition.name; });
  return all;
}

// --- rows ---

void Indexes::append_rows(std::vector<std::string>& to, Number number, const Index& index,
                          std::string_view soul, const crdt::Node& node) const {
  if (!soul.starts_with(index.definition.soul_prefix)) return;
  const crdt::Property* property = node.find(index.definition.property);
  if (property == nullptr) return;
  visit_shown(*property, [&](const model::Value& value) {
    std::string row = rows_key(number);
    append_value_key(row, value);
    row += soul;
    to.push_back(std::move(row));
  });
}

std::vector<std::string> Indexes::records_of(std::string_view soul, const crdt::Node& node) const {
  std::vector<std::string> rows;
  for (const auto& [number, index] : indexes_)
    if (index.phase != Phase::dropped) append_rows(rows, number, index, soul, node);
  std::ranges::sort(rows);
  return rows;
}

void Indexes::distrust(Batch& batch) {
  for (auto& [number, index] : indexes_) {
    if (index.phase == Phase::dropped) continue;
    index.phase = Phase::clearing;
    index.from.clear();
    put(batch, number);
  }
}

bool Indexes::is_idle() const {
  return std::ranges::all_of(indexes_,
                             [](const auto& index) { return index.second.phase == Phase::ready; });
}

Result<bool, IndexError> Indexes::work(replica::Replica& replica, std::size_t max_records) {
  const auto next = std::ranges::find_if(
      indexes_, [](const auto& index) { return index.second.phase != Phase::ready; });
  if (next == indexes_.end()) return false;
  if (!replica.commit()) return Failure{IndexError::store};
  auto& [number, index] = *next;
  if (index.phase == Phase::building) {
    HEARTH_CHECK(build(replica, number, index, max_records));
  } else {
    HEARTH_CHECK(clear(number, index, max_records));
  }
  return !is_idle();
}

Result<Unit, IndexError> Indexes::clear(Number number, Index& index, std::size_t max_records) {
  Batch batch;
  const auto scanned = store_.scan(graph_store::prefix_range(rows_key(number)),
                                   [&](std::string_view row, BytesView) {
                                     batch.erase(row);
                                     return batch.size() < max_records;
                                   });
  if (!scanned) return Failure{IndexError::store};
  if (batch.size() >= max_records) return write(batch);
  if (index.phase == Phase::dropped) {
    batch.erase(definition_key(number));
    indexes_.erase(number);
  } else {
    index.phase = Phase::building;
    put(batch, number);
  }
  return write(batch);
}

// Commits write the rows of what changes meanwhile, before and behind: a row may be written twice.
Result<Unit, IndexError> Indexes::build(replica::Replica& replica, Number number, Index& index,
                                        std::size_t max_records) {
  const std::string& prefix = index.definition.soul_prefix;
  std::vector<std::string> souls;
  const auto listed = replica.souls(std::max(index.from, prefix), [&](std::string_view soul) {
    if (!soul.starts_with(prefix)) return false;
    souls.emplace_back(soul);
    return souls.size() < max_records;
  });
  if (!listed) return Failure{IndexError::store};
  std::vector<std::string> rows;
  for (const std::string& soul : souls) {
    const auto node = replica.node(soul);
    if (!node) return Failure{IndexError::store};
    if (*node != nullptr) append_rows(rows, number, index, soul, **node);
  }
  if (souls.size() < max_records) {
    index.phase = Phase::ready;
    index.from.clear();
  } else {
    index.from = souls.back() + '\0';
  }
  Batch batch;
  for (const std::string& row : rows) batch.put(row, {});
  put(batch, number);
  return write(batch);
}

// --- answers ---

Result<Page, IndexError> Indexes::find(std::string_view name, const Query& query) const {
  const auto found = const_cast<Indexes*>(this)->named(name);
  if (found == indexes_.end()) return Failure{IndexError::unknown};
  if (found->second.phase != Phase::ready) return Failure{IndexError::not_ready};
  const std::string rows = rows_key(found->first);
  const auto key_of = [&](const model::Value& value) {
    std::string key = rows;
    append_value_key(key, value);
    return key;
  };
  const auto end_of = [](std::string_view beginning) {
    return graph_store::prefix_range(beginning).to;
  };

  Range range = graph_store::prefix_range(rows);
  if (query.prefix_) {
    const auto beginning = prefix_key(*query.prefix_);
    if (!beginning) return Failure{IndexError::bad_query};
    range = graph_store::prefix_range(rows + *beginning);
  }
  if (query.from_) {
    const std::string key = key_of(query.from_->value);
    range.from = query.from_->inclusive ? key : end_of(key);
    if (!query.to_) range.to = end_of(rows + kind_key(query.from_->value));
  }
  if (query.to_) {
    const std::string key = key_of(query.to_->value);
    range.to = query.to_->inclusive ? end_of(key) : key;
    if (!query.from_) range.from = rows + kind_key(query.to_->value);
  }
  if (query.descending_) range.order = Range::Order::descending;
  if (!query.after_.empty()) {
    // A cursor is the row where the page ended, with the index's number.
    const std::string number = rows.substr(rows.size() - sizeof(Number));
    if (!query.after_.starts_with(number)) return Failure{IndexError::bad_query};
    const std::string last = rows + query.after_.substr(number.size());
    if (query.descending_) {
      range.to = std::min(range.to, last);
    } else {
      range.from = std::max(range.from, last + '\0');
    }
  }

  Page page;
  std::string last;
  bool sound = true;
  const auto scanned = store_.scan(range, [&](std::string_view row, BytesView) {
    if (page.hits.size() == query.limit_) {
      page.next = last;
      return false;
    }
    const auto read = read_value_key(row.substr(rows.size()));
    sound = read.has_value();
    if (!sound) return false;
    page.hits.push_back(
        {.soul = std::string{row.substr(rows.size() + read->size)}, .value = read->value});
    last = row.substr(rows.size() - sizeof(Number));
    return true;
  });
  if (!scanned || !sound) return Failure{IndexError::store};
  return page;
}

}  // namespace hearth::graph_index
