#include <algorithm>
#include <bit>
#include <iterator>

#include <hearth/codec/varint.h>
#include <hearth/gun/keys.h>
#include <hearth/gun/nodes.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

namespace {

// The first byte of a node's head.
constexpr std::byte in_one_record{1};
constexpr std::byte spread_out{2};

void append_state(Bytes& to, double state) {
  Writer{to}.u64_be(std::bit_cast<std::uint64_t>(state));
}

/// Entries of a head: the size of the name, times two, plus one when the state is the one before;
/// the name; the state; the size of the JSON text; the text.
void append_entry(Bytes& to, const Held& held, std::optional<double>& state_before) {
  const bool same = state_before == held.state;
  codec::append_uvarint(to, held.name.size() * 2 + (same ? 1 : 0));
  append(to, as_bytes(held.name));
  if (!same) append_state(to, held.state);
  state_before = held.state;
  codec::append_uvarint(to, held.json.size());
  append(to, as_bytes(held.json));
}

class EntryReader {
 public:
  explicit EntryReader(BytesView entries) : reader_(entries) {}

  /// False at the end, and when the entries are damaged: see corrupt().
  bool next(Held& held) {
    if (reader_.empty()) return false;
    corrupt_ = !read(held);
    return !corrupt_;
  }
  [[nodiscard]] bool corrupt() const { return corrupt_; }

 private:
  bool read(Held& held) {
    const auto head = codec::read_uvarint(reader_);
    if (!head) return false;
    const auto name = reader_.bytes(*head / 2);
    if (!name) return false;
    held.name = as_text(*name);
    if (*head % 2 == 0) {
      const auto bits = reader_.u64_be();
      if (!bits) return false;
      state_ = std::bit_cast<double>(*bits);
    }
    held.state = state_;
    const auto size = codec::read_uvarint(reader_);
    if (!size) return false;
    const auto json = reader_.bytes(*size);
    if (!json) return false;
    held.json = as_text(*json);
    return true;
  }

  Reader reader_;
  double state_ = 0;
  bool corrupt_ = false;
};

Bytes property_record(const Held& held) {
  Bytes record;
  record.reserve(8 + held.json.size());
  append_state(record, held.state);
  append(record, as_bytes(held.json));
  return record;
}

std::optional<Held> read_property_record(std::string_view name, BytesView record) {
  Reader reader{record};
  const auto bits = reader.u64_be();
  if (!bits) return std::nullopt;
  return Held{.name = name, .state = std::bit_cast<double>(*bits), .json = as_text(reader.rest())};
}

/// The keys that `lex` can name; `key` says where those of one text begin. What merely begins with
/// a text is left out by the match itself.
template <class Key>
graph_store::Range narrowed(const Lex& lex, Key key) {
  graph_store::Range range =
      graph_store::prefix_range(key(lex.exact.value_or(lex.prefix.value_or(std::string_view{}))));
  if (lex.reverse) range.order = graph_store::Range::Order::descending;
  if (lex.exact || lex.prefix) return range;
  if (lex.from) range.from = key(*lex.from);
  if (lex.to) range.to = graph_store::prefix_range(key(*lex.to)).to;
  return range;
}

bool names(const std::optional<Lex>& lex, std::string_view text) {
  return !lex || lex->matches(text);
}

}  // namespace

bool wins(double state, std::string_view json, const Held& over) {
  if (state != over.state) return state > over.state;
  return compare_utf16(json, over.json) > 0;
}

bool read_record(const NodeKey& place, BytesView record,
                 const std::function<void(const Held&)>& visit) {
  if (!place.name.empty()) {
    const auto held = read_property_record(place.name, record);
    if (held) visit(*held);
    return held.has_value();
  }
  if (record.empty()) return false;
  if (record.front() == spread_out) return record.size() == 1;
  if (record.front() != in_one_record) return false;
  EntryReader entries{record.subspan(1)};
  Held held;
  while (entries.next(held)) visit(held);
  return !entries.corrupt();
}

Progress Nodes::progress(std::string_view soul, std::string_view name) const {
  const Progress head = records_.progress(node_key(soul));
  if (name.empty()) return head;
  return std::max(head, records_.progress(property_key(soul, name)));
}

Result<Unit, StoreError> Nodes::merge(std::string_view soul, std::span<const Property> properties,
                                      std::vector<std::size_t>& changed) {
  key_.clear();
  append_node_key(key_, soul);
  HEARTH_TRY(const auto head, records_.get(key_));
  if (head && !head->empty() && head->front() == spread_out)
    return merge_spread(soul, properties, changed);

  held_.clear();
  if (head) {
    if (head->empty() || head->front() != in_one_record) return Failure{StoreError::corrupt};
    EntryReader entries{head->subspan(1)};
    Held held;
    while (entries.next(held)) held_.push_back(held);
    if (entries.corrupt()) return Failure{StoreError::corrupt};
  }
  // Both lists in JavaScript's order, then side by side.
  order_.resize(properties.size());
  for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    const int names = compare_utf16(properties[a].name, properties[b].name);
    return names != 0 ? names < 0 : a < b;
  });
  const std::size_t changed_before = changed.size();
  std::vector<Held> merged;
  merged.reserve(held_.size() + order_.size());
  auto old = held_.begin();
  for (const std::size_t index : order_) {
    const Property& property = properties[index];
    const Held incoming{
        .name = property.name, .state = property.state, .json = property.value.json};
    while (old != held_.end() && compare_utf16(old->name, property.name) <= 0)
      merged.push_back(*old++);
    if (merged.empty() || merged.back().name != property.name) {
      merged.push_back(incoming);
    } else if (wins(incoming.state, incoming.json, merged.back())) {
      merged.back() = incoming;
    } else {
      continue;
    }
    changed.push_back(index);
  }
  if (changed.size() == changed_before) return Unit{};
  merged.insert(merged.end(), old, held_.end());

  Bytes record{in_one_record};
  std::optional<double> state;
  for (const Held& held : merged) append_entry(record, held, state);
  if (record.size() <= max_inline_bytes) {
    records_.put(key_, std::move(record));
    return Unit{};
  }
  // The views point into the head: nothing may be read before all of it is written.
  for (const Held& held : merged)
    records_.put(property_key(soul, held.name), property_record(held));
  records_.put(key_, Bytes{spread_out});
  return Unit{};
}

