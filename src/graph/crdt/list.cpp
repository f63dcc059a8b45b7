#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crdt/list.h>

namespace hearth::crdt {

using update::Side;

void List::Element::erase(model::Stamp by) {
  if (by < stamp) return;
  if (!erased || by < *erased) erased = by;
  value = model::Null{};
}

void List::Element::erase_below(model::Stamp by) {
  if (stamp < by) erase(by);
}

bool List::knows(const Id& id) const {
  return index_.contains(id) || waiting_.contains(id);
}

bool List::insert(const Place& place, const Id& first, std::span<const model::Value> values,
                  model::Stamp stamp, std::optional<model::Stamp> erased, const Fates& fates) {
  bool all = true;
  Element element{.id = first, .parent = place.parent, .side = place.side, .stamp = stamp};
  for (const model::Value& value : values) {
    element.value = value;
    if (erased) element.erase(*erased);
    const Id id = element.id;
    if (knows(id)) {
      all = false;
    } else {
      add(std::move(element), fates);
    }
    element = {.id = {.author = id.author, .index = id.index + 1, .seq = id.seq},
               .parent = id,
               .side = Side::right,
               .stamp = stamp};
  }
  return all;
}

void List::add(Element element, const Fates& fates) {
  const auto [author, index, seq] = element.id;
  for (auto erases = erases_.lower_bound({author, seq, model::Stamp{}});
       erases != erases_.end() && std::get<0>(erases->first) == author &&
       std::get<1>(erases->first) == seq;) {
    if (erases->second.take(index)) element.erase(std::get<2>(erases->first));
    erases = erases->second.empty() ? erases_.erase(erases) : std::next(erases);
  }
  if (element.parent && !index_.contains(*element.parent)) {
    if (waiting_.contains(*element.parent) ||
        !fates.is_void(element.parent->author, element.parent->seq)) {
      children_waiting_.emplace(*element.parent, element.id);
      const Id id = element.id;
      waiting_.emplace(id, std::move(element));
      return;
    }
    return hang_at_root(std::move(element));
  }
  attach(std::move(element));
}

void List::hang_at_root(Element element) {
  adopted_ = true;
  element.parent = std::nullopt;
  element.side = Side::right;
  attach(std::move(element));
}

List::Element List::take_waiting(const Id& id) {
  Element element = std::move(waiting_.extract(id).mapped());
  auto child = children_waiting_.lower_bound(*element.parent);
  while (child->second != id) ++child;
  children_waiting_.erase(child);
  return element;
}

void List::attach(Element first) {
  std::vector<Id> attached{first.id};
  hang(std::move(first));
  while (!attached.empty()) {
    const Id parent = attached.back();
    attached.pop_back();
    const auto [begin, end] = children_waiting_.equal_range(parent);
    for (auto child = begin; child != end; ++child) {
      hang(std::move(waiting_.extract(child->second).mapped()));
      attached.push_back(child->second);
    }
    children_waiting_.erase(begin, end);
  }
}

std::uint32_t List::hang(Element element) {
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t parent = element.parent ? index_.at(*element.parent) : root;
  bool& has_right = parent == root ? root_has_right_ : nodes_[parent].has_right;
  // The common case of appending leaves the order known: right of the last there is nothing.
  const bool appends = order_is_fresh_ && element.side == Side::right && !has_right &&
                       (parent == root ? nodes_.empty() : order_.back() == parent);
  if (appends) {
    order_.push_back(number);
  } else {
    order_is_fresh_ = false;
  }
  if (element.side == Side::right) has_right = true;
  if (!element.erased) ++visible_;
  index_.emplace(element.id, number);
  nodes_.push_back({.element = std::move(element), .parent = parent});
  return number;
}

void List::erase(const Id& first, std::uint32_t count, model::Stamp stamp, const Fates& fates) {
  std::uint32_t unknown = first.index;  // the first of those not looked up yet
  const auto expect = [&](std::uint32_t end) {
    if (unknown < end && !fates.is_covered(first.author, first.seq))
      erases_[{first.author, first.seq, stamp}].add(unknown, end);
  };
  for (std::uint32_t index = first.index; index < first.index + count; ++index) {
    const Id id{.author = first.author, .index = index, .seq = first.seq};
    if (const auto place = index_.find(id); place != index_.end()) {
      erase_known(nodes_[place->second].element, stamp);
    } else if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
      waiting->second.erase(stamp);
    } else {
      continue;
    }
    expect(index);
    unknown = index + 1;
  }
  expect(first.index + count);
}

void List::erase_known(Element& element, model::Stamp stamp) {
  const bool was_visible = !element.erased;
  element.erase(stamp);
  if (was_visible && element.erased) --visible_;
}

