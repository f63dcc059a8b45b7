#pragma once
// A token bucket in whole tokens: what is free of charge at first and slow afterwards.

#include <algorithm>
#include <cstdint>

#include <hearth/base/time.h>

namespace hearth::yamux {

class Rate {
 public:
  Rate(std::int64_t burst, std::int64_t per_second, Instant now)
      : tokens_(burst), burst_(burst), per_second_(per_second), refilled_(now) {}

  /// False when that is more than the rate allows.
  [[nodiscard]] bool take(Instant now) {
    const std::int64_t seconds = (now - refilled_) / std::chrono::seconds{1};
    if (seconds > 0) {
      tokens_ = std::min(burst_, tokens_ + std::min(seconds, burst_) * per_second_);
      refilled_ += std::chrono::seconds{seconds};
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  std::int64_t tokens_, burst_, per_second_;
  Instant refilled_;
};

}  // namespace hearth::yamux
