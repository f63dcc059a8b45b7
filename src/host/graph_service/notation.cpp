#include <algorithm>
#include <array>
#include <set>

#include <hearth/codec/base64.h>
#include <hearth/graph_service/notation.h>

namespace hearth::graph_service {

using nlohmann::json;
using replica::Draft;
using replica::EditError;
using replica::Replica;

namespace {

constexpr std::size_t summary_size = 120;
/// Whose history is looked up for each value of a node that is shown.
constexpr std::size_t attributed_properties = 256;

Failure<ApiError> bad(std::string message) {
  return refuse(ErrorCode::bad_request, std::move(message));
}

/// `text`, cut between characters.
std::string shortened(std::string_view text) {
  if (text.size() <= summary_size) return std::string{text};
  std::size_t end = summary_size;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string{text.substr(0, end)} + "…";
}

std::optional<update::Body> body_of(const ledger::Record& record, const Replica& replica) {
  const auto update = replica.update_of(record);
  if (!update || !update->body) return std::nullopt;
  auto body = update::Body::decode(*update->body, update->header.author);
  if (!body) return std::nullopt;
  return std::move(*body);
}

json by(const model::AuthorKey& author, const std::optional<update::Behalf>& behalf) {
  json object{{"author", id_text(author)}};
  if (!behalf) return object;
  object["persona"] = id_text(behalf->persona);
  if (!behalf->app.empty()) object["app"] = behalf->app;
  return object;
}

json by_of(crdt::AuthorNumber author, std::uint64_t seq, const Replica& replica) {
  const auto& key = replica.authors().key(author);
  const ledger::AuthorLog* log = replica.ledger().find_log(author);
  const ledger::Record* record = log == nullptr ? nullptr : log->on_line(seq);
  const auto body = record == nullptr ? std::nullopt : body_of(*record, replica);
  return by(key, body ? body->behalf : std::nullopt);
}

json fields_json(const std::vector<update::Field>& fields) {
  json object = json::object();
  for (const update::Field& field : fields) object[field.name] = to_json(field.value);
  return object;
}

json values_json(const std::vector<model::Value>& values) {
  json array = json::array();
  for (const model::Value& value : values) array.push_back(to_json(value));
  return array;
}

/// Nothing when it has nothing to show.
std::optional<json> property_json(const crdt::Property& property, const Replica& replica,
                                  bool attributed) {
  const auto kind = property.kind();
  if (!kind) return std::nullopt;
  const auto with_state = [](json object, const std::optional<model::Stamp>& stamp) {
    if (stamp) object["state"] = stamp->ms();
    return object;
  };
  switch (*kind) {
    case crdt::Kind::value: {
      const crdt::Register& held = *property.value;
      const auto& key = replica.authors().key(held.author);
      return with_state(
          {{"kind", "value"},
           {"value", to_json(held.value)},
           {"by", attributed ? by_of(held.author, held.seq, replica) : by(key, std::nullopt)}},
          held.stamp);
    }
    case crdt::Kind::counter:
      return with_state({{"kind", "counter"}, {"value", property.counter->total().clamped()}},
                        property.counter->newest());
    case crdt::Kind::set: {
      json elements = json::array();
      for (const auto& element : property.set->elements())
        elements.push_back(
            {{"value", to_json(element.value)}, {"fields", fields_json(element.fields)}});
      return with_state({{"kind", "set"}, {"elements", std::move(elements)}},
                        property.set->newest());
    }
    case crdt::Kind::list:
      return with_state(
          {{"kind", "list"}, {"values", values_json(property.list->values(replica.authors()))}},
          property.list->newest());
  }
  return std::nullopt;
}

std::optional<model::Stamp> newest_of(const crdt::Property& property) {
  const auto kind = property.kind();
  if (!kind) return std::nullopt;
  switch (*kind) {
    case crdt::Kind::value:
      return property.value->stamp;
    case crdt::Kind::counter:
      return property.counter->newest();
    case crdt::Kind::set:
      return property.set->newest();
    case crdt::Kind::list:
      return property.list->newest();
  }
  return std::nullopt;
}

// --- edits -----------------------------------------------------------------------------------

/// One edit's fields.
class Edit {
 public:
  Edit(const json& object, std::size_t place) : object_(object), place_(place) {}