void List::erase_below(model::Stamp stamp) {
  for (Node& node : nodes_)
    if (node.element.stamp < stamp) erase_known(node.element, stamp);
  for (auto& [id, element] : waiting_) element.erase_below(stamp);
}

bool List::adopt(const Fates& fates) {
  // Those alone whose parents aren't waiting themselves; the others follow.
  std::vector<Id> orphans;
  for (const auto& [id, element] : waiting_)
    if (!waiting_.contains(*element.parent) &&
        fates.is_void(element.parent->author, element.parent->seq))
      orphans.push_back(id);
  for (const Id& id : orphans) hang_at_root(take_waiting(id));
  return !orphans.empty();
}

void List::purge(model::Stamp horizon, const Fates& fates) {
  std::erase_if(erases_, [&](const auto& erase) {
    const auto& [author, seq, stamp] = erase.first;
    return stamp < horizon || fates.is_covered(author, seq);
  });
  purge_waiting(horizon, fates);
  purge_tree(horizon, fates);
}

// What they wait for isn't covered, and may be there already elsewhere.
void List::purge_waiting(model::Stamp horizon, const Fates& fates) {
  std::vector<Id> leaves;
  const auto consider = [&](const Id& id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end() || !fates.is_covered(id.author, id.seq)) return;
    const auto& erased = found->second.erased;
    if (!erased || *erased >= horizon) return;
    const auto [begin, end] = children_waiting_.equal_range(id);
    if (std::none_of(begin, end, [&](const auto& child) {
          return fates.is_covered(child.second.author, child.second.seq);
        }))
      leaves.push_back(id);
  };
  for (const auto& [id, element] : waiting_) consider(id);
  while (!leaves.empty()) {
    const Id leaf = leaves.back();
    leaves.pop_back();
    if (!waiting_.contains(leaf)) continue;  // hung with a parent meanwhile: the tree's
    const Id parent = *take_waiting(leaf).parent;
    for (auto child = children_waiting_.find(leaf); child != children_waiting_.end();
         child = children_waiting_.find(leaf))
      hang_at_root(take_waiting(Id{child->second}));
    consider(parent);
  }
}

void List::purge_tree(model::Stamp horizon, const Fates& fates) {
  std::vector<std::uint32_t> covered_children(nodes_.size(), 0);
  std::vector<bool> covered(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Id& id = nodes_[i].element.id;
    covered[i] = fates.is_covered(id.author, id.seq);
    if (covered[i] && nodes_[i].parent != root) ++covered_children[nodes_[i].parent];
  }
  std::vector<bool> purged(nodes_.size(), false);
  std::vector<std::uint32_t> leaves;
  const auto consider = [&](std::uint32_t number) {
    const Element& element = nodes_[number].element;
    if (covered[number] && covered_children[number] == 0 && element.erased &&
        *element.erased < horizon)
      leaves.push_back(number);
  };
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) consider(i);
  if (leaves.empty()) return;
  while (!leaves.empty()) {
    const std::uint32_t leaf = leaves.back();
    leaves.pop_back();
    purged[leaf] = true;
    const std::uint32_t parent = nodes_[leaf].parent;
    if (parent == root) continue;
    --covered_children[parent];
    consider(parent);
  }

  std::vector<Node> kept;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (purged[i]) continue;
    Node& node = nodes_[i];
    if (node.parent != root && purged[node.parent]) {
      adopted_ = true;
      node.element.parent = std::nullopt;
      node.element.side = Side::right;
    }
    kept.push_back(std::move(node));
  }
  nodes_ = std::move(kept);
  rebuild_index();
}

void List::rebuild_index() {
  index_.clear();
  root_has_right_ = false;
  visible_ = 0;
  order_is_fresh_ = false;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    index_.emplace(nodes_[i].element.id, i);
    nodes_[i].has_right = false;
    if (!nodes_[i].element.erased) ++visible_;
  }
  for (Node& node : nodes_) {
    node.parent = node.element.parent ? index_.at(*node.element.parent) : root;
    if (node.element.side == Side::left) continue;
    (node.parent == root ? root_has_right_ : nodes_[node.parent].has_right) = true;
  }
}

bool List::is_tree() const {
  enum class Seen : std::uint8_t { no, on_this_way, hangs };
  std::vector<Seen> seen(nodes_.size(), Seen::no);
  std::vector<std::uint32_t> way;
  for (std::uint32_t start = 0; start < nodes_.size(); ++start) {
    std::uint32_t node = start;
    for (; node != root && seen[node] == Seen::no; node = nodes_[node].parent) {
      seen[node] = Seen::on_this_way;
      way.push_back(node);
    }
    if (node != root && seen[node] == Seen::on_this_way) return false;
    for (const std::uint32_t passed : way) seen[passed] = Seen::hangs;
    way.clear();
  }
  return true;
}

