#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/codec/json.h>
#include <hearth/gun/radata.h>

namespace hearth::gun {

using codec::JsonReader;
using codec::TextArena;

namespace {

constexpr char separator = '\x1b';  // between soul and property

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= FrameParser::max_name_bytes;
}

/// {":": value, ">": state}
Property read_leaf(JsonReader& reader) {
  Property property;
  if (reader.peek() != '{') {
    reader.skip();
    return property;
  }
  Value value;
  std::optional<double> state;
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == ":")
      value = read_value(reader);
    else if (key == ">")
      state = reader.number();
    else
      reader.skip();
  }
  if (!state || reader.had_lone_surrogate()) value = {};
  property.value = value;
  property.state = state.value_or(0);
  return property;
}

}  // namespace

Result<Unit, RadError> read_rad(
    std::string_view file,
    const std::function<void(std::string_view soul, const Property&)>& visit) {
  if (!is_utf8(as_bytes(file))) return Failure{RadError::not_rad};
  TextArena arena;
  JsonReader reader{file, arena};
  // Pieces of a key are cut between UTF-16 units, so also within a surrogate pair: only the whole
  // can be decoded.
  std::string path;
  struct Level {
    JsonReader::Place place;
    std::size_t path_size;
  };
  std::vector<Level> open{{reader.enter('{'), 0}};
  while (!open.empty() && reader.ok()) {
    path.resize(open.back().path_size);
    std::string_view piece;
    if (!reader.next_raw_member(open.back().place, piece)) {
      open.pop_back();
      continue;
    }
    if (!piece.empty()) {
      if (reader.peek() != '{' || open.size() == JsonReader::max_depth) {
        reader.skip();
        continue;
      }
      path += piece;
      open.push_back({reader.enter('{'), path.size()});
      continue;
    }
    arena.clear();
    reader.forget_lone_surrogate();
    Property property = read_leaf(reader);
    if (!reader.ok()) break;
    std::string quoted = "\"" + path + "\"";
    JsonReader key_reader{quoted, arena};
    const std::string_view key = key_reader.string();
    const std::size_t cut = key.find(separator);
    const std::string_view soul = key.substr(0, cut);
    property.name = cut == std::string_view::npos ? std::string_view{} : key.substr(cut + 1);
    if (!key_reader.ok() || key_reader.had_lone_surrogate() || !is_name(soul) ||
        !is_name(property.name))
      property.value = {};
    visit(soul, property);
  }
  if (!reader.ok() || !reader.at_end()) return Failure{RadError::not_rad};
  return Unit{};
}

}  // namespace hearth::gun
