#pragma once
// A set of numbers as sorted ranges: which TSNs came, which were acknowledged.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace hearth::sctp {

/// Both ends belong to it.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

/// Ranges never touch or overlap. Finding is logarithmic, adding in the middle linear, adding at
/// the end constant, which is what happens nearly always.
class Ranges {
 public:
  /// Whether it wasn't there.
  bool add(std::uint64_t number);
  /// Calls `is_new(Range)` for each part of `range` that wasn't there, in order, and adds it.
  template <class Visitor>
  void add(Range range, Visitor is_new) {
    std::uint64_t next = range.first;
    for (std::size_t i = first_ending_at(range.first);
         i < ranges_.size() && ranges_[i].first <= range.last; ++i) {
      if (next < ranges_[i].first) is_new(Range{next, ranges_[i].first - 1});
      next = ranges_[i].last + 1;
    }
    if (next <= range.last) is_new(Range{next, range.last});
    insert(range);
  }
  [[nodiscard]] bool contains(std::uint64_t number) const;
  /// Removes all up to `last`.
  void remove_to(std::uint64_t last);
  void clear() { ranges_ = {}; }

  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::size_t size() const { return ranges_.size(); }
  [[nodiscard]] const Range& operator[](std::size_t index) const { return ranges_[index]; }
  [[nodiscard]] const Range& front() const { return ranges_.front(); }
  [[nodiscard]] const Range& back() const { return ranges_.back(); }
  [[nodiscard]] auto begin() const { return ranges_.begin(); }
  [[nodiscard]] auto end() const { return ranges_.end(); }

 private:
  /// The first range whose last number is at least `number`.
  [[nodiscard]] std::size_t first_ending_at(std::uint64_t number) const;
  void insert(Range range);

  std::vector<Range> ranges_;
};

}  // namespace hearth::sctp