const std::vector<std::uint32_t>& List::order(const Authors& authors) const {
  if (order_is_fresh_) return order_;

  // Children stand together in `sorted`, left ones first, as they are read.
  const auto sorted = sorted_places(nodes_.size(), [&](std::uint32_t a, std::uint32_t b) {
    const Node& x = nodes_[a];
    const Node& y = nodes_[b];
    if (x.parent != y.parent) return x.parent < y.parent;
    if (x.element.side != y.element.side) return x.element.side < y.element.side;
    return compare(x.element.id, y.element.id, authors) < 0;
  });
  struct Children {
    std::uint32_t begin = 0, middle = 0, end = 0;
  };
  std::vector<Children> children(nodes_.size() + 1);  // the root's stand last
  const auto place_of = [&](std::uint32_t node) { return node == root ? nodes_.size() : node; };
  for (std::uint32_t i = 0; i < sorted.size(); ++i) {
    const Node& node = nodes_[sorted[i]];
    Children& siblings = children[place_of(node.parent)];
    if (siblings.end == 0) siblings = {i, i, i};
    siblings.end = i + 1;
    if (node.element.side == Side::left) siblings.middle = i + 1;
  }

  // No recursion: a tree may be as deep as it has elements.
  struct Step {
    std::uint32_t node;
    bool is_open;  // its left children are done
  };
  std::vector<Step> steps{{root, false}};
  order_.clear();
  order_.reserve(nodes_.size());
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    const Children& own = children[place_of(step.node)];
    const auto push = [&](std::uint32_t begin, std::uint32_t end) {
      for (std::uint32_t i = end; i > begin; --i) steps.push_back({sorted[i - 1], false});
    };
    if (step.is_open) {
      if (step.node != root) order_.push_back(step.node);
      push(own.middle, own.end);
    } else {
      steps.push_back({step.node, true});
      push(own.begin, own.middle);
    }
  }
  order_is_fresh_ = true;
  return order_;
}

std::vector<model::Value> List::values(const Authors& authors) const {
  std::vector<model::Value> values;
  values.reserve(visible_);
  for (const std::uint32_t number : order(authors))
    if (const Element& element = nodes_[number].element; !element.erased)
      values.push_back(element.value);
  return values;
}

// Fugue's rule: between a left neighbour without right children and its right neighbour.
List::Place List::place_for(std::size_t position, const Authors& authors) const {
  HEARTH_ASSERT(position <= visible_);
  const auto& sequence = order(authors);
  std::size_t next = 0;  // in the sequence, of the element that will stand right of the new one
  for (std::size_t seen = 0; seen < position; ++next)
    if (!nodes_[sequence[next]].element.erased) ++seen;
  const std::uint32_t left = next == 0 ? root : sequence[next - 1];
  const bool has_right = left == root ? root_has_right_ : nodes_[left].has_right;
  if (has_right) return {.parent = nodes_[sequence[next]].element.id, .side = Side::left};
  if (left == root && next < sequence.size())  // left children of the root alone
    return {.parent = nodes_[sequence[next]].element.id, .side = Side::left};
  return {.parent = left == root ? std::nullopt : std::optional{nodes_[left].element.id},
          .side = Side::right};
}

std::vector<Id> List::ids(std::size_t position, std::size_t count, const Authors& authors) const {
  HEARTH_ASSERT(position + count <= visible_);
  std::vector<Id> ids;
  std::size_t at = 0;
  for (const std::uint32_t number : order(authors)) {
    if (ids.size() == count) break;
    if (nodes_[number].element.erased) continue;
    if (at++ >= position) ids.push_back(nodes_[number].element.id);
  }
  return ids;
}

std::optional<model::Stamp> List::newest() const {
  std::optional<model::Stamp> newest;
  for (const Node& node : nodes_)
    if (!node.element.erased && (!newest || node.element.stamp > *newest))
      newest = node.element.stamp;
  return newest;
}

void List::visit_sources(const SourceVisitor& visit,
                         const std::function<void(model::Stamp)>& visit_erased) const {
  const auto see = [&](const Element& element) {
    visit(element.id.author, element.id.seq);
    if (element.erased) visit_erased(*element.erased);
  };
  for (const Node& node : nodes_) see(node.element);
  for (const auto& [id, element] : waiting_) see(element);
}

void List::write(const StateWriter& writer, const Element& element) {
  writer.to.array(8);
  writer.id(element.id);
  if (element.parent) {
    writer.to.array(3);
    writer.id(*element.parent);
  } else {
    writer.to.null();
  }
  writer.to.uint(static_cast<std::uint64_t>(element.side));
  writer.stamp(element.stamp);
  writer.stamp(element.erased);
  model::write(writer.to, element.value);
}

