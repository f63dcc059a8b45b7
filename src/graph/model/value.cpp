#include <algorithm>
#include <cmath>

#include <hearth/base/assert.h>
#include <hearth/codec/jsnumber.h>
#include <hearth/model/value.h>

namespace hearth::model {
namespace {

using codec::CborKind;

bool is_small_integer(double value) {
  return std::abs(value) <= static_cast<double>(max_integer) && std::trunc(value) == value;
}

void append_quoted(std::string& to, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      case '\b':
        to += "\\b";
        break;
      case '\f':
        to += "\\f";
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      default:
        if (const auto code = static_cast<unsigned char>(c); code < 0x20) {
          to += "\\u00";
          to += digits[code >> 4];
          to += digits[code & 15];
        } else {
          to += c;
        }
    }
  }
  to += '"';
}

// The same order for bytes of UTF-8 as for UTF-16 units, once the lead bytes of what needs
// surrogates (F0 to F4) rank below those of U+E000 to U+FFFF (EE and EF).
constexpr int utf16_rank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0xee || byte == 0xef ? byte + 0x100 : byte;
}

template <class T>
Result<T, ModelError> shaped(Result<T, codec::CborError> read) {
  if (read) return std::move(*read);
  return Failure{read.error() == codec::CborError::wrong_type ? ModelError::wrong_shape
                                                              : ModelError::malformed};
}

}  // namespace

std::optional<Value> number(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return Value{value == 0 ? 0.0 : value};
}

bool is_soul(std::string_view text) {
  return !text.empty() && text.size() <= max_soul_size && is_utf8(as_bytes(text));
}

bool is_property(std::string_view text) {
  return text.size() <= max_property_size && is_utf8(as_bytes(text));
}

bool is_valid(const Value& value) {
  if (const auto* number = std::get_if<double>(&value))
    return std::isfinite(*number) && !(*number == 0 && std::signbit(*number));
  if (const auto* text = std::get_if<std::string>(&value))
    return text->size() <= max_value_size && is_utf8(as_bytes(*text));
  if (const auto* bytes = std::get_if<Bytes>(&value)) return bytes->size() <= max_value_size;
  if (const auto* link = std::get_if<Link>(&value)) return is_soul(link->soul);
  return true;
}

void append_json(std::string& to, const Value& value) {
  if (std::holds_alternative<Null>(value)) {
    to += "null";
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    to += *boolean ? "true" : "false";
  } else if (const auto* number = std::get_if<double>(&value)) {
    codec::append_js_number(to, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_quoted(to, *text);
  } else if (const auto* link = std::get_if<Link>(&value)) {
    to += "{\"#\":";
    append_quoted(to, link->soul);
    to += '}';
  } else {
    constexpr bool bytes_have_no_json_text = false;
    HEARTH_ASSERT(bytes_have_no_json_text);
  }
}

std::strong_ordering compare_utf16(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::ranges::mismatch(a, b);
  if (at_a == a.end() || at_b == b.end()) return a.size() <=> b.size();
  return utf16_rank(*at_a) <=> utf16_rank(*at_b);
}

std::strong_ordering compare(const Value& a, const Value& b) {
  const auto* bytes_a = std::get_if<Bytes>(&a);
  const auto* bytes_b = std::get_if<Bytes>(&b);
  if (bytes_a != nullptr && bytes_b != nullptr)
    return std::lexicographical_compare_three_way(bytes_a->begin(), bytes_a->end(),
                                                  bytes_b->begin(), bytes_b->end());
  if (bytes_a != nullptr || bytes_b != nullptr)
    return (bytes_a != nullptr) <=> (bytes_b != nullptr);
  if (a == b) return std::strong_ordering::equal;
  std::string text_a;
  std::string text_b;
  append_json(text_a, a);
  append_json(text_b, b);
  return compare_utf16(text_a, text_b);
}

void write_number(codec::CborWriter& to, double value) {
  if (is_small_integer(value)) {
    to.integer(static_cast<std::int64_t>(value));
  } else {
    to.floating(value);
  }
}

void write(codec::CborWriter& to, const Value& value) {
  if (std::holds_alternative<Null>(value)) {
    to.null();
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    to.boolean(*boolean);
  } else if (const auto* number = std::get_if<double>(&value)) {
    write_number(to, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    to.text(*text);
  } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
    to.bytes(*bytes);
  } else {
    to.array(1).text(std::get<Link>(value).soul);
  }
}

Result<double, ModelError> read_number(codec::CborReader& from) {
  HEARTH_TRY(const CborKind kind, shaped(from.peek()));
  if (kind == CborKind::floating) {
    HEARTH_TRY(const double value, shaped(from.floating()));
    if (is_small_integer(value)) return Failure{ModelError::not_canonical};
    return value;
  }
  const auto value = from.integer();
  if (!value)
    return Failure{value.error() == codec::CborError::out_of_range ? ModelError::not_canonical
                   : value.error() == codec::CborError::wrong_type ? ModelError::wrong_shape
                                                                   : ModelError::malformed};
  if (*value < -max_integer || *value > max_integer) return Failure{ModelError::not_canonical};
  return static_cast<double>(*value);
}

Result<std::string_view, ModelError> read_soul(codec::CborReader& from) {
  HEARTH_TRY(const std::string_view soul, shaped(from.text()));
  if (soul.empty()) return Failure{ModelError::empty};
  if (soul.size() > max_soul_size) return Failure{ModelError::too_large};
  return soul;
}

Result<std::string_view, ModelError> read_property(codec::CborReader& from) {
  HEARTH_TRY(const std::string_view property, shaped(from.text()));
  if (property.size() > max_property_size) return Failure{ModelError::too_large};
  return property;
}

Result<Value, ModelError> read_value(codec::CborReader& from) {
  HEARTH_TRY(const CborKind kind, shaped(from.peek()));
  switch (kind) {
    case CborKind::null:
      HEARTH_CHECK(shaped(from.null()));
      return Null{};
    case CborKind::boolean: {
      HEARTH_TRY(const bool value, shaped(from.boolean()));
      return value;
    }
    case CborKind::uint:
    case CborKind::negative:
    case CborKind::floating: {
      HEARTH_TRY(const double value, read_number(from));
      return value;
    }
    case CborKind::text: {
      HEARTH_TRY(const std::string_view value, shaped(from.text()));
      if (value.size() > max_value_size) return Failure{ModelError::too_large};
      return std::string{value};
    }
    case CborKind::bytes: {
      HEARTH_TRY(const BytesView value, shaped(from.bytes()));
      if (value.size() > max_value_size) return Failure{ModelError::too_large};
      return to_bytes(value);
    }
    case CborKind::array: {
      HEARTH_CHECK(shaped(from.array(1)));
      HEARTH_TRY(const std::string_view soul, read_soul(from));
      return Link{std::string{soul}};
    }
    case CborKind::map:
      break;
  }
  return Failure{ModelError::wrong_shape};
}

}  // namespace hearth::model
