#pragma once
// Memory that strangers can make us hold, counted.

#include <cstddef>

#include <hearth/base/assert.h>

namespace hearth::yamux {

/// A counter with a limit, shared by all connections of a host (one thread). A budget with a parent
/// counts there as well: one per connection or peer under one for all. Outlives what it counts.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit_bytes, MemoryBudget* parent = nullptr)
      : limit_(limit_bytes), parent_(parent) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// False, and nothing counted, when that would exceed this limit or a parent's.
  [[nodiscard]] bool reserve(std::size_t bytes) {
    if (bytes > limit_ || used_ > limit_ - bytes) return false;
    if (parent_ != nullptr && !parent_->reserve(bytes)) return false;
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
  std::size_t limit_;
  std::size_t used_ = 0;
  MemoryBudget* parent_;
};

}  // namespace hearth::yamux
