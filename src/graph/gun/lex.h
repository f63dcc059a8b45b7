#pragma once
// LEX: what gun's queries and certificates say about souls and properties.

#include <optional>
#include <string>
#include <string_view>

#include <hearth/codec/json.h>

namespace hearth::gun {

struct Lex {
  std::optional<std::string_view> exact;   ///< =
  std::optional<std::string_view> prefix;  ///< *
  std::optional<std::string_view> from;    ///< >, inclusive
  std::optional<std::string_view> to;      ///< <, inclusive
  bool reverse = false;                    ///< - is there

  /// False: it says nothing, and so matches nothing.
  [[nodiscard]] bool says_something() const { return exact || prefix || from || to; }
  /// gun's text.match, where `=` wins over `*`, and `*` over the bounds.
  [[nodiscard]] bool matches(std::string_view text) const;
};

/// Reads a string, or an object of a LEX; nothing, and read over, for anything else.
[[nodiscard]] std::optional<Lex> read_lex(codec::JsonReader& reader);

}  // namespace hearth::gun
