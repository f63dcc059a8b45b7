// CUBIC (RFC 9438), paced. Kept to compare with: on a path that loses one packet in a thousand for
// other reasons than congestion it uses a fraction of it, as every control must that takes losses
// for congestion.

#include <algorithm>
#include <cmath>

#include <hearth/sctp/congestion.h>

namespace hearth::sctp {
namespace {

constexpr double beta = 0.7;
constexpr double growth = 0.4;  // C, in packets per second cubed

class Cubic final : public CongestionControl {
 public:
  explicit Cubic(const CongestionOptions& options)
      : packet_(static_cast<double>(options.packet)),
        window_(packet_ * static_cast<double>(options.initial_packets)) {}

  void on_ack(const AckReport& report) override {
    if (report.round_trip) smooth(*report.round_trip);
    // One reduction per round trip: only what was sent after the last one tells something new.
    if (report.lost > 0 && report.newest_loss_sent_at > reduced_at_) reduce(report.now);
    if (report.acked == 0 || !window_limited_) return;
    if (window_ < threshold_) {
      window_ += static_cast<double>(report.acked);
    } else {
      avoid_congestion(report);
    }
  }

  void on_timeout(Instant now) override {
    reduce(now);
    window_ = 2 * packet_;
  }

  void on_sent(Instant now, std::size_t bytes, std::size_t in_flight) override {
    if (in_flight == 0 && epoch_) *epoch_ += now - last_sent_;  // no growth for having been idle
    last_sent_ = now;
    window_limited_ = static_cast<double>(in_flight + bytes) + 3 * packet_ >= window_ ||
                      (window_ < threshold_ && static_cast<double>(in_flight) * 2 >= window_);
  }

  [[nodiscard]] std::size_t window() const override { return static_cast<std::size_t>(window_); }
  [[nodiscard]] std::optional<double> bytes_per_second() const override {
    if (smoothed_ <= 0) return std::nullopt;
    return (window_ < threshold_ ? 2.0 : 1.2) * window_ / smoothed_;
  }

 private:
  void smooth(Duration round_trip) {
    const double sample = std::chrono::duration<double>(round_trip).count();
    smoothed_ = smoothed_ <= 0 ? sample : smoothed_ + (sample - smoothed_) / 8;
  }

  void reduce(Instant now) {
    // Fast convergence (§4.7): leave room for newcomers.
    highest_ = window_ < highest_ ? window_ * (1 + beta) / 2 : window_;
    window_ = std::max(window_ * beta, 2 * packet_);
    threshold_ = window_;
    reduced_at_ = now;
    epoch_.reset();
  }

  void avoid_congestion(const AckReport& report) {
    if (!epoch_) {
      epoch_ = report.now;
      reno_ = window_;
      plateau_after_ = std::cbrt(std::max(0.0, highest_ - window_) / packet_ / growth);
      if (window_ >= highest_) highest_ = window_;
    }
    const double acked = static_cast<double>(report.acked);
    const double since =
        std::chrono::duration<double>(report.now - *epoch_).count() + smoothed_ - plateau_after_;
    const double target =
        std::clamp(growth * since * since * since * packet_ + highest_, window_, window_ * 1.5);
    reno_ += packet_ * 3 * (1 - beta) / (1 + beta) * acked / window_;  // §4.3
    window_ = reno_ > target ? reno_ : window_ + (target - window_) * acked / window_;
  }

  double packet_;
  double window_;
  double threshold_ = 1e18;
  double highest_ = 0;  // W_max
  double reno_ = 0;     // W_est
  double plateau_after_ = 0;
  double smoothed_ = 0;  // seconds
  std::optional<Instant> epoch_;
  Instant reduced_at_{Duration::min()};
  Instant last_sent_{};
  bool window_limited_ = true;
};

}  // namespace

std::unique_ptr<CongestionControl> make_cubic(const CongestionOptions& options) {
  return std::make_unique<Cubic>(options);
}

}  // namespace hearth::sctp
