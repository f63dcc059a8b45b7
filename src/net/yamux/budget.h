#pragma once
// Memory that strangers can make us hold, counted.

#include <cstddef>

#include <hearth/base/assert.h>

namespace hearth::yamux {

/// A counter with a limit, shared by all connections of a host (one thread). A budget with a parent
/// counts there as well: one per connection or peer under one for all. Outlives what it counts.
///
/// A parent may keep a part for the modest: children that hold little. Those that have grown large
/// then fill the rest and no more, so they can't starve one that has just come.
class MemoryBudget {
 public:
  /// What a child may hold and still count as modest.
  static constexpr std::size_t modest_bytes = std::size_t{256} << 10;

  /// `for_modest_bytes` of the limit, at most, are kept for modest children.
  explicit MemoryBudget(std::size_t limit_bytes, MemoryBudget* parent = nullptr,
                        std::size_t for_modest_bytes = 0)
      : limit_(limit_bytes), for_modest_(for_modest_bytes), parent_(parent) {
    HEARTH_ASSERT(for_modest_bytes <= limit_bytes);
  }
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// False, and nothing counted, when that would exceed this limit or a parent's.
  [[nodiscard]] bool reserve(std::size_t bytes) {
    if (!has_room(bytes, limit_)) return false;
    if (parent_ != nullptr && !parent_->reserve_for_child(bytes, used_ + bytes <= modest_bytes))
      return false;
    used_ += bytes;
    return true;
  }
  /// Counts beyond the limit too: for small amounts without which nothing would move.
  void force(std::size_t bytes) {
    if (parent_ != nullptr) parent_->force(bytes);
    used_ += bytes;
  }
  void release(std::size_t bytes) {
    HEARTH_ASSERT(bytes <= used_);
    used_ -= bytes;
    if (parent_ != nullptr) parent_->release(bytes);
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  [[nodiscard]] bool has_room(std::size_t bytes, std::size_t limit) const {
    return bytes <= limit && used_ <= limit - bytes;
  }
  [[nodiscard]] bool reserve_for_child(std::size_t bytes, bool modest) {
    return has_room(bytes, modest ? limit_ : limit_ - for_modest_) && reserve(bytes);
  }

  std::size_t limit_;
  std::size_t for_modest_;
  std::size_t used_ = 0;
  MemoryBudget* parent_;
};

}  // namespace hearth::yamux
