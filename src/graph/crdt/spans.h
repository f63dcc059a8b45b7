#pragma once
// States by index, kept as spans: what one short operation says of many elements stays short.

#include <cstdint>
#include <optional>
#include <vector>

#include <hearth/model/stamp.h>

namespace hearth::crdt {

class Spans {
 public:
  struct Span {
    std::uint32_t begin = 0, end = 0;
    model::Stamp stamp;
    friend bool operator==(const Span&, const Span&) = default;
  };

  /// Every index in [begin, end) gets `stamp`, unless it has a higher one.
  void raise(std::uint32_t begin, std::uint32_t end, model::Stamp stamp);
  /// Forgets the index, and says what it had.
  std::optional<model::Stamp> take(std::uint32_t index);
  void purge(model::Stamp horizon);
  /// Ascending, disjoint, as few as can be.
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
  [[nodiscard]] bool empty() const { return spans_.empty(); }

 private:
  std::vector<Span> spans_;
};

}  // namespace hearth::crdt
