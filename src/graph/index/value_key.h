#pragma once
// Values as texts of bytes whose order is that of the values.
//
//   null < false < true < numbers < texts < byte strings < links
//
// Numbers stand in their own order; texts and souls by their UTF-8 and byte strings, bytewise. Of
// what is longer than `max_indexed_size`, the first bytes count, and then its SHA-256: rows stay
// short, equal values stay equal, and long ones with one beginning stand in an order that means
// nothing. No key is the beginning of another.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/model/value.h>

namespace hearth::graph_index {

inline constexpr std::size_t max_indexed_size = 256;  ///< bytes

void append_value_key(std::string& to, const model::Value& value);
/// The beginning that the keys of all values have which begin so: of a text, a byte string or a
/// link, of max_indexed_size bytes at most. Nothing for other values.
[[nodiscard]] std::optional<std::string> prefix_key(const model::Value& beginning);
/// The beginning that the keys of all values of that kind have. Booleans are one kind.
[[nodiscard]] std::string kind_key(const model::Value& value);

struct ReadKey {
  std::size_t size = 0;               ///< of the key; what follows is the caller's
  std::optional<model::Value> value;  ///< nothing: it was too long to stand there
};
/// The key that `text` begins with. Nothing: it begins with none.
[[nodiscard]] std::optional<ReadKey> read_value_key(std::string_view text);

}  // namespace hearth::graph_index
