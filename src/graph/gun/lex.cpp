#include <hearth/codec/json.h>
#include <hearth/gun/lex.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using codec::JsonReader;

bool Lex::matches(std::string_view text) const {
  if (exact) return text == *exact;
  if (prefix) return text.starts_with(*prefix);
  if (!from && !to) return false;
  return (!from || compare_utf16(text, *from) >= 0) && (!to || compare_utf16(text, *to) <= 0);
}

std::optional<Lex> read_lex(JsonReader& reader) {
  Lex lex;
  if (reader.peek() == '"') {
    lex.exact = reader.string();
    return lex;
  }
  if (reader.peek() != '{') {
    reader.skip();
    return std::nullopt;
  }
  JsonReader::Place place = reader.enter('{');
  std::string_view key;
  while (reader.next_member(place, key)) {
    if (key == "-") {
      lex.reverse = true;
      reader.skip();
    } else if (reader.peek() != '"') {
      reader.skip();
    } else {
      const std::string_view text = reader.string();
      if (key == "=") lex.exact = text;
      if (key == "*") lex.prefix = text;
      if (key == ">") lex.from = text;
      if (key == "<") lex.to = text;
    }
  }
  return lex;
}

}  // namespace hearth::gun
