#pragma once
// JSON (RFC 8259), read once from front to back: strict, without recursion, without a tree. Scalars
// come out as JavaScript's JSON.stringify would write them, since there is one such text for each.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::codec {

/// Holds texts that had to be written anew (escapes) for as long as a frame is looked at.
class TextArena {
 public:
  std::string& make() { return texts_.emplace_back(); }
  void clear() { texts_.clear(); }

 private:
  std::deque<std::string> texts_;
};

enum class JsonKind : std::uint8_t { null, boolean, number, string, other };

struct JsonValue {
  JsonKind kind = JsonKind::other;  ///< other: an object or an array
  std::string_view text;            ///< as JSON.stringify writes it; nothing of others
};

/// Reads a text that is UTF-8. After the first error everything is refused: look at ok() in the
/// end. What it returns borrows from the text or from the arena.
class JsonReader {
 public:
  /// Deeper nesting than this is an error.
  static constexpr std::size_t max_depth = 512;

  JsonReader(std::string_view text, TextArena& arena)
      : at_(text.data()), end_(text.data() + text.size()), arena_(&arena) {}

  [[nodiscard]] bool ok() const { return !failed_; }
  /// A string held half of a surrogate pair, which no UTF-8 can: it was read as U+FFFD.
  [[nodiscard]] bool had_lone_surrogate() const { return lone_surrogate_; }
  void forget_lone_surrogate() { lone_surrogate_ = false; }
  void fail() { failed_ = true; }
  [[nodiscard]] TextArena& arena() { return *arena_; }

  /// The first character of what comes next; 0 at the end.
  [[nodiscard]] char peek();
  /// Nothing but white space is left.
  [[nodiscard]] bool at_end() { return peek() == '\0' && at_ == end_; }

  /// Steps through an object or array: enter(), then next_member() or next_element() until false.
  struct Place {
    bool first = true;
  };
  /// Expects and consumes '{' or '['.
  Place enter(char bracket);
  [[nodiscard]] bool next_member(Place& place, std::string_view& key);
  [[nodiscard]] bool next_element(Place& place);
  /// The same as next_member(), but the key stays as it is written, escapes and all.
  [[nodiscard]] bool next_raw_member(Place& place, std::string_view& key);

  [[nodiscard]] std::string_view string();
  /// Nothing, and read over, when it is no number. One that is too large for a double is an error.
  [[nodiscard]] std::optional<double> number();
  /// Reads any value; objects and arrays are read over. After an error: other, and no text.
  [[nodiscard]] JsonValue value();
  /// Reads over any value, and gives its text as it stands.
  std::string_view skip();

 private:
  [[nodiscard]] bool take(char c);
  /// After the opening quote; `raw` gets everything up to the closing one, true when unescaped.
  [[nodiscard]] bool scan_string(std::string_view& raw);
  [[nodiscard]] std::string_view unescape(std::string_view raw);
  [[nodiscard]] std::string_view scan_number();
  [[nodiscard]] JsonValue scan_value();  ///< means nothing when it fails
  void skip_scalar(char first);
  void word(std::string_view expected);

  const char* at_;
  const char* end_;
  TextArena* arena_;
  bool failed_ = false;
  bool lone_surrogate_ = false;
};

/// The text of a string, decoded, if `json` is a string.
[[nodiscard]] std::optional<std::string_view> string_of(std::string_view json, TextArena& arena);

/// Where the first byte is that JSON.stringify would escape; text.size() when there is none.
[[nodiscard]] std::size_t find_escaped(std::string_view text);
/// Appends JSON.stringify(text), with its quotes. `text` is UTF-8.
void append_json_string(std::string& to, std::string_view text);

}  // namespace hearth::codec
