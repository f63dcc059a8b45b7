#include <hearth/codec/jsnumber.h>
#include <hearth/codec/json.h>
#include <hearth/gun/answer.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using codec::append_json_string;

void GraphText::add(std::string_view soul, std::string_view name, double state,
                    std::string_view json) {
  if (!open_ || soul != soul_) {
    close_node();
    open_ = true;
    soul_ = soul;
  }
  if (!states_.empty()) states_ += ',';
  append_json_string(states_, name);
  states_ += ':';
  codec::append_js_number(states_, state);
  values_ += ',';
  append_json_string(values_, name);
  values_ += ':';
  values_ += json;
}

std::string GraphText::finish() {
  close_node();
  std::string whole = "{" + graph_ + "}";
  graph_.clear();
  return whole;
}

void GraphText::close_node() {
  if (!open_) return;
  if (!graph_.empty()) graph_ += ',';
  append_json_string(graph_, soul_);
  graph_ += ":{\"_\":{\"#\":";
  append_json_string(graph_, soul_);
  graph_ += ",\">\":{";
  graph_ += states_;
  graph_ += "}}";
  graph_ += values_;
  graph_ += '}';
  states_.clear();
  values_.clear();
  open_ = false;
}

}  // namespace hearth::gun
