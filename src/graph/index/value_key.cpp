#include <bit>

#include <hearth/base/bytes.h>
#include <hearth/crypto/sha2.h>
#include <hearth/graph_index/value_key.h>

namespace hearth::graph_index {
namespace {

using model::Value;

// The first byte says what follows. Numbers: the bits of the double, turned so that they ascend.
// Strings: their bytes, a zero as 00 ff, and at the end 00 01, or 00 02 and a hash.
enum Tag : char { null = 1, no, yes, number, text, bytes, link };

constexpr char escaped_zero = '\xff';
constexpr char whole = '\x01';
constexpr char cut = '\x02';
constexpr std::uint64_t sign = std::uint64_t{1} << 63;
constexpr std::size_t hash_size = 32;

void append_escaped(std::string& to, std::string_view part) {
  for (const char byte : part) {
    to += byte;
    if (byte == '\0') to += escaped_zero;
  }
}

void append_string(std::string& to, Tag tag, std::string_view all) {
  to.push_back(static_cast<char>(tag));
  append_escaped(to, all.substr(0, max_indexed_size));
  to += '\0';
  to += all.size() > max_indexed_size ? cut : whole;
  if (all.size() > max_indexed_size) to += as_text(crypto::sha256(as_bytes(all)));
}

struct String {
  Tag tag;
  std::string_view bytes;
};

std::optional<String> string_in(const Value& value) {
  if (const auto* of_text = std::get_if<std::string>(&value)) return String{text, *of_text};
  if (const auto* of_bytes = std::get_if<Bytes>(&value)) return String{bytes, as_text(*of_bytes)};
  if (const auto* of_link = std::get_if<model::Link>(&value)) return String{link, of_link->soul};
  return std::nullopt;
}

void append_number(std::string& to, double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  bits = (bits & sign) != 0 ? ~bits : bits | sign;
  Bytes digits;
  Writer{digits}.u64_be(bits);
  to += as_text(digits);
}

std::optional<ReadKey> read_number(std::string_view digits) {
  const auto read = Reader{as_bytes(digits)}.u64_be();
  if (!read) return std::nullopt;
  const std::uint64_t bits = (*read & sign) != 0 ? *read & ~sign : ~*read;
  const Value value = std::bit_cast<double>(bits);
  if (!model::is_valid(value)) return std::nullopt;
  return ReadKey{1 + sizeof bits, value};
}

std::optional<ReadKey> read_string(Tag tag, std::string_view rest) {
  std::string all;
  std::size_t at = 0;
  while (true) {
    const std::size_t zero = rest.find('\0', at);
    if (zero == std::string_view::npos || zero + 1 == rest.size()) return std::nullopt;
    all += rest.substr(at, zero - at);
    at = zero + 2;
    if (rest[zero + 1] == whole) break;
    if (rest[zero + 1] == cut) {
      if (all.size() != max_indexed_size || rest.size() - at < hash_size) return std::nullopt;
      return ReadKey{1 + at + hash_size, std::nullopt};
    }
    if (rest[zero + 1] != escaped_zero) return std::nullopt;
    all += '\0';
  }
  if (all.size() > max_indexed_size) return std::nullopt;
  Value value = tag == text    ? Value{std::move(all)}
                : tag == bytes ? Value{to_bytes(all)}
                               : Value{model::Link{std::move(all)}};
  if (!model::is_valid(value)) return std::nullopt;
  return ReadKey{1 + at, std::move(value)};
}

}  // namespace

void append_value_key(std::string& to, const Value& value) {
  if (const auto string = string_in(value)) {
    append_string(to, string->tag, string->bytes);
  } else if (const auto* of_number = std::get_if<double>(&value)) {
    to.push_back(static_cast<char>(number));
    append_number(to, *of_number);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    to.push_back(static_cast<char>(*boolean ? yes : no));
  } else {
    to.push_back(static_cast<char>(null));
  }
}

std::optional<std::string> prefix_key(const Value& beginning) {
  const auto string = string_in(beginning);
  if (!string || string->bytes.size() > max_indexed_size) return std::nullopt;
  std::string key{string->tag};
  append_escaped(key, string->bytes);
  return key;
}

std::string kind_key(const Value& value) {
  std::string key;
  append_value_key(key, value);
  key.resize(1);
  return key;
}

std::optional<ReadKey> read_value_key(std::string_view key) {
  if (key.empty()) return std::nullopt;
  switch (key[0]) {
    case null:
      return ReadKey{1, Value{model::Null{}}};
    case no:
    case yes:
      return ReadKey{1, Value{key[0] == yes}};
    case number:
      return read_number(key.substr(1));
    case text:
    case bytes:
    case link:
      return read_string(static_cast<Tag>(key[0]), key.substr(1));
    default:
      return std::nullopt;
  }
}

}  // namespace hearth::graph_index
