#include <algorithm>

#include <hearth/replica/draft.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {

using update::Operation;

Result<Draft::Change*, EditError> Draft::change(std::string_view soul, std::string_view property) {
  if (!model::is_soul(soul)) return Failure{EditError::bad_soul};
  if (!model::is_property(property)) return Failure{EditError::bad_property};
  if (operations_ == update::max_operations) return Failure{EditError::too_large};
  auto place = changes_.find(soul);
  if (place == changes_.end()) {
    const auto node = replica_.node(soul);
    Change added;
    if (node && *node != nullptr) added.node = **node;
    place = changes_.emplace(soul, std::move(added)).first;
  }
  return &place->second;
}

Result<Unit, EditError> Draft::apply(Change& change, Operation operation) {
  change.node.apply(operation, cause_, change.next_index, places_, replica_.authors(), replica_);
  change.next_index += update::indices_of(operation);
  change.operations.push_back(std::move(operation));
  ++operations_;
  return Unit{};
}

update::Id Draft::named(const crdt::Id& id) {
  auto place = std::ranges::find(places_, id.author);
  if (place == places_.end()) place = places_.insert(places_.end(), id.author);
  return {.author = static_cast<std::uint32_t>(place - places_.begin()),
          .seq = id.seq,
          .index = id.index};
}

Result<Unit, EditError> Draft::put(std::string_view soul, std::string_view property,
                                   model::Value value) {
  if (!is_valid(value)) return Failure{EditError::bad_value};
  HEARTH_TRY(Change * target, change(soul, property));
  return apply(*target, update::Put{std::string{property}, std::move(value)});
}

Result<Unit, EditError> Draft::add(std::string_view soul, std::string_view property,
                                   std::int64_t delta) {
  if (delta < -model::max_integer || delta > model::max_integer)
    return Failure{EditError::out_of_range};
  HEARTH_TRY(Change * target, change(soul, property));
  return apply(*target, update::Add{std::string{property}, delta});
}

Result<Unit, EditError> Draft::include(std::string_view soul, std::string_view property,
                                       model::Value element, std::vector<update::Field> fields) {
  std::ranges::sort(fields, {}, &update::Field::name);
  const auto is_bad = [](const update::Field& field) {
    return !is_valid(field.value) || !model::is_property(field.name);
  };
  if (!is_valid(element) || std::ranges::any_of(fields, is_bad) ||
      std::ranges::adjacent_find(fields, {}, &update::Field::name) != fields.end())
    return Failure{EditError::bad_value};
  HEARTH_TRY(Change * target, change(soul, property));
  return apply(*target,
               update::Include{std::string{property}, std::move(element), std::move(fields)});
}

Result<Unit, EditError> Draft::exclude(std::string_view soul, std::string_view property,
                                       const model::Value& element) {
  if (!is_valid(element)) return Failure{EditError::bad_value};
  HEARTH_TRY(Change * target, change(soul, property));
  const crdt::Property* held = target->node.find(property);
  update::Exclude exclude{std::string{property}, element, {}};
  if (held != nullptr && held->set)
    for (const crdt::Id& tag : held->set->tags_of(element)) exclude.seen.push_back(named(tag));
  if (exclude.seen.empty()) return Failure{EditError::absent};
  std::ranges::sort(exclude.seen);
  return apply(*target, std::move(exclude));
}

Result<Unit, EditError> Draft::insert(std::string_view soul, std::string_view property,
                                      std::size_t position, std::vector<model::Value> values) {
  if (values.empty() || !std::ranges::all_of(values, model::is_valid))
    return Failure{EditError::bad_value};
  if (values.size() > update::max_values - values_) return Failure{EditError::too_large};
  HEARTH_TRY(Change * target, change(soul, property));
  const crdt::Property* held = target->node.find(property);
  const std::size_t size = held != nullptr && held->list ? held->list->size() : 0;
  if (position > size) return Failure{EditError::out_of_range};
  crdt::List::Place place;
  if (held != nullptr && held->list) place = held->list->place_for(position, replica_.authors());
  update::Insert insert{.property = std::string{property}, .side = place.side};
  if (place.parent) insert.parent = named(*place.parent);
  values_ += values.size();
  insert.values = std::move(values);
  return apply(*target, std::move(insert));
}

Result<Unit, EditError> Draft::erase(std::string_view soul, std::string_view property,
                                     std::size_t position, std::size_t count) {
  HEARTH_TRY(Change * target, change(soul, property));
  const crdt::Property* held = target->node.find(property);
  const std::size_t size = held != nullptr && held->list ? held->list->size() : 0;
  if (count == 0 || position > size || count > size - position)
    return Failure{EditError::out_of_range};
  if (count > update::max_values) return Failure{EditError::too_large};
  update::Erase erase{.property = std::string{property}, .runs = {}};
  for (const crdt::Id& id : held->list->ids(position, count, replica_.authors())) {
    const update::Id name = named(id);
    update::Run* last = erase.runs.empty() ? nullptr : &erase.runs.back();
    if (last != nullptr && last->first.author == name.author && last->first.seq == name.seq &&
        last->first.index + last->count == name.index) {
      ++last->count;
    } else {
      erase.runs.push_back({.first = name, .count = 1});
    }
  }
  return apply(*target, std::move(erase));
}

Result<Unit, EditError> Draft::remove(std::string_view soul, std::string_view property) {
  HEARTH_TRY(Change * target, change(soul, property));
  return apply(*target, update::DeleteProperty{std::string{property}});
}

Result<Unit, EditError> Draft::remove(std::string_view soul) {
  HEARTH_TRY(Change * target, change(soul, {}));
  return apply(*target, update::DeleteNode{});
}

update::Body Draft::body() const {
  update::Body body{.state = cause_.stamp, .behalf = behalf_};
  for (std::size_t i = 1; i < places_.size(); ++i)
    body.authors.push_back(replica_.authors().key(places_[i]));
  for (const auto& [soul, change] : changes_) {
    if (!change.operations.empty()) body.changes.push_back({soul, change.operations});
  }
  return body;
}

}  // namespace hearth::replica