Result<Unit, StoreError> Nodes::merge_spread(std::string_view soul,
                                             std::span<const Property> properties,
                                             std::vector<std::size_t>& changed) {
  for (std::size_t i = 0; i < properties.size(); ++i) {
    const Property& property = properties[i];
    const Held incoming{
        .name = property.name, .state = property.state, .json = property.value.json};
    const std::string key = property_key(soul, property.name);
    HEARTH_TRY(const auto record, records_.get(key));
    if (record) {
      const auto held = read_property_record(property.name, *record);
      if (!held) return Failure{StoreError::corrupt};
      if (!wins(incoming.state, incoming.json, *held)) continue;
    }
    records_.put(key, property_record(incoming));
    changed.push_back(i);
  }
  return Unit{};
}

Result<std::optional<Held>, StoreError> Nodes::property(std::string_view soul,
                                                        std::string_view name, View view) {
  const auto get = [&](std::string_view key) {
    return view == View::latest ? records_.get(key) : records_.get_durable(key);
  };
  key_.clear();
  append_node_key(key_, soul);
  HEARTH_TRY(const auto head, get(key_));
  if (!head) return std::optional<Held>{};
  if (head->empty()) return Failure{StoreError::corrupt};
  if (head->front() == spread_out) {
    append_ranked(key_, name);
    HEARTH_TRY(const auto record, get(key_));
    if (!record) return std::optional<Held>{};
    const auto held = read_property_record(name, *record);
    if (!held) return Failure{StoreError::corrupt};
    return held;
  }
  EntryReader entries{head->subspan(1)};
  Held held;
  while (entries.next(held))
    if (held.name == name) return std::optional<Held>{held};
  if (entries.corrupt()) return Failure{StoreError::corrupt};
  return std::optional<Held>{};
}

Result<Unit, StoreError> Nodes::read(std::string_view soul, const std::optional<Lex>& lex,
                                     const Visitor& visit) {
  if (lex && !lex->says_something()) return Unit{};
  key_.clear();
  append_node_key(key_, soul);
  HEARTH_TRY(const auto head, records_.get(key_));
  if (!head) return Unit{};
  if (head->empty()) return Failure{StoreError::corrupt};
  if (head->front() == spread_out) {
    const graph_store::Range range = narrowed(
        lex.value_or(Lex{}), [&](std::string_view name) { return property_key(soul, name); });
    bool corrupt = false;
    HEARTH_CHECK(records_.scan(range, [&](std::string_view key, BytesView value) {
      if (key.size() == key_.size()) return true;  // the head
      const auto parsed = parse_node_key(key);
      const auto held = parsed ? read_property_record(parsed->name, value) : std::optional<Held>{};
      corrupt = !held;
      if (corrupt) return false;
      return !names(lex, held->name) || visit(soul, *held);
    }));
    if (corrupt) return Failure{StoreError::corrupt};
    return Unit{};
  }
  held_.clear();
  EntryReader entries{head->subspan(1)};
  Held held;
  while (entries.next(held))
    if (names(lex, held.name)) held_.push_back(held);
  if (entries.corrupt()) return Failure{StoreError::corrupt};
  if (lex && lex->reverse) std::reverse(held_.begin(), held_.end());
  for (const Held& each : held_)
    if (!visit(soul, each)) break;
  return Unit{};
}

Result<Unit, StoreError> Nodes::read_all(const Lex& souls, const std::optional<Lex>& lex,
                                         const Visitor& visit) {
  if (!souls.says_something() || (lex && !lex->says_something())) return Unit{};
  const graph_store::Range range =
      narrowed(souls, [](std::string_view soul) { return souls_prefix(soul); });
  bool corrupt = false;
  std::size_t scanned = 0;
  HEARTH_CHECK(records_.scan(range, [&](std::string_view key, BytesView value) {
    if (++scanned > max_scanned) return false;
    const auto parsed = parse_node_key(key);
    corrupt = !parsed || value.empty();
    if (corrupt) return false;
    if (!souls.matches(parsed->soul)) return true;
    if (!parsed->name.empty()) {
      const auto held = read_property_record(parsed->name, value);
      corrupt = !held;
      return held && (!names(lex, held->name) || visit(parsed->soul, *held));
    }
    if (value.front() == spread_out) return true;
    held_.clear();
    EntryReader entries{value.subspan(1)};
    Held held;
    while (entries.next(held)) held_.push_back(held);
    corrupt = entries.corrupt();
    if (corrupt) return false;
    if (souls.reverse) std::reverse(held_.begin(), held_.end());
    for (const Held& each : held_)
      if (names(lex, each.name) && !visit(parsed->soul, each)) return false;
    return true;
  }));
  if (corrupt) return Failure{StoreError::corrupt};
  return Unit{};
}

}  // namespace hearth::gun
