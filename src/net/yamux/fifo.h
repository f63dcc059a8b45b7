#pragma once
// A first-in, first-out queue that costs nothing while empty (std::deque holds 576 bytes).

#include <cstddef>
#include <utility>
#include <vector>

namespace hearth::yamux {

/// Bounded by its user.
template <class T>
class Fifo {
 public:
  void push(T value) { items_.push_back(std::move(value)); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
  [[nodiscard]] const T& front() const { return items_[head_]; }
  T pop() {
    T value = std::move(items_[head_++]);
    if (head_ == items_.size()) {
      clear();
    } else if (head_ >= 64 && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return value;
  }
  void clear() {
    head_ = 0;
    // Room for a handful is kept: most queues fill and empty all the time.
    if (items_.capacity() > 16) items_ = {};
    items_.clear();
  }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace hearth::yamux
