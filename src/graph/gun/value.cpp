#include <hearth/gun/value.h>

namespace hearth::gun {

using codec::JsonKind;
using codec::JsonReader;

namespace {

// {"#": soul}, and nothing else.
Value read_link(JsonReader& reader) {
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  std::size_t members = 0;
  std::string_view soul;
  while (reader.next_member(place, key)) {
    ++members;
    if (key == "#" && reader.peek() == '"') {
      soul = reader.string();
    } else {
      reader.skip();
    }
  }
  if (members != 1 || soul.empty()) return {};
  std::string& json = reader.arena().make();
  json = "{\"#\":";
  codec::append_json_string(json, soul);
  json += '}';
  return {.kind = ValueKind::link, .json = json};
}

}  // namespace

Value read_value(JsonReader& reader) {
  if (reader.peek() == '{') return read_link(reader);
  const codec::JsonValue value = reader.value();
  switch (value.kind) {
    case JsonKind::null:
      return {.kind = ValueKind::null, .json = value.text};
    case JsonKind::boolean:
      return {.kind = ValueKind::boolean, .json = value.text};
    case JsonKind::number:
      return {.kind = ValueKind::number, .json = value.text};
    case JsonKind::string:
      return {.kind = ValueKind::string, .json = value.text};
    case JsonKind::other:
      break;
  }
  return {};
}

std::optional<std::string_view> link_of(std::string_view json, codec::TextArena& arena) {
  if (!json.starts_with("{\"#\":")) return std::nullopt;
  return codec::string_of(json.substr(5, json.size() - 6), arena);
}

}  // namespace hearth::gun
