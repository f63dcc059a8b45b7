#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crdt/set.h>

namespace hearth::crdt {
namespace {

std::string encoded(const model::Value& value) {
  codec::CborWriter writer;
  model::write(writer, value);
  return to_text(writer.take());
}

model::Value decoded(std::string_view bytes) {
  codec::CborReader reader{as_bytes(bytes)};
  auto value = model::read_value(reader);
  HEARTH_ASSERT(value.has_value());
  return std::move(*value);
}

// (seq, index) of one author's operations.
bool is_up_to(const Id& id, const Id& bound) {
  return id.author == bound.author &&
         (id.seq < bound.seq || (id.seq == bound.seq && id.index <= bound.index));
}

std::strong_ordering compare_fields(const std::vector<update::Field>& a,
                                    const std::vector<update::Field>& b) {
  return std::lexicographical_compare_three_way(
      a.begin(), a.end(), b.begin(), b.end(), [](const update::Field& x, const update::Field& y) {
        if (const auto order = x.name <=> y.name; order != 0) return order;
        return model::compare(x.value, y.value);
      });
}

}  // namespace

// Whoever killed this tag has seen, or counts as having seen, the older one; so nothing is lost by
// forgetting that.
bool Set::Tag::covers(const Tag& older) const {
  if (!is_up_to(older.id, id) || stamp < older.stamp) return false;
  return std::ranges::all_of(older.fields, [this, &older](const update::Field& field) {
    const auto mine = std::ranges::find(fields, field.name, &update::Field::name);
    return mine != fields.end() &&
           (stamp > older.stamp || model::compare(mine->value, field.value) >= 0);
  });
}

bool Set::Kill::takes(const Id& tag, model::Stamp tag_stamp) const {
  return is_up_to(tag, id) && tag_stamp <= stamp;
}

void Set::include(const model::Value& element, std::vector<update::Field> fields, const Id& tag,
                  model::Stamp stamp) {
  State& state = elements_[encoded(element)];
  const auto taken = [&](const Kill& kill) { return kill.takes(tag, stamp); };
  if (std::ranges::any_of(state.kills, taken)) return;
  Tag added{.id = tag, .stamp = stamp, .fields = std::move(fields)};
  const auto covered = [&](const Tag& other) { return other.covers(added); };
  if (std::ranges::any_of(state.tags, covered)) return;
  std::erase_if(state.tags, [&](const Tag& other) { return added.covers(other); });
  state.tags.push_back(std::move(added));
}

void Set::exclude(const model::Value& element, const Id& seen, model::Stamp stamp) {
  State& state = elements_[encoded(element)];
  const Kill added{.id = seen, .stamp = stamp};
  std::erase_if(state.tags, [&](const Tag& tag) { return added.takes(tag.id, tag.stamp); });
  const auto taken = [&](const Kill& kill) { return kill.takes(seen, stamp); };
  if (std::ranges::any_of(state.kills, taken)) return;
  std::erase_if(state.kills, [&](const Kill& kill) { return added.takes(kill.id, kill.stamp); });
  state.kills.push_back(added);
}

void Set::erase_below(model::Stamp stamp) {
  for (auto& [value, state] : elements_)
    std::erase_if(state.tags, [&](const Tag& tag) { return tag.stamp < stamp; });
  std::erase_if(elements_, [](const auto& element) {
    return element.second.tags.empty() && element.second.kills.empty();
  });
}

void Set::purge(model::Stamp horizon) {
  for (auto& [value, state] : elements_)
    std::erase_if(state.kills, [&](const Kill& kill) { return kill.stamp < horizon; });
  std::erase_if(elements_, [](const auto& element) {
    return element.second.tags.empty() && element.second.kills.empty();
  });
}

std::vector<Set::Element> Set::elements() const {
  struct Winner {
    const Tag* tag;
    const update::Field* field;
  };
  std::vector<Element> present;
  for (const auto& [value, state] : elements_) {
    if (state.tags.empty()) continue;
    std::map<std::string_view, Winner> winners;
    for (const Tag& tag : state.tags) {
      for (const update::Field& field : tag.fields) {
        const auto [place, added] = winners.try_emplace(field.name, &tag, &field);
        if (added) continue;
        Winner& held = place->second;
        if (tag.stamp > held.tag->stamp ||
            (tag.stamp == held.tag->stamp && model::compare(field.value, held.field->value) > 0))
          held = {&tag, &field};
      }
    }
    Element element{.value = decoded(value)};
    for (const auto& [name, winner] : winners) element.fields.push_back(*winner.field);
    present.push_back(std::move(element));
  }
  return present;
}

bool Set::contains(const model::Value& element) const {
  const auto place = elements_.find(encoded(element));
  return place != elements_.end() && !place->second.tags.empty();
}

std::vector<Id> Set::tags_of(const model::Value& element) const {
  std::map<AuthorNumber, Id> highest;
  const auto place = elements_.find(encoded(element));
  if (place == elements_.end()) return {};
  for (const Tag& tag : place->second.tags) {
    const auto [held, added] = highest.try_emplace(tag.id.author, tag.id);
    if (!added && is_up_to(held->second, tag.id)) held->second = tag.id;
  }
  std::vector<Id> tags;
  tags.reserve(highest.size());
  for (const auto& [author, id] : highest) tags.push_back(id);
  return tags;
}

std::optional<model::Stamp> Set::newest() const {
  std::optional<model::Stamp> newest;
  for (const auto& [value, state] : elements_)
    for (const Tag& tag : state.tags)
      if (!newest || tag.stamp > *newest) newest = tag.stamp;
  return newest;
}

void Set::visit_sources(const SourceVisitor& visit) const {
  for (const auto& [value, state] : elements_)
    for (const Tag& tag : state.tags) visit(tag.id.author, tag.id.seq);
}

void Set::write(const StateWriter& writer) const {
  writer.to.array(elements_.size());
  for (const auto& [value, state] : elements_) {
    writer.to.array(3).raw(as_bytes(value));

    const auto tags = sorted_places(state.tags.size(), [&](std::uint32_t x, std::uint32_t y) {
      const Tag& a = state.tags[x];
      const Tag& b = state.tags[y];
      if (const auto order = compare(a.id, b.id, writer.authors); order != 0) return order < 0;
      if (a.stamp != b.stamp) return a.stamp < b.stamp;
      return compare_fields(a.fields, b.fields) < 0;
    });
    writer.to.array(tags.size());
    for (const std::uint32_t place : tags) {
      const Tag& tag = state.tags[place];
      writer.to.array(5);
      writer.id(tag.id);
      writer.stamp(tag.stamp);
      writer.to.array(tag.fields.size());
      for (const update::Field& field : tag.fields) {
        writer.to.array(2).text(field.name);
        model::write(writer.to, field.value);
      }
    }

    const auto kills = sorted_places(state.kills.size(), [&](std::uint32_t x, std::uint32_t y) {
      const Kill& a = state.kills[x];
      const Kill& b = state.kills[y];
      if (const auto order = compare(a.id, b.id, writer.authors); order != 0) return order < 0;
      return a.stamp < b.stamp;
    });
    writer.to.array(kills.size());
    for (const std::uint32_t place : kills) {
      const Kill& kill = state.kills[place];
      writer.to.array(4);
      writer.id(kill.id);
      writer.stamp(kill.stamp);
    }
  }
}

Result<Set, StateError> Set::read(const StateReader& reader) {
  Set set;
  HEARTH_TRY(const std::uint64_t count, reader.array());
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_CHECK(reader.array(3));
    HEARTH_TRY(const model::Value value, reader.value());
    State state;
    HEARTH_TRY(const std::uint64_t tags, reader.array());
    for (std::uint64_t k = 0; k < tags; ++k) {
      Tag tag;
      HEARTH_CHECK(reader.array(5));
      HEARTH_TRY(tag.id, reader.id());
      HEARTH_TRY(tag.stamp, reader.stamp());
      HEARTH_TRY(const std::uint64_t fields, reader.array());
      for (std::uint64_t f = 0; f < fields; ++f) {
        update::Field field;
        HEARTH_CHECK(reader.array(2));
        const auto name = reader.from.text();
        if (!name) return Failure{StateError::malformed};
        field.name = *name;
        HEARTH_TRY(field.value, reader.value());
        tag.fields.push_back(std::move(field));
      }
      state.tags.push_back(std::move(tag));
    }
    HEARTH_TRY(const std::uint64_t kills, reader.array());
    for (std::uint64_t k = 0; k < kills; ++k) {
      Kill kill;
      HEARTH_CHECK(reader.array(4));
      HEARTH_TRY(kill.id, reader.id());
      HEARTH_TRY(kill.stamp, reader.stamp());
      state.kills.push_back(kill);
    }
    set.elements_.emplace(encoded(value), std::move(state));
  }
  return set;
}

}  // namespace hearth::crdt
