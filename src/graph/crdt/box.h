#pragma once
// A value that is mostly absent, on the heap, copied with its owner.

#include <memory>
#include <utility>

namespace hearth::crdt {

template <class T>
class Box {
 public:
  Box() = default;
  Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(Box other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~Box() = default;

  /// Made when there is none.
  T& get() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }
  void reset() { value_ = nullptr; }
  explicit operator bool() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace hearth::crdt
