#include "json.h"

#include <algorithm>

#include <hearth/codec/base64.h>
#include <hearth/codec/jsnumber.h>

namespace hearth::graph_lines {

void JsonWriter::comma() {
  if (!is_first_) text_ += ',';
  is_first_ = false;
}

JsonWriter& JsonWriter::begin(char bracket) {
  comma();
  text_ += bracket;
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  text_ += bracket;
  is_first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  text(name);
  text_ += ':';
  is_first_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view text) {
  return value(std::string{text});
}

JsonWriter& JsonWriter::number(double value) {
  comma();
  codec::append_js_number(text_, value);
  return *this;
}

JsonWriter& JsonWriter::bytes(BytesView bytes) {
  return text(codec::base64url_encode(bytes));
}

JsonWriter& JsonWriter::value(const model::Value& value) {
  if (const auto* bytes = std::get_if<Bytes>(&value))
    return begin('{').key("bytes").bytes(*bytes).end('}');
  comma();
  model::append_json(text_, value);
  return *this;
}

bool JsonFields::done() {
  return levels_.empty() && reader_.at_end() && reader_.ok() && !reader_.had_lone_surrogate();
}

JsonFields& JsonFields::begin(char bracket) {
  step();
  const auto place = reader_.enter(bracket);
  levels_.push_back({.is_object = bracket == '{', .place = place});
  return *this;
}

void JsonFields::end() {
  if (more()) fail();
  if (!levels_.empty()) levels_.pop_back();
}

bool JsonFields::more() {
  if (!ok() || levels_.empty()) return false;
  Level& level = levels_.back();
  if (level.is_waiting || level.has_ended) return level.is_waiting;
  level.is_waiting = level.is_object ? reader_.next_member(level.place, level.key)
                                     : reader_.next_element(level.place);
  level.has_ended = !level.is_waiting;
  return level.is_waiting && ok();
}

void JsonFields::step() {
  if (levels_.empty() || levels_.back().is_object) return;
  if (!more()) fail();
  levels_.back().is_waiting = false;
}

std::string JsonFields::key() {
  if (!more()) {
    fail();
    return {};
  }
  levels_.back().is_waiting = false;
  return std::string{levels_.back().key};
}

JsonFields& JsonFields::named(std::string_view expected) {
  if (!has(expected)) fail();
  return *this;
}

bool JsonFields::has(std::string_view expected) {
  if (!more() || levels_.back().key != expected) return false;
  levels_.back().is_waiting = false;
  return true;
}

std::string JsonFields::text() {
  step();
  return std::string{reader_.string()};
}

double JsonFields::number() {
  step();
  const auto number = reader_.number();
  if (!number) fail();
  const auto value = model::number(number.value_or(0));
  return value ? std::get<double>(*value) : 0;
}

std::uint64_t JsonFields::count(std::uint64_t highest) {
  const double value = number();
  if (value < 0 || value > static_cast<double>(highest) || std::trunc(value) != value) {
    fail();
    return 0;
  }
  return static_cast<std::uint64_t>(value);
}

std::int64_t JsonFields::integer() {
  const double value = number();
  if (std::abs(value) > static_cast<double>(model::max_integer) || std::trunc(value) != value) {
    fail();
    return 0;
  }
  return static_cast<std::int64_t>(value);
}

Bytes JsonFields::bytes() {
  auto bytes = codec::base64url_decode(text());
  if (bytes) return std::move(*bytes);
  fail();
  return {};
}

model::Bytes32 JsonFields::bytes32() {
  const auto id = model::id_from<model::EntryId>(bytes());
  if (!id) fail();
  return id ? id->value() : model::Bytes32{};
}

model::Value JsonFields::value() {
  step();
  switch (reader_.peek()) {
    case '"':
      return std::string{reader_.string()};
    case '{': {
      levels_.push_back({.is_object = true, .place = reader_.enter('{')});
      model::Value value;
      if (has("#")) {
        value = model::Link{text()};
      } else {
        value = named("bytes").bytes();
      }
      end();
      return value;
    }
    case 't':
    case 'f':
    case 'n': {
      const codec::JsonValue word = reader_.value();
      if (word.kind == codec::JsonKind::boolean) return word.text == "true";
      if (word.kind != codec::JsonKind::null) fail();
      return model::Null{};
    }
    default: {
      const auto number = reader_.number();
      if (!number) fail();
      return model::number(number.value_or(0)).value_or(model::Null{});
    }
  }
}

bool JsonFields::null() {
  step();
  if (reader_.peek() == 'n') return reader_.value().kind == codec::JsonKind::null;
  if (!levels_.empty()) levels_.back().is_waiting = true;
  return false;
}

}  // namespace hearth::graph_lines
