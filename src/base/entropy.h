#pragma once
// Randomness as the cores see it: handed in by the driver, seeded in the simulator.

#include <array>
#include <cstddef>

#include <hearth/base/bytes.h>

namespace hearth {

class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills `out` with unpredictable bytes. Never fails: a driver without randomness must not start.
  virtual void fill(MutableBytes out) = 0;

  template <std::size_t Size>
  [[nodiscard]] std::array<std::byte, Size> array() {
    std::array<std::byte, Size> out;
    fill(out);
    return out;
  }
  [[nodiscard]] std::uint64_t u64() {
    std::uint64_t value = 0;
    for (const std::byte b : array<8>()) value = (value << 8) | std::to_integer<std::uint64_t>(b);
    return value;
  }
};

}  // namespace hearth
