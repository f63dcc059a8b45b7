#pragma once
// Private to this module: JSON with a known order of fields.

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/codec/json.h>
#include <hearth/model/id.h>
#include <hearth/model/value.h>

namespace hearth::graph_lines {

/// Commas are its own.
class JsonWriter {
 public:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view text);
  JsonWriter& number(double value);
  /// At most 2^53 - 1, as all counts of the formats.
  JsonWriter& count(std::uint64_t value) { return number(static_cast<double>(value)); }
  /// A text of base64url.
  JsonWriter& bytes(BytesView bytes);
  /// A link is {"#": soul}, bytes are {"bytes": base64url}.
  JsonWriter& value(const model::Value& value);
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void comma();

  std::string text_;
  bool is_first_ = true;
};

/// After the first thing that isn't as expected everything reads as nothing: look at ok() in the
/// end. `text` is UTF-8.
class JsonFields {
 public:
  explicit JsonFields(std::string_view text) : reader_(text, arena_) {}

  [[nodiscard]] bool ok() const { return reader_.ok(); }
  /// The same, and nothing is left.
  [[nodiscard]] bool done();
  void fail() { reader_.fail(); }

  JsonFields& begin(char bracket);
  /// What was begun is complete.
  void end();
  /// Another element or member.
  [[nodiscard]] bool more();
  [[nodiscard]] std::string key();
  /// The next member, which has to have that key.
  JsonFields& named(std::string_view expected);
  /// Whether the next member has that key; then it is stepped into.
  [[nodiscard]] bool has(std::string_view expected);

  [[nodiscard]] std::string text();
  [[nodiscard]] double number();
  [[nodiscard]] std::uint64_t count(
      std::uint64_t highest = static_cast<std::uint64_t>(model::max_integer));
  [[nodiscard]] std::int64_t integer();
  [[nodiscard]] Bytes bytes();
  [[nodiscard]] model::Bytes32 bytes32();
  [[nodiscard]] model::Value value();
  /// Whether a text comes next, after a key.
  [[nodiscard]] bool at_text() { return reader_.peek() == '"'; }
  /// Reads a null where there is one.
  [[nodiscard]] bool null();

 private:
  struct Level {
    bool is_object = false;
    codec::JsonReader::Place place;
    bool is_waiting = false;  // an element or member was stepped to
    bool has_ended = false;
    std::string_view key;
  };
  // To the next element, in an array.
  void step();

  codec::TextArena arena_;
  codec::JsonReader reader_;
  std::vector<Level> levels_;
};

}  // namespace hearth::graph_lines
