#pragma once
// Distinct types over one representation: an id of one kind is never taken for another.

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace hearth {

/// `using StreamId = Strong<struct StreamIdTag, std::uint32_t>;` Explicit in, explicit out.
template <class Tag, class T>
class Strong {
 public:
  using Value = T;
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(std::move(value)) {}
  [[nodiscard]] constexpr const T& value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  T value_{};
};

}  // namespace hearth

template <class Tag, class T>
struct std::hash<hearth::Strong<Tag, T>> {
  std::size_t operator()(const hearth::Strong<Tag, T>& id) const {
    return std::hash<T>{}(id.value());
  }
};
