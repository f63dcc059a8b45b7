#include <algorithm>

#include <hearth/crdt/node.h>

namespace hearth::crdt {
namespace {

// HAM; of two equal writes, which author's it was must not depend on which came first.
bool wins(const Register& challenger, const Register& held, const Authors& authors) {
  if (challenger.stamp != held.stamp) return challenger.stamp > held.stamp;
  if (const auto order = model::compare(challenger.value, held.value); order != 0) return order > 0;
  if (challenger.author != held.author)
    return authors.key(challenger.author) > authors.key(held.author);
  return challenger.seq > held.seq;
}

}  // namespace

std::optional<Kind> Property::kind() const {
  std::optional<Kind> newest_kind;
  std::optional<model::Stamp> newest;
  const auto consider = [&](Kind kind, std::optional<model::Stamp> stamp) {
    if (!stamp || (newest && *stamp <= *newest)) return;
    newest = stamp;
    newest_kind = kind;
  };
  if (value) consider(Kind::value, value->stamp);
  if (counter) consider(Kind::counter, counter->newest());
  if (set) consider(Kind::set, set->newest());
  if (list) consider(Kind::list, list->newest());
  // An old sum has no state of its own.
  if (!newest_kind && counter && !counter->empty()) return Kind::counter;
  return newest_kind;
}

bool Property::empty() const {
  return deleted.empty() && !value && (!counter || counter->empty()) && (!set || set->empty()) &&
         (!list || list->empty());
}

Property& Node::property(std::string_view name) {
  auto place = std::ranges::lower_bound(properties_, name, {}, &Property::name);
  if (place == properties_.end() || place->name != name) {
    Property added;
    added.name = name;
    place = properties_.insert(place, std::move(added));
  }
  return *place;
}

const Property* Node::find(std::string_view name) const {
  const auto place = std::ranges::lower_bound(properties_, name, {}, &Property::name);
  return place == properties_.end() || place->name != name ? nullptr : &*place;
}

void Node::drop_empty(std::string_view name) {
  const auto place = std::ranges::lower_bound(properties_, name, {}, &Property::name);
  if (place != properties_.end() && place->name == name && place->empty()) properties_.erase(place);
}

void Node::erase_below(Property& property, model::Stamp stamp) {
  if (property.value && property.value->stamp < stamp) property.value = std::nullopt;
  if (property.counter) property.counter->erase_below(stamp);
  if (property.set) property.set->erase_below(stamp);
  if (property.list) property.list->erase_below(stamp);
}

Node::Applied Node::apply(const update::Operation& operation, const Cause& cause,
                          std::uint32_t index, std::span<const AuthorNumber> places,
                          const Authors& authors, const Fates& fates) {
  using namespace update;
  const auto own = Id{.author = cause.author, .index = index, .seq = cause.seq};
  const auto local = [&](const update::Id& id) {
    return Id{.author = places[id.author], .index = id.index, .seq = id.seq};
  };
  // The first deletion that takes what this update writes there.
  const auto deletion_in = [&](const Property& property) {
    const auto of_node = deleted_.first_above(cause.stamp);
    const auto of_property = property.deleted.first_above(cause.stamp);
    if (!of_node || !of_property) return of_node ? of_node : of_property;
    return std::optional{std::min(*of_node, *of_property)};
  };

  if (std::holds_alternative<DeleteNode>(operation)) {
    if (!deleted_.add(cause.stamp)) return {};
    for (Property& property : properties_) erase_below(property, cause.stamp);
    std::erase_if(properties_, [](const Property& property) { return property.empty(); });
    return {.changed = true};
  }
  if (const auto* op = std::get_if<DeleteProperty>(&operation)) {
    Property& target = property(op->property);
    if (!target.deleted.add(cause.stamp)) return {};
    erase_below(target, cause.stamp);
    return {.changed = true};
  }
  if (const auto* op = std::get_if<Put>(&operation)) {
    Property& target = property(op->property);
    Register challenger{cause.stamp, op->value, cause.author, cause.seq};
    const bool changed =
        !deletion_in(target) && (!target.value || wins(challenger, *target.value, authors));
    if (changed) target.value = std::move(challenger);
    drop_empty(op->property);
    return {.changed = changed};
  }
  if (const auto* op = std::get_if<Add>(&operation)) {
    Property& target = property(op->property);
    const bool changed = !deletion_in(target);
    if (changed) target.counter.get().add(cause.stamp, own, op->delta);
    drop_empty(op->property);
    return {.changed = changed};
  }
  if (const auto* op = std::get_if<Include>(&operation)) {
    Property& target = property(op->property);
    const bool changed = !deletion_in(target);
    if (changed) target.set.get().include(op->element, op->fields, own, cause.stamp);
    drop_empty(op->property);
    return {.changed = changed};
  }
  if (const auto* op = std::get_if<Exclude>(&operation)) {
    Property& target = property(op->property);
    for (const update::Id& seen : op->seen)
      target.set.get().exclude(op->element, local(seen), cause.stamp);
    return {.changed = true};
  }
  if (const auto* op = std::get_if<Insert>(&operation)) {
    Property& target = property(op->property);
    List::Place place{.side = op->side};
    if (op->parent) place.parent = local(*op->parent);
    const bool placed =
        target.list.get().insert(place, own, op->values, cause.stamp, deletion_in(target), fates);
    return {.changed = true, .collided = !placed};
  }
  if (const auto* op = std::get_if<Erase>(&operation)) {
    Property& target = property(op->property);
    for (const Run& run : op->runs)
      target.list.get().erase(local(run.first), run.count, cause.stamp, fates);
    drop_empty(op->property);
    return {.changed = true};
  }
  return {};  // of a later version
}

bool Node::depends_on_fates() const {
  return std::ranges::any_of(properties_, [](const Property& property) {
    return property.list && property.list->depends_on_fates();
  });
}

bool Node::is_waiting() const {
  return std::ranges::any_of(properties_, [](const Property& property) {
    return property.list && property.list->is_waiting();
  });
}

bool Node::adopt(const Fates& fates) {
  bool adopted = false;
  for (Property& property : properties_)
    if (property.list) adopted |= property.list->adopt(fates);
  return adopted;
}

bool Node::is_plain() const {
  return deleted_.empty() && std::ranges::all_of(properties_, [](const Property& property) {
           return property.value && property.deleted.empty() && !property.counter &&
                  !property.set && !property.list;
         });
}

void Node::purge(model::Stamp horizon, const Fates& fates) {
  deleted_.purge(horizon);
  for (Property& property : properties_) {
    property.deleted.purge(horizon);
    if (property.counter) property.counter->purge(horizon);
    if (property.set) property.set->purge(horizon);
    if (property.list) property.list->purge(horizon, fates);
  }
  std::erase_if(properties_, [](const Property& property) { return property.empty(); });
}

// Parts that are not there are null, and left out at the end.
void Node::write(const StateWriter& writer) const {
  deleted_.write(writer);
  writer.to.array(properties_.size());
  for (const Property& property : properties_) {
    const bool has_counter = property.counter && !property.counter->empty();
    const bool has_set = property.set && !property.set->empty();
    const bool has_list = property.list && !property.list->empty();
    const std::uint64_t parts = has_list         ? 6
                                : has_set        ? 5
                                : has_counter    ? 4
                                : property.value ? 3
                                                 : 2;
    writer.to.array(parts).text(property.name);
    property.deleted.write(writer);
    if (property.value) {
      writer.to.array(4);
      writer.stamp(property.value->stamp);
      model::write(writer.to, property.value->value);
      writer.author(property.value->author);
      writer.to.uint(property.value->seq);
    } else if (parts > 2) {
      writer.to.null();
    }
    if (has_counter) {
      property.counter->write(writer);
    } else if (parts > 3) {
      writer.to.null();
    }
    if (has_set) {
      property.set->write(writer);
    } else if (parts > 4) {
      writer.to.null();
    }
    if (has_list) property.list->write(writer);
  }
}

Result<Node, StateError> Node::read(const StateReader& reader) {
  Node node;
  HEARTH_TRY(node.deleted_, Deletions::read(reader));
  HEARTH_TRY(const std::uint64_t count, reader.array());
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_TRY(const std::uint64_t parts, reader.array());
    if (parts < 2 || parts > 6) return Failure{StateError::malformed};
    Property property;
    const auto name = model::read_property(reader.from);
    if (!name) return Failure{StateError::malformed};
    property.name = *name;
    if (i > 0 && !(node.properties_.back().name < property.name))
      return Failure{StateError::malformed};
    HEARTH_TRY(property.deleted, Deletions::read(reader));
    for (std::uint64_t part = 2; part < parts; ++part) {
      HEARTH_TRY(const bool absent, reader.at_null());
      if (absent) {
        HEARTH_CHECK(reader.null());
      } else if (part == 2) {
        Register value;
        HEARTH_CHECK(reader.array(4));
        HEARTH_TRY(value.stamp, reader.stamp());
        HEARTH_TRY(value.value, reader.value());
        HEARTH_TRY(value.author, reader.author());
        HEARTH_TRY(value.seq, reader.uint());
        property.value = std::move(value);
      } else if (part == 3) {
        HEARTH_TRY(property.counter.get(), Counter::read(reader));
      } else if (part == 4) {
        HEARTH_TRY(property.set.get(), Set::read(reader));
      } else {
        HEARTH_TRY(property.list.get(), List::read(reader));
      }
    }
    node.properties_.push_back(std::move(property));
  }
  return node;
}

}  // namespace hearth::crdt
