#pragma once
// Numbers as ECMAScript writes and reads them. HAM compares and SEA signs that text, so it must be
// the same on every replica: exact, without the C library's help (which WebAssembly would pay for).

#include <optional>
#include <string>
#include <string_view>

namespace hearth::codec {

/// Appends Number::toString(value) (ECMA-262 section 6.1.6.1.20): the shortest digits that read
/// back as the same double, "0" for -0, "NaN", "Infinity". At most 24 characters.
void append_js_number(std::string& to, double value);
[[nodiscard]] std::string js_number(double value);

/// Reads a number of JSON's grammar (RFC 8259 section 6), all of `text`, to the nearest double,
/// ties to even. Nothing when the grammar is broken or the value is too large for a double.
[[nodiscard]] std::optional<double> parse_js_number(std::string_view text);

}  // namespace hearth::codec
