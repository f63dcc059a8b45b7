#pragma once
// Spreads packets over time. Bursts overflow short queues on the way and, before all, the
// receiver's socket: Chromium's holds 56 datagrams.

#include <algorithm>
#include <cstddef>

#include <hearth/base/time.h>

namespace hearth::sctp {

/// Sends in quanta of what the rate gives in a millisecond, so that a sender wakes at most a
/// thousand times a second; and makes up for wake-ups that come late, up to a bounded burst.
class Pacer {
 public:
  /// Back to back, at most; also after a pause.
  static constexpr std::size_t burst_packets = 24;

  explicit Pacer(std::size_t packet) : packet_(static_cast<double>(packet)), credit_(burst()) {}

  void set_rate(Instant now, double bytes_per_second) {
    refill(now);
    rate_ = bytes_per_second;
  }
  [[nodiscard]] bool ready(Instant now) {
    if (!paced()) return true;
    refill(now);
    if (waiting_ && credit_ < quantum()) return false;
    waiting_ = credit_ < packet_;
    return !waiting_;
  }
  void on_sent(std::size_t bytes) {
    if (paced()) credit_ -= static_cast<double>(bytes);
  }
  /// When ready() will be true again, if it just wasn't.
  [[nodiscard]] Instant next() const {
    const double missing = std::max(quantum() - credit_, 0.0);
    // A nanosecond late rather than early: an early wake-up would find nothing to do.
    return at_ + Duration{static_cast<Duration::rep>(missing / rate_ * 1e9) + 1};
  }

 private:
  [[nodiscard]] bool paced() const { return rate_ > 0; }
  [[nodiscard]] double burst() const { return packet_ * burst_packets; }
  [[nodiscard]] double quantum() const { return std::clamp(rate_ * 0.001, packet_, burst() / 2); }
  void refill(Instant now) {
    if (now <= at_) return;
    const double since = std::chrono::duration<double>(now - at_).count();
    credit_ = std::min(credit_ + since * rate_, burst());
    at_ = now;
  }

  double packet_;
  double credit_;
  double rate_ = 0;  // none yet: not paced
  Instant at_{};
  bool waiting_ = false;
};

}  // namespace hearth::sctp
