#include <hearth/codec/json.h>
#include <hearth/gun/format.h>
#include <hearth/gun/keys.h>
#include <hearth/gun/nodes.h>

namespace hearth::gun {

using codec::JsonReader;
using codec::TextArena;

namespace {

constexpr std::string_view version_key = "v";

bool is_canonical(std::string_view json) {
  TextArena arena;
  JsonReader reader{json, arena};
  const Value value = read_value(reader);
  return reader.ok() && reader.at_end() && value.kind != ValueKind::invalid && value.json == json;
}

/// Adds what a record holds; false when it is damaged.
bool count(std::string_view key, BytesView value, Verification& found) {
  if (key == version_key) return value.size() == 1;
  if (parse_deferred_key(key)) {
    ++found.deferred;
    return is_canonical(as_text(value));
  }
  const auto place = parse_node_key(key);
  if (!place || !is_utf8(as_bytes(place->soul)) || !is_utf8(as_bytes(place->name))) return false;
  if (place->name.empty()) ++found.nodes;
  bool sound = true;
  const bool read = read_record(*place, value, [&](const Held& held) {
    ++found.properties;
    sound &= is_utf8(as_bytes(held.name)) && is_canonical(held.json);
  });
  return read && sound;
}

std::string printable(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c >= 0x20 && c < 0x7f && c != '\\')
      text += c;
    else
      text += "\\x" + to_hex(as_bytes({&c, 1}));
  }
  return text;
}

}  // namespace

Result<Unit, FormatError> prepare_format(graph_store::Store& store) {
  const auto version = store.get(version_key);
  if (!version) return Failure{FormatError::store};
  if (*version) {
    if ((*version)->size() != 1 ||
        std::to_integer<std::uint8_t>((*version)->front()) > format_version)
      return Failure{FormatError::newer};
    return Unit{};
  }
  graph_store::Batch batch;
  const Bytes ours{std::byte{format_version}};
  batch.put(version_key, ours);
  if (!store.write(batch) || !store.sync()) return Failure{FormatError::store};
  return Unit{};
}

Verification verify(const graph_store::Store& store) {
  Verification found;
  std::string last;
  const auto note = [&found](std::string_view key) {
    ++found.damaged;
    if (found.damaged_keys.size() < 100) found.damaged_keys.push_back(printable(key));
  };
  const auto scanned = store.scan({}, [&](std::string_view key, BytesView value) {
    found.bytes += key.size() + value.size();
    if (!count(key, value, found)) note(key);
    last = key;
    return true;
  });
  if (!scanned) note("unreadable after " + last);
  return found;
}

}  // namespace hearth::gun
