#pragma once
// Builds the `put` of a message, property by property.

#include <string>
#include <string_view>

namespace hearth::gun {

class GraphText {
 public:
  /// Properties of one soul must follow one another.
  void add(std::string_view soul, std::string_view name, double state, std::string_view json);
  [[nodiscard]] bool empty() const { return !open_ && graph_.empty(); }
  [[nodiscard]] std::size_t size() const { return graph_.size() + states_.size() + values_.size(); }
  /// The object {soul: node, …}; then it is empty again.
  [[nodiscard]] std::string finish();

 private:
  void close_node();

  std::string graph_;
  std::string states_;
  std::string values_;
  std::string soul_;
  bool open_ = false;
};

}  // namespace hearth::gun
