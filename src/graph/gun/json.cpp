#include <bitset>

#include <hearth/codec/jsnumber.h>
#include <hearth/gun/json.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& to, std::uint32_t point) {
  const auto add = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | (point >> 6));
    add(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    add(0xe0 | (point >> 12));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  } else {
    add(0xf0 | (point >> 18));
    add(0x80 | ((point >> 12) & 0x3f));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  }
}

/// Four hexadecimal digits at `index`; -1 when they aren't there.
int code_unit(std::string_view raw, std::size_t index) {
  if (raw.size() - index < 4) return -1;
  int unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(raw[index + i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_number_character(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// Whether JSON.stringify writes this number as it stands.
bool is_plain_integer(std::string_view text) {
  if (text.size() > 15) return false;  // all of fewer digits are exact
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return false;
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return true;
}

}  // namespace

char JsonReader::peek() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  return failed_ || at_ == end_ ? '\0' : *at_;
}

bool JsonReader::take(char c) {
  if (peek() == c && at_ != end_) {
    ++at_;
    return true;
  }
  failed_ = true;
  return false;
}

JsonReader::Place JsonReader::enter(char bracket) {
  (void)take(bracket);
  return {};
}

bool JsonReader::next_member(Place& place, std::string_view& key) {
  if (peek() == '}') {
    ++at_;
    return false;
  }
  if (!place.first && !take(',')) return false;
  place.first = false;
  key = string();
  return take(':');
}

bool JsonReader::next_raw_member(Place& place, std::string_view& key) {
  if (peek() == '}') {
    ++at_;
    return false;
  }
  if (!place.first && !take(',')) return false;
  place.first = false;
  if (!take('"')) return false;
  (void)scan_string(key);
  return take(':');
}

bool JsonReader::next_element(Place& place) {
  if (peek() == ']') {
    ++at_;
    return false;
  }
  if (!place.first && !take(',')) return false;
  place.first = false;
  return ok();
}

bool JsonReader::scan_string(std::string_view& raw) {
  const char* const begin = at_;
  bool plain = true;
  while (true) {
    at_ += find_escaped({at_, static_cast<std::size_t>(end_ - at_)});
    if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) break;
    if (*at_ == '"') {
      raw = {begin, static_cast<std::size_t>(at_ - begin)};
      ++at_;
      return plain;
    }
    plain = false;
    if (end_ - at_ < 2) break;
    at_ += 2;  // a backslash, and what may be a quote
  }
  failed_ = true;
  raw = {};
  return true;
}

std::string_view JsonReader::unescape(std::string_view raw) {
  std::string& text = arena_->make();
  text.reserve(raw.size());
  std::size_t i = 0;
  while (i < raw.size()) {
    const std::size_t slash = raw.find('\\', i);
    text += raw.substr(i, slash - i);
    if (slash == std::string_view::npos) break;
    const char kind = raw[slash + 1];
    i = slash + 2;
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    if (const std::size_t place = letters.find(kind); place != std::string_view::npos) {
      text += meant[place];
      continue;
    }
    const int unit = kind == 'u' ? code_unit(raw, i) : -1;
    if (unit < 0) {
      failed_ = true;
      return {};
    }
    i += 4;
    auto point = static_cast<std::uint32_t>(unit);
    if (unit >= 0xd800 && unit < 0xe000) {
      const int second = raw.substr(i).starts_with("\\u") ? code_unit(raw, i + 2) : -1;
      if (unit < 0xdc00 && second >= 0xdc00 && second < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (static_cast<std::uint32_t>(second) - 0xdc00);
        i += 6;
      } else {
        lone_surrogate_ = true;
        point = 0xfffd;
      }
    }
    append_utf8(text, point);
  }
  return text;
}

std::string_view JsonReader::string() {
  if (!take('"')) return {};
  std::string_view raw;
  return scan_string(raw) ? raw : unescape(raw);
}

std::string_view JsonReader::scan_number() {
  (void)peek();
  const char* const begin = at_;
  while (at_ != end_ && is_number_character(*at_)) ++at_;
  return {begin, static_cast<std::size_t>(at_ - begin)};
}

std::optional<double> JsonReader::number() {
  const char first = peek();
  if (first != '-' && (first < '0' || first > '9')) {
    skip();
    return std::nullopt;
  }
  const auto value = codec::parse_js_number(scan_number());
  if (!value) failed_ = true;
  return value;
}

void JsonReader::word(std::string_view expected) {
  if (std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.starts_with(expected))
    at_ += expected.size();
  else
    failed_ = true;
}

void JsonReader::skip_scalar(char first) {
  std::string_view raw;
  switch (first) {
    case '"':
      ++at_;
      if (!scan_string(raw)) {
        const bool lone = lone_surrogate_;
        (void)unescape(raw);  // for its errors alone
        lone_surrogate_ = lone;
      }
      return;
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default: {
      const std::string_view text = scan_number();
      if (!is_plain_integer(text) && !codec::parse_js_number(text)) failed_ = true;
    }
  }
}

std::string_view JsonReader::skip() {
  (void)peek();
  const char* const begin = at_;
  std::bitset<max_depth> is_object;
  std::size_t depth = 0;
  do {
    const char first = peek();
    if (first == '{' || first == '[') {
      if (depth == max_depth) {
        failed_ = true;
        break;
      }
      is_object[depth++] = first == '{';
      ++at_;
      const char closing = first == '{' ? '}' : ']';
      if (peek() == closing) {
        --depth;
        ++at_;
      } else {
        if (first == '{') {
          (void)string();
          (void)take(':');
        }
        continue;
      }
    } else {
      skip_scalar(first);
    }
    // A value has ended: so may what holds it.
    while (ok() && depth > 0) {
      const char next = peek();
      if (next == ',') {
        ++at_;
        if (is_object[depth - 1]) {
          (void)string();
          (void)take(':');
        }
        break;
      }
      if (!take(is_object[depth - 1] ? '}' : ']')) break;
      --depth;
    }
  } while (ok() && depth > 0);
  return {begin, static_cast<std::size_t>(at_ - begin)};
}

Value JsonReader::link() {
  Place place = enter('{');
  std::string_view key;
  std::size_t members = 0;
  std::string_view soul;
  while (next_member(place, key)) {
    ++members;
    if (key == "#" && peek() == '"')
      soul = string();
    else
      skip();
  }
  if (members != 1 || soul.empty()) return {};
  std::string& json = arena_->make();
  json = "{\"#\":";
  append_json_string(json, soul);
  json += '}';
  return {.kind = ValueKind::link, .json = json};
}

Value JsonReader::value() {
  const char first = peek();
  switch (first) {
    case '"': {
      ++at_;
      const char* const begin = at_ - 1;
      std::string_view raw;
      if (scan_string(raw))
        return {.kind = ValueKind::string, .json = {begin, static_cast<std::size_t>(at_ - begin)}};
      std::string& json = arena_->make();
      append_json_string(json, unescape(raw));
      return {.kind = ValueKind::string, .json = json};
    }
    case '{':
      return link();
    case '[':
      skip();
      return {};
    case 't':
      word("true");
      return {.kind = ValueKind::boolean, .json = "true"};
    case 'f':
      word("false");
      return {.kind = ValueKind::boolean, .json = "false"};
    case 'n':
      word("null");
      return {.kind = ValueKind::null, .json = "null"};
    default: {
      const std::string_view text = scan_number();
      if (is_plain_integer(text) && text != "-0") return {.kind = ValueKind::number, .json = text};
      const auto number = codec::parse_js_number(text);
      if (!number) {
        failed_ = true;
        return {};
      }
      std::string& json = arena_->make();
      codec::append_js_number(json, *number);
      return {.kind = ValueKind::number, .json = json};
    }
  }
}

std::optional<std::string_view> string_of(std::string_view json, TextArena& arena) {
  if (!json.starts_with('"')) return std::nullopt;
  JsonReader reader{json, arena};
  const std::string_view text = reader.string();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return text;
}

std::optional<std::string_view> link_of(std::string_view json, TextArena& arena) {
  if (!json.starts_with("{\"#\":")) return std::nullopt;
  return string_of(json.substr(5, json.size() - 6), arena);
}

}  // namespace hearth::gun