  [[nodiscard]] Failure<ApiError> bad(std::string_view why) const {
    return graph_service::bad("Edit " + std::to_string(place_) + ": " + std::string{why});
  }
  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }
  Result<std::string, ApiError> text(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_string())
      return bad("'" + std::string{name} + "' has to be a text.");
    cost_ += found->get_ref<const std::string&>().size();
    return found->get<std::string>();
  }
  Result<std::int64_t, ApiError> integer(const char* name, std::int64_t least) {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_number_integer() ||
        (found->is_number_unsigned() &&
         found->get<std::uint64_t>() > static_cast<std::uint64_t>(model::max_integer)) ||
        found->get<std::int64_t>() < least || found->get<std::int64_t>() > model::max_integer)
      return bad("'" + std::string{name} + "' has to be a whole number" +
                 (least == 0 ? ", not below 0." : " of at most 2^53 - 1."));
    return found->get<std::int64_t>();
  }
  Result<model::Value, ApiError> value(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return bad("'" + std::string{name} + "' is missing.");
    return value(*found);
  }
  Result<std::vector<model::Value>, ApiError> values(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_array() || found->empty())
      return bad("'" + std::string{name} + "' has to be an array with something in it.");
    std::vector<model::Value> values;
    for (const json& each : *found) {
      HEARTH_TRY(auto one, value(each));
      values.push_back(std::move(one));
    }
    return values;
  }
  Result<std::vector<update::Field>, ApiError> fields(const char* name) {
    std::vector<update::Field> fields;
    const auto found = object_.find(name);
    if (found == object_.end()) return fields;
    if (!found->is_object()) return bad("'" + std::string{name} + "' has to be an object.");
    for (const auto& [field, each] : found->items()) {
      HEARTH_TRY(auto one, value(each));
      cost_ += field.size() + 5;
      fields.push_back({field, std::move(one)});
    }
    return fields;
  }
  /// Of its encoding in an update, at most, but for the ids it names.
  [[nodiscard]] std::size_t cost() const { return cost_; }

 private:
  Result<model::Value, ApiError> value(const json& given) {
    auto read = value_of(given);
    if (!read) return bad(read.error().message);
    constexpr std::size_t head = 9;  // of any item; all of a number
    cost_ += head;
    if (const auto* text = std::get_if<std::string>(&*read)) cost_ += text->size();
    if (const auto* bytes = std::get_if<Bytes>(&*read)) cost_ += bytes->size();
    if (const auto* link = std::get_if<model::Link>(&*read)) cost_ += link->soul.size();
    return read;
  }

  const json& object_;
  std::size_t place_;
  std::size_t cost_ = 32;
};

std::string_view text_of(EditError error) {
  switch (error) {
    case EditError::bad_soul:
      return "a soul has 1 to 1,024 bytes.";
    case EditError::bad_property:
      return "a property's name has at most 1,024 bytes.";
    case EditError::bad_value:
      return "a value has at most 1 MiB, and a link leads to a soul.";
    case EditError::out_of_range:
      return "the list isn't that long, or the number is too large.";
    case EditError::absent:
      return "there is no such element.";
    case EditError::too_large:
      return "that is too much for one batch.";
  }
  return "";
}

