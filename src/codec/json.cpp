#include <bit>
#include <bitset>
#include <cstring>

#include <hearth/codec/jsnumber.h>
#include <hearth/codec/json.h>

namespace hearth::codec {

namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t highs = 0x8080808080808080;

/// The highest bit of each byte that is zero; beyond the first such byte it may err.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - ones) & ~word & highs;
}

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

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
  const auto value = parse_js_number(scan_number());
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
      if (!is_plain_integer(text) && !parse_js_number(text)) failed_ = true;
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

JsonValue JsonReader::value() {
  const JsonValue scanned = scan_value();
  return failed_ ? JsonValue{} : scanned;
}

JsonValue JsonReader::scan_value() {
  const char first = peek();
  switch (first) {
    case '"': {
      ++at_;
      const char* const begin = at_ - 1;
      std::string_view raw;
      if (scan_string(raw))
        return {.kind = JsonKind::string, .text = {begin, static_cast<std::size_t>(at_ - begin)}};
      std::string& json = arena_->make();
      append_json_string(json, unescape(raw));
      return {.kind = JsonKind::string, .text = json};
    }
    case '{':
    case '[':
      skip();
      return {};
    case 't':
      word("true");
      return {.kind = JsonKind::boolean, .text = "true"};
    case 'f':
      word("false");
      return {.kind = JsonKind::boolean, .text = "false"};
    case 'n':
      word("null");
      return {.kind = JsonKind::null, .text = "null"};
    default: {
      const std::string_view text = scan_number();
      if (is_plain_integer(text) && text != "-0") return {.kind = JsonKind::number, .text = text};
      const auto number = parse_js_number(text);
      if (!number) {
        failed_ = true;
        return {};
      }
      std::string& json = arena_->make();
      append_js_number(json, *number);
      return {.kind = JsonKind::number, .text = json};
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

std::size_t find_escaped(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t found = ((word - ones * 0x20) & ~word & highs) |
                                zero_bytes(word ^ (ones * '"')) | zero_bytes(word ^ (ones * '\\'));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  for (; at < text.size(); ++at)
    if (byte_at(text, at) < 0x20 || text[at] == '"' || text[at] == '\\') break;
  return at;
}

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  while (true) {
    const std::size_t plain = find_escaped(text);
    to += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    constexpr std::string_view named = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    to += '\\';
    if (const std::size_t place = named.find(c); place != std::string_view::npos) {
      to += letters[place];
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      to += "u00";
      to += digits[static_cast<std::uint8_t>(c) >> 4];
      to += digits[static_cast<std::uint8_t>(c) & 15];
    }
    text.remove_prefix(plain + 1);
  }
  to += '"';
}

}  // namespace hearth::codec
