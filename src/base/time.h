#pragma once
// Time as the cores see it: handed in, never read. MonotonicClock has no now() on purpose.

#include <chrono>
#include <compare>
#include <cstdint>

namespace hearth {

struct MonotonicClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

/// A moment on this machine's monotonic clock. Never leaves the machine.
using Instant = MonotonicClock::time_point;
using Duration = MonotonicClock::duration;

/// Wall-clock time, milliseconds since 1970-01-01T00:00:00Z. From peers: never trusted to be sane.
struct Timestamp {
  std::int64_t ms = 0;

  [[nodiscard]] static constexpr Timestamp from_seconds(std::int64_t seconds) {
    return {.ms = seconds * 1000};
  }
  /// Seconds, rounded down.
  [[nodiscard]] constexpr std::int64_t seconds() const {
    return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
  }
  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

}  // namespace hearth
