#pragma once
// What a register, a set or a list holds (docs/protocol/graph.md, section 1).

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/cbor.h>

namespace hearth::model {

inline constexpr std::size_t max_soul_size = 1024;      ///< bytes; at least 1
inline constexpr std::size_t max_property_size = 1024;  ///< bytes; any text, the empty one too
inline constexpr std::size_t max_value_size = 1 << 20;  ///< bytes of a text or byte string
/// Integers up to here are exact in a double.
inline constexpr std::int64_t max_integer = (std::int64_t{1} << 53) - 1;

enum class ModelError : std::uint8_t {
  malformed,      ///< not CBOR, or not deterministic
  wrong_shape,    ///< another kind of item than a value
  not_canonical,  ///< a number in the form that is not its own
  too_large,
  empty,  ///< a soul without a byte
};

struct Null {
  friend auto operator<=>(Null, Null) = default;
};

/// To a node, which need not exist. The soul is valid (is_soul).
struct Link {
  std::string soul;
  friend auto operator<=>(const Link&, const Link&) = default;
};

/// A double is finite and never -0; texts are valid UTF-8.
using Value = std::variant<Null, bool, double, std::string, Bytes, Link>;

/// Nothing for NaN and infinities; -0 becomes 0.
[[nodiscard]] std::optional<Value> number(double value);
/// 1 to max_soul_size bytes of UTF-8.
[[nodiscard]] bool is_soul(std::string_view text);
[[nodiscard]] bool is_property(std::string_view text);
/// Whether `value` keeps the rules above: for values that come from an application.
[[nodiscard]] bool is_valid(const Value& value);

/// The order among values of one state: bytes above everything else and bytewise; all others by
/// their JSON text, in UTF-16 code units. Equal values alone are equal.
[[nodiscard]] std::strong_ordering compare(const Value& a, const Value& b);
/// JSON.stringify's text. Not of bytes.
void append_json(std::string& to, const Value& value);
/// Two texts of valid UTF-8, as JavaScript's < has it.
[[nodiscard]] std::strong_ordering compare_utf16(std::string_view a, std::string_view b);

void write(codec::CborWriter& to, const Value& value);
[[nodiscard]] Result<Value, ModelError> read_value(codec::CborReader& from);
/// A finite number in its own form: an integer up to max_integer, else a float.
void write_number(codec::CborWriter& to, double value);
[[nodiscard]] Result<double, ModelError> read_number(codec::CborReader& from);
[[nodiscard]] Result<std::string_view, ModelError> read_soul(codec::CborReader& from);
[[nodiscard]] Result<std::string_view, ModelError> read_property(codec::CborReader& from);

}  // namespace hearth::model
