#pragma once
// Builds the `put` of a message, property by property.

#include <string>
#include <string_view>

#include <hearth/codec/jsnumber.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

class GraphText {
 public:
  /// Properties of one soul must follow one another.
  void add(std::string_view soul, std::string_view name, double state, std::string_view json) {
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
  [[nodiscard]] bool empty() const { return !open_ && graph_.empty(); }
  [[nodiscard]] std::size_t size() const { return graph_.size() + states_.size() + values_.size(); }
  /// The object {soul: node, …}; then it is empty again.
  [[nodiscard]] std::string finish() {
    close_node();
    std::string whole = "{" + graph_ + "}";
    graph_.clear();
    return whole;
  }

 private:
  void close_node() {
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

  std::string graph_;
  std::string states_;
  std::string values_;
  std::string soul_;
  bool open_ = false;
};

}  // namespace hearth::gun