Result<Unit, ApiError> apply(Edit& edit, Draft& draft) {
  HEARTH_TRY(const std::string op, edit.text("op"));
  HEARTH_TRY(const std::string soul, edit.text("soul"));
  const auto checked = [&](const Result<Unit, EditError>& done) -> Result<Unit, ApiError> {
    if (done) return Unit{};
    if (done.error() == EditError::too_large)
      return refuse(ErrorCode::too_large, "That is too much for one batch. Send several.");
    return edit.bad(text_of(done.error()));
  };
  if (op == "remove" && !edit.has("property")) return checked(draft.remove(soul));
  HEARTH_TRY(const std::string property, edit.text("property"));
  if (op == "remove") return checked(draft.remove(soul, property));
  if (op == "put") {
    HEARTH_TRY(auto value, edit.value("value"));
    return checked(draft.put(soul, property, std::move(value)));
  }
  if (op == "add") {
    HEARTH_TRY(const auto delta, edit.integer("by", -model::max_integer));
    return checked(draft.add(soul, property, delta));
  }
  if (op == "include") {
    HEARTH_TRY(auto value, edit.value("value"));
    HEARTH_TRY(auto fields, edit.fields("fields"));
    return checked(draft.include(soul, property, std::move(value), std::move(fields)));
  }
  if (op == "exclude") {
    HEARTH_TRY(const auto value, edit.value("value"));
    return checked(draft.exclude(soul, property, value));
  }
  if (op == "insert") {
    HEARTH_TRY(const auto at, edit.integer("at", 0));
    HEARTH_TRY(auto values, edit.values("values"));
    return checked(draft.insert(soul, property, static_cast<std::size_t>(at), std::move(values)));
  }
  if (op == "erase") {
    HEARTH_TRY(const auto at, edit.integer("at", 0));
    HEARTH_TRY(const auto count, edit.integer("count", 0));
    return checked(
        draft.erase(soul, property, static_cast<std::size_t>(at), static_cast<std::size_t>(count)));
  }
  return edit.bad("there is no such op.");
}

// --- histories -------------------------------------------------------------------------------

struct OperationJson {
  json operator()(const update::Put& put) const {
    return {{"op", "put"}, {"property", put.property}, {"value", to_json(put.value)}};
  }
  json operator()(const update::Add& add) const {
    return {{"op", "add"}, {"property", add.property}, {"by", add.delta}};
  }
  json operator()(const update::Include& include) const {
    return {{"op", "include"},
            {"property", include.property},
            {"value", to_json(include.element)},
            {"fields", fields_json(include.fields)}};
  }
  json operator()(const update::Exclude& exclude) const {
    return {{"op", "exclude"}, {"property", exclude.property}, {"value", to_json(exclude.element)}};
  }
  json operator()(const update::Insert& insert) const {
    return {
        {"op", "insert"}, {"property", insert.property}, {"values", values_json(insert.values)}};
  }
  json operator()(const update::Erase& erase) const {
    std::uint64_t count = 0;
    for (const update::Run& run : erase.runs) count += run.count;
    return {{"op", "erase"}, {"property", erase.property}, {"count", count}};
  }
  json operator()(const update::DeleteProperty& removal) const {
    return {{"op", "remove"}, {"property", removal.property}};
  }
  json operator()(const update::DeleteNode&) const { return {{"op", "remove"}}; }
  json operator()(const update::Unknown&) const { return {{"op", "unknown"}}; }
};

}  // namespace

json to_json(const model::Value& value) {
  struct Visitor {
    json operator()(model::Null) const { return nullptr; }
    json operator()(bool flag) const { return flag; }
    json operator()(double number) const {
      // Whole numbers look like such.
      constexpr auto most = static_cast<double>(model::max_integer);
      if (number >= -most && number <= most &&
          static_cast<double>(static_cast<std::int64_t>(number)) == number)
        return static_cast<std::int64_t>(number);
      return number;
    }
    json operator()(const std::string& text) const { return text; }
    json operator()(const Bytes& bytes) const {
      return {{"bytes", codec::base64url_encode(bytes)}};
    }
    json operator()(const model::Link& link) const { return {{"#", link.soul}}; }
  };
  return std::visit(Visitor{}, value);
}

