#include <algorithm>
#include <tuple>

#include <hearth/base/bytes.h>
#include <hearth/codec/json.h>
#include <hearth/gun/message.h>

namespace hearth::gun {

using codec::JsonReader;

namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= FrameParser::max_name_bytes;
}

/// Ids are strings; some peers send numbers, whose text serves as well.
std::string_view read_id(JsonReader& reader) {
  const char first = reader.peek();
  if (first == '"') return reader.string();
  const std::string_view text = reader.skip();
  return first == '-' || (first >= '0' && first <= '9') ? text : std::string_view{};
}

std::string_view read_text(JsonReader& reader) {
  if (reader.peek() == '"') return reader.string();
  reader.skip();
  return {};
}

/// Empties it; one large frame doesn't cost its memory for ever.
template <class T>
void start_anew(std::vector<T>& items) {
  if (items.capacity() > 16'384) items = {};
  items.clear();
}

void keep_first(PutError& error, PutError next) {
  if (error == PutError::none) error = next;
}

}  // namespace

std::string_view error_text(PutError error) {
  switch (error) {
    case PutError::none:
      return "";
    case PutError::not_a_graph:
      return "Invalid graph!";
    case PutError::no_meta:
      return "Invalid graph: a node without \"_\".";
    case PutError::soul_not_same:
      return "Invalid graph: soul not same.";
    case PutError::no_state:
      return "Invalid graph: no state.";
    case PutError::bad_value:
      return "Invalid graph: a value must be null, true, false, a number, a string or a link.";
    case PutError::bad_name:
      return "Invalid graph: a soul or property name is empty or too long.";
    case PutError::lone_surrogate:
      return "Invalid text: half of a surrogate pair.";
  }
  return "";
}

Result<std::span<const Message>, FrameError> FrameParser::parse(std::string_view frame) {
  arena_.clear();
  start_anew(messages_);
  start_anew(message_nodes_);
  start_anew(nodes_);
  start_anew(node_properties_);
  start_anew(properties_);
  if (!is_utf8(as_bytes(frame))) return Failure{FrameError::not_utf8};

  JsonReader reader{frame, arena_};
  if (reader.peek() == '{') {
    read_message(reader);
  } else if (reader.peek() == '[') {
    // Arrays in arrays are tolerated; how deep doesn't matter, as nothing is kept of them.
    std::vector<JsonReader::Place> open{reader.enter('[')};
    while (!open.empty() && reader.ok()) {
      if (!reader.next_element(open.back())) {
        open.pop_back();
      } else if (reader.peek() == '[') {
        if (open.size() == JsonReader::max_depth) return Failure{FrameError::syntax};
        open.push_back(reader.enter('['));
      } else if (reader.peek() == '{') {
        if (messages_.size() == max_messages) return Failure{FrameError::too_many};
        read_message(reader);
      } else {
        reader.skip();
      }
    }
  } else {
    reader.skip();
    return Failure{reader.ok() && reader.at_end() ? FrameError::not_messages : FrameError::syntax};
  }
  if (!reader.ok() || !reader.at_end()) return Failure{FrameError::syntax};

  // Only now do the vectors stay where they are.
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto [begin, end] = node_properties_[i];
    nodes_[i].properties = std::span{properties_}.subspan(begin, end - begin);
  }
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    const auto [begin, end] = message_nodes_[i];
    messages_[i].nodes = std::span{nodes_}.subspan(begin, end - begin);
  }
  return std::span<const Message>{messages_};
}

void FrameParser::read_message(JsonReader& reader) {
  Message message;
  Extent nodes{.begin = nodes_.size(), .end = nodes_.size()};
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == "#") {
      message.id = read_id(reader);
    } else if (key == "@") {
      message.answers = read_id(reader);
    } else if (key == "put") {
      read_put(reader, message, nodes);
    } else if (key == "get") {
      message.query = read_query(reader);
      message.bad_query = !message.query;
    } else if (key == "dam") {
      message.verb = read_text(reader);
    } else if (key == "pid") {
      message.pid = read_text(reader);
    } else if (key == "><") {
      message.also_sent_to = read_text(reader);
    } else if (key == "err") {
      message.is_error = reader.peek() != 'n';
      reader.skip();
    } else {
      reader.skip();
    }
  }
  nodes.end = nodes_.size();
  messages_.push_back(message);
  message_nodes_.push_back(nodes);
}

