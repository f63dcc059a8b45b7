#pragma once
// The round-trip time and the retransmission timeout (RFC 9260 §6.3.1).

#include <algorithm>
#include <optional>

#include <hearth/base/time.h>

namespace hearth::sctp {

class RoundTrip {
 public:
  static constexpr Duration initial_timeout = std::chrono::milliseconds{500};
  static constexpr Duration longest_timeout = std::chrono::seconds{10};
  /// Peers may keep an acknowledgement back for 200 ms.
  static constexpr Duration least_margin = std::chrono::milliseconds{220};

  void sample(Duration measured) {
    if (!smoothed_) {
      smoothed_ = measured;
      variation_ = measured / 2;
      shortest_ = measured;
    } else {
      const Duration error = measured > *smoothed_ ? measured - *smoothed_ : *smoothed_ - measured;
      variation_ = (3 * variation_ + error) / 4;
      smoothed_ = (7 * *smoothed_ + measured) / 8;
      shortest_ = std::min(shortest_, measured);
    }
    backoff_ = 1;
  }
  /// Each timeout in a row waits twice as long.
  void back_off() { backoff_ = std::min(backoff_ * 2, 1 << 10); }
  /// Something came through.
  void forget_backoff() { backoff_ = 1; }

  // Deviates from RFC 9260 §16: a second at least. Where a tail is lost and its probe too, a page
  // would stand still for it; delayed acknowledgements are all that has to be waited out.
  [[nodiscard]] Duration timeout() const {
    const Duration once =
        smoothed_ ? *smoothed_ + std::max(4 * variation_, least_margin) : initial_timeout;
    return std::min(once * backoff_, longest_timeout);
  }
  [[nodiscard]] std::optional<Duration> smoothed() const { return smoothed_; }
  [[nodiscard]] Duration shortest() const { return shortest_; }

 private:
  std::optional<Duration> smoothed_;
  Duration variation_{};
  Duration shortest_{};
  int backoff_ = 1;
};

}  // namespace hearth::sctp