Result<model::Value, ApiError> value_of(const json& given) {
  std::optional<model::Value> value;
  if (given.is_null()) value = model::Null{};
  if (given.is_boolean()) value = given.get<bool>();
  if (given.is_number()) value = model::number(given.get<double>());
  if (given.is_string()) value = given.get<std::string>();
  if (given.is_object() && given.size() == 1 && given.begin()->is_string()) {
    const auto& text = given.begin()->get_ref<const std::string&>();
    if (given.begin().key() == "#") value = model::Link{text};
    if (given.begin().key() == "bytes")
      if (auto bytes = codec::base64url_decode(text)) value = std::move(*bytes);
  }
  if (!value || !model::is_valid(*value))
    return bad(
        "a value is null, a boolean, a number, a text, {\"#\": soul} or {\"bytes\": base64url}, of "
        "at most 1 MiB.");
  return std::move(*value);
}

std::string id_text(const model::Bytes32& id) {
  return codec::base64url_encode(id);
}

std::optional<model::Bytes32> id_of(std::string_view text) {
  const auto bytes = codec::base64url_decode(text);
  model::Bytes32 id;
  if (!bytes || bytes->size() != id.size()) return std::nullopt;
  std::ranges::copy(*bytes, id.begin());
  return id;
}

json to_json(std::string_view soul, const crdt::Node& node, const Replica& replica) {
  json properties = json::object();
  std::size_t shown = 0;
  for (const crdt::Property& property : node.properties())
    if (auto one = property_json(property, replica, ++shown <= attributed_properties))
      properties[property.name] = std::move(*one);
  return {{"soul", soul}, {"properties", std::move(properties)}};
}

std::string summary_of(const crdt::Node& node) {
  for (const std::string_view name : {"name", "title", "label", "subject", "text"}) {
    const crdt::Property* property = node.find(name);
    if (property == nullptr || property->kind() != crdt::Kind::value) continue;
    const auto* text = std::get_if<std::string>(&property->value->value);
    if (text != nullptr && !text->empty()) return shortened(*text);
  }
  return {};
}

std::optional<model::Stamp> newest_of(const crdt::Node& node) {
  std::optional<model::Stamp> newest;
  for (const crdt::Property& property : node.properties())
    newest = std::max(newest, newest_of(property));
  return newest;
}

Result<Unit, ApiError> apply_edits(const json& edits, Draft& draft) {
  if (!edits.is_array() || edits.empty()) return bad("Send {\"edits\": [edit, …]}.");
  if (edits.size() > update::max_operations)
    return refuse(ErrorCode::too_large, "A batch has at most 4,096 edits. Send several.");
  constexpr std::size_t overhead = 1024;  // what isn't edits
  std::size_t size = overhead;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (!edits[i].is_object()) return bad("Edit " + std::to_string(i) + " is no object.");
    Edit edit{edits[i], i};
    HEARTH_CHECK(apply(edit, draft));
    size += edit.cost();
    if (size > update::max_body_size)
      return refuse(ErrorCode::too_large, "A batch is at most 1 MiB. Send several.");
  }
  return Unit{};
}

std::vector<std::string> souls_of(const update::Body& body) {
  std::vector<std::string> souls;
  for (const update::Change& change : body.changes) souls.push_back(change.soul);
  return souls;
}

json history_entry(std::string_view soul, const ledger::Record& record, const Replica& replica) {
  const auto body = body_of(record, replica);
  json entry{{"id", id_text(record.id)},
             {"seq", record.seq},
             {"state", record.stamp.ms()},
             {"by", by(replica.authors().key(record.author), body ? body->behalf : std::nullopt)},
             {"counts", record.counts && record.applied}};
  if (!body) return entry;
  json operations = json::array();
  for (const update::Change& change : body->changes) {
    if (change.soul != soul) continue;
    for (const update::Operation& operation : change.operations)
      operations.push_back(std::visit(OperationJson{}, operation));
  }
  entry["operations"] = std::move(operations);
  return entry;
}

}  // namespace hearth::graph_service
