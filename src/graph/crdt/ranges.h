#pragma once
// Sets of indices as ranges: what one short operation says of many elements stays short.

#include <cstdint>
#include <vector>

namespace hearth::crdt {

class Ranges {
 public:
  struct Range {
    std::uint32_t begin = 0, end = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };

  void add(std::uint32_t begin, std::uint32_t end);
  /// Takes the index out. False when it isn't in.
  bool take(std::uint32_t index);
  /// Ascending, disjoint, as few as can be.
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  std::vector<Range> ranges_;
};

}  // namespace hearth::crdt