void List::write(const StateWriter& writer) const {
  std::vector<const Element*> elements;
  elements.reserve(nodes_.size());
  for (const Node& node : nodes_) elements.push_back(&node.element);
  std::vector<const Element*> waiting;
  waiting.reserve(waiting_.size());
  for (const auto& [id, element] : waiting_) waiting.push_back(&element);
  struct Erases {
    Id first;
    std::uint32_t count;
    model::Stamp stamp;
  };
  std::vector<Erases> erases;
  for (const auto& [key, ranges] : erases_) {
    const auto& [author, seq, stamp] = key;
    for (const auto& [begin, end] : ranges.ranges())
      erases.push_back({{.author = author, .index = begin, .seq = seq}, end - begin, stamp});
  }
  const auto in_order = sorted_places(erases.size(), [&](std::uint32_t x, std::uint32_t y) {
    const Erases& a = erases[x];
    const Erases& b = erases[y];
    if (const auto order = compare(a.first, b.first, writer.authors); order != 0) return order < 0;
    return std::pair{a.count, a.stamp} < std::pair{b.count, b.stamp};
  });

  writer.to.array(writer.names == Names::keys ? 3 : 4);
  for (const auto* group : {&elements, &waiting}) {
    writer.to.array(group->size());
    for (const std::uint32_t place :
         sorted_places(group->size(), [&](std::uint32_t a, std::uint32_t b) {
           return compare((*group)[a]->id, (*group)[b]->id, writer.authors) < 0;
         }))
      write(writer, *(*group)[place]);
  }
  writer.to.array(erases.size());
  for (const std::uint32_t place : in_order) {
    const auto& [first, length, stamp] = erases[place];
    writer.to.array(5);
    writer.id(first);
    writer.to.uint(length);
    writer.stamp(stamp);
  }
  if (writer.names == Names::numbers) writer.to.boolean(adopted_);
}

Result<List::Element, StateError> List::read_element(const StateReader& reader) {
  Element element;
  HEARTH_CHECK(reader.array(8));
  HEARTH_TRY(element.id, reader.id());
  HEARTH_TRY(const bool at_root, reader.at_null());
  if (at_root) {
    HEARTH_CHECK(reader.null());
  } else {
    HEARTH_CHECK(reader.array(3));
    HEARTH_TRY(element.parent, reader.id());
  }
  HEARTH_TRY(const std::uint64_t side, reader.uint());
  if (side > 1) return Failure{StateError::malformed};
  element.side = static_cast<Side>(side);
  HEARTH_TRY(element.stamp, reader.stamp());
  HEARTH_TRY(element.erased, reader.optional_stamp());
  HEARTH_TRY(element.value, reader.value());
  return element;
}

Result<List, StateError> List::read(const StateReader& reader) {
  List list;
  HEARTH_CHECK(reader.array(reader.names == Names::keys ? 3 : 4));
  HEARTH_TRY(const std::uint64_t elements, reader.array());
  std::map<Id, bool> ids;
  for (std::uint64_t i = 0; i < elements; ++i) {
    HEARTH_TRY(Element element, read_element(reader));
    if (!ids.emplace(element.id, true).second) return Failure{StateError::malformed};
    list.nodes_.push_back({.element = std::move(element)});
  }
  for (const Node& node : list.nodes_)
    if (node.element.parent && !ids.contains(*node.element.parent))
      return Failure{StateError::malformed};
  list.rebuild_index();
  if (!list.is_tree()) return Failure{StateError::malformed};
  HEARTH_TRY(const std::uint64_t waiting, reader.array());
  for (std::uint64_t i = 0; i < waiting; ++i) {
    HEARTH_TRY(Element element, read_element(reader));
    if (!element.parent || list.knows(element.id)) return Failure{StateError::malformed};
    const Id id = element.id;
    list.children_waiting_.emplace(*element.parent, id);
    list.waiting_.emplace(id, std::move(element));
  }
  HEARTH_TRY(const std::uint64_t erases, reader.array());
  for (std::uint64_t i = 0; i < erases; ++i) {
    HEARTH_CHECK(reader.array(5));
    HEARTH_TRY(const Id id, reader.id());
    HEARTH_TRY(const std::uint64_t count, reader.uint());
    if (count == 0 || count > 0xffffffff - id.index) return Failure{StateError::malformed};
    HEARTH_TRY(const model::Stamp stamp, reader.stamp());
    list.erases_[{id.author, id.seq, stamp}].add(id.index,
                                                 id.index + static_cast<std::uint32_t>(count));
  }
  if (reader.names == Names::numbers) {
    const auto adopted = reader.from.boolean();
    if (!adopted) return Failure{StateError::malformed};
    list.adopted_ = *adopted;
  }
  return list;
}

}  // namespace hearth::crdt