void FrameParser::read_put(JsonReader& reader, Message& message, Extent& nodes) {
  message.has_put = true;
  message.put_error = PutError::none;
  nodes.begin = nodes_.size();
  if (reader.peek() != '{') {
    message.put_error = PutError::not_a_graph;
    reader.skip();
    return;
  }
  reader.forget_lone_surrogate();
  JsonReader::Place place = reader.enter('{');
  std::string_view soul;
  while (reader.next_member(place, soul)) {
    if (!is_name(soul)) keep_first(message.put_error, PutError::bad_name);
    const std::size_t begin = properties_.size();
    keep_first(message.put_error, read_node(reader, soul));
    nodes_.push_back({.soul = soul, .properties = {}});
    node_properties_.push_back({.begin = begin, .end = properties_.size()});
  }
  if (reader.had_lone_surrogate()) keep_first(message.put_error, PutError::lone_surrogate);
}

PutError FrameParser::read_node(JsonReader& reader, std::string_view soul) {
  if (reader.peek() != '{') {
    reader.skip();
    return PutError::not_a_graph;
  }
  PutError error = PutError::none;
  bool has_meta = false;
  const std::size_t begin = properties_.size();
  start_anew(states_);
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == "_") {
      has_meta = true;
      states_.clear();
      keep_first(error, read_meta(reader, soul));
      continue;
    }
    if (!is_name(key)) keep_first(error, PutError::bad_name);
    const Value value = read_value(reader);
    if (value.kind == ValueKind::invalid) keep_first(error, PutError::bad_value);
    properties_.push_back({.name = key, .value = value});
  }
  if (!has_meta) keep_first(error, PutError::no_meta);
  if (error == PutError::none) error = join_states(begin);
  return error;
}

PutError FrameParser::read_meta(JsonReader& reader, std::string_view soul) {
  if (reader.peek() != '{') {
    reader.skip();
    return PutError::no_meta;
  }
  PutError error = PutError::soul_not_same;
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == "#") {
      if (read_text(reader) == soul) error = PutError::none;
    } else if (key == ">" && reader.peek() == '{') {
      JsonReader::Place states = reader.enter('{');
      std::string_view name;
      while (reader.next_member(states, name))
        states_.push_back({.name = name, .index = states_.size(), .state = reader.number()});
    } else {
      reader.skip();
    }
  }
  return error;
}

/// gun writes states in the order of the properties; others may not.
PutError FrameParser::join_states(std::size_t begin) {
  const std::size_t count = properties_.size() - begin;
  bool in_order = states_.size() >= count;
  for (std::size_t i = 0; in_order && i < count; ++i)
    in_order = states_[i].name == properties_[begin + i].name;
  if (!in_order)
    std::sort(states_.begin(), states_.end(), [](const State& a, const State& b) {
      return std::tie(a.name, a.index) < std::tie(b.name, b.index);
    });
  for (std::size_t i = 0; i < count; ++i) {
    Property& property = properties_[begin + i];
    const State* found = in_order ? &states_[i] : nullptr;
    if (!in_order) {
      // The last of several, as JSON.parse has it.
      const auto after =
          std::upper_bound(states_.begin(), states_.end(), property.name,
                           [](std::string_view name, const State& s) { return name < s.name; });
      if (after != states_.begin() && std::prev(after)->name == property.name)
        found = &*std::prev(after);
    }
    if (found == nullptr || !found->state) return PutError::no_state;
    property.state = *found->state;
  }
  return PutError::none;
}

std::optional<Query> FrameParser::read_query(JsonReader& reader) {
  if (reader.peek() != '{') {
    reader.skip();
    return std::nullopt;
  }
  Query query;
  bool has_soul = false;
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == "#" || key == ".") {
      query.is_lex |= reader.peek() == '{';
      const auto lex = read_lex(reader);
      if (!lex) continue;
      if (key == "#") {
        query.soul = *lex;
        has_soul = true;
      } else {
        query.property = *lex;
      }
    } else if (key == "%") {
      query.limit_bytes = reader.number();
    } else {
      reader.skip();
    }
  }
  if (!has_soul) return std::nullopt;
  return query;
}

}  // namespace hearth::gun
