// A control that models the path: the most it delivered of late (bandwidth) and the shortest round
// trip (delay). It sends at the first and keeps a little more than their product in flight, so
// losses that aren't congestion don't slow it. After BBR
// (draft-cardwell-iccrg-bbr-congestion-control), its first version's cycle, with two things of the
// later ones: a short dip for the round trip (PROBE_RTT at half the product), and a bound on the
// flight where losses are too many to be chance.

#include <algorithm>
#include <array>
#include <cmath>

#include <hearth/sctp/congestion.h>

namespace hearth::sctp {
namespace {

using namespace std::chrono_literals;

constexpr double startup_gain = 2.885;  // 2 / ln 2: doubles each round trip
constexpr double drain_gain = 1 / startup_gain;
constexpr double window_gain = 2.0;
constexpr std::array cycle{1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
constexpr Duration round_trip_lasts = 10s;  // then it is measured anew
constexpr Duration dip_time = 200ms;
constexpr int bandwidth_rounds = 10;
// Chance losses of a few per cent happen on radio; a queue that overflows loses more.
constexpr double too_much_loss = 0.06;
constexpr std::size_t too_many_lost_packets = 8;

/// The greatest of the last few rounds'.
class MaxOfRounds {
 public:
  void update(std::uint64_t round, double value) {
    while (round_ < round) values_[++round_ % values_.size()] = 0;
    values_[round % values_.size()] = std::max(values_[round % values_.size()], value);
  }
  [[nodiscard]] double get() const { return *std::ranges::max_element(values_); }

 private:
  std::array<double, bandwidth_rounds> values_{};
  std::uint64_t round_ = 0;
};

class Bbr final : public CongestionControl {
 public:
  explicit Bbr(const CongestionOptions& options)
      : packet_(static_cast<double>(options.packet)),
        initial_window_(packet_ * static_cast<double>(options.initial_packets)),
        // Never at the start of a probe's draining.
        phase_((2 + options.seed % (cycle.size() - 1)) % cycle.size()),
        window_(initial_window_) {}

  void on_ack(const AckReport& report) override {
    count_round(report);
    update_bandwidth(report);
    update_aggregation(report);
    update_mode(report);
    update_round_trip(report);
    update_loss_bound(report);
    update_window(report);
  }

  void on_timeout(Instant) override {
    // All is taken for lost: begin small, and come back as fast as acknowledgements do.
    window_ = 4 * packet_;
  }

  void on_sent(Instant now, std::size_t, std::size_t in_flight) override {
    if (in_flight > 0) return;
    epoch_at_ = now;
    epoch_acked_ = 0;
    // Nothing was in a queue while idle: what is measured next is as good as a dip.
    if (mode_ == Mode::dip) leave_dip(now);
  }

  [[nodiscard]] std::size_t window() const override { return static_cast<std::size_t>(window_); }

  [[nodiscard]] std::optional<double> bytes_per_second() const override {
    if (round_trip_ == Duration::max()) return std::nullopt;
    const double bandwidth = bandwidth_.get();
    if (!pipe_full_)
      return startup_gain *
             std::max(bandwidth, initial_window_ / std::max(seconds(round_trip_), 0.001));
    return std::max(pacing_gain() * bandwidth, packet_ * 4);  // never to a standstill
  }

 private:
  enum class Mode : std::uint8_t { startup, drain, cruise, dip };

  static double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
  [[nodiscard]] double product() const {
    if (round_trip_ == Duration::max()) return initial_window_;
    return bandwidth_.get() * seconds(round_trip_);
  }
  [[nodiscard]] double pacing_gain() const {
    switch (mode_) {
      case Mode::startup:
        return startup_gain;
      case Mode::drain:
        return drain_gain;
      case Mode::cruise:
        return cycle[phase_];
      case Mode::dip:
        break;
    }
    return 1.0;
  }

  void count_round(const AckReport& report) {
    round_begins_ = report.rate && report.rate->delivered_before >= round_ends_at_;
    if (!round_begins_) return;
    round_ends_at_ = report.delivered;
    ++rounds_;
  }

  void update_bandwidth(const AckReport& report) {
    if (report.rate &&
        (!report.rate->sender_limited || report.rate->bytes_per_second >= bandwidth_.get()))
      bandwidth_.update(rounds_, report.rate->bytes_per_second);
  }

  // Acknowledgements that come in lumps need more in flight than the product: as much as came at
  // once beyond what the bandwidth explains.
  void update_aggregation(const AckReport& report) {
    const double expected = bandwidth_.get() * seconds(report.now - epoch_at_);
    if (epoch_acked_ <= expected) {
      epoch_at_ = report.now;
      epoch_acked_ = 0;
      extra_.update(rounds_, std::min(static_cast<double>(report.acked), window_));
      epoch_acked_ = static_cast<double>(report.acked);
      return;
    }
    epoch_acked_ = std::min(epoch_acked_ + static_cast<double>(report.acked), 1e9);
    extra_.update(rounds_, std::min(epoch_acked_ - expected, window_));
  }

  void update_mode(const AckReport& report) {
    const double in_flight = static_cast<double>(report.in_flight);
    if (mode_ == Mode::startup && round_begins_) look_whether_full(report);
    if (mode_ == Mode::startup && pipe_full_) mode_ = Mode::drain;
    if (mode_ == Mode::drain && in_flight <= product()) {
      mode_ = Mode::cruise;
      phase_since_ = report.now;
    }
    if (mode_ == Mode::cruise) turn_cycle(report, in_flight);
  }

  void look_whether_full(const AckReport& report) {
    if (report.rate->sender_limited) return;
    if (bandwidth_.get() >= full_bandwidth_ * 1.25) {
      full_bandwidth_ = bandwidth_.get();
      rounds_without_growth_ = 0;
    } else if (++rounds_without_growth_ >= 3) {
      pipe_full_ = true;
    }
  }

  void turn_cycle(const AckReport& report, double in_flight) {
    const bool round_trip_passed = report.now - phase_since_ > round_trip_;
    bool next = round_trip_passed;
    if (cycle[phase_] > 1)  // until the probe has really been put into the path, or was too much
      next = round_trip_passed && (lost_in_phase_ || in_flight >= cycle[phase_] * product() ||
                                   in_flight + 3 * packet_ >= window_);
    if (cycle[phase_] < 1) next = round_trip_passed || in_flight <= product();
    lost_in_phase_ |= report.lost > 0;
    if (!next) return;
    phase_ = (phase_ + 1) % cycle.size();
    phase_since_ = report.now;
    lost_in_phase_ = false;
  }

  void update_round_trip(const AckReport& report) {
    const bool old = report.now - round_trip_at_ > round_trip_lasts;
    if (report.round_trip && (*report.round_trip <= round_trip_ || old)) {
      round_trip_ = *report.round_trip;
      round_trip_at_ = report.now;
    }
    if (old && mode_ != Mode::dip && pipe_full_) {
      mode_ = Mode::dip;
      window_before_dip_ = window_;
      dip_ends_.reset();
    }
    if (mode_ != Mode::dip) return;
    if (!dip_ends_ && static_cast<double>(report.in_flight) <= dip_window()) {
      dip_ends_ = report.now + dip_time;
      dip_round_ = rounds_;
    } else if (dip_ends_ && report.now >= *dip_ends_ && rounds_ > dip_round_) {
      leave_dip(report.now);
    }
  }
  [[nodiscard]] double dip_window() const { return std::max(product() / 2, 4 * packet_); }
  void leave_dip(Instant now) {
    round_trip_at_ = now;
    mode_ = Mode::cruise;
    phase_ = 2;
    phase_since_ = now;
    window_ = std::max(window_, window_before_dip_);
  }

  // Where more is lost than chance explains, the flight overflows something whose size the model
  // doesn't know (a short queue, the receiver's socket): bound the flight, and raise the bound
  // again step by step, each twice the last.
  void update_loss_bound(const AckReport& report) {
    round_lost_ += static_cast<double>(report.lost);
    round_acked_ += static_cast<double>(report.acked);
    round_peak_ = std::max(round_peak_, static_cast<double>(report.in_flight + report.acked));
    if (!round_begins_) return;
    const bool excess = round_lost_ > too_much_loss * (round_lost_ + round_acked_) &&
                        round_lost_ >= packet_ * too_many_lost_packets;
    if (excess) {
      pipe_full_ = true;
      bound_ = std::max(std::min(round_peak_, bound_) * 0.85, 4 * packet_);
      bound_step_ = packet_;
    } else if (round_peak_ + 3 * packet_ >= bound_) {
      bound_ += bound_step_;
      bound_step_ = std::min(bound_step_ * 2, bound_ / 4);
    }
    round_lost_ = round_acked_ = round_peak_ = 0;
  }

  void update_window(const AckReport& report) {
    const double acked = static_cast<double>(report.acked);
    if (!pipe_full_) {
      window_ += acked;
    } else {
      const double target = window_gain * product() + extra_.get() + 3 * packet_;
      window_ = std::min(window_ + acked, target);
    }
    window_ = std::max(std::min(window_, bound_), 4 * packet_);
    if (mode_ == Mode::dip) window_ = std::min(window_, dip_window());
  }

  double packet_;
  double initial_window_;

  MaxOfRounds bandwidth_;
  MaxOfRounds extra_;
  Instant epoch_at_{};
  double epoch_acked_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t round_ends_at_ = 0;
  bool round_begins_ = false;

  Mode mode_ = Mode::startup;
  bool pipe_full_ = false;
  double full_bandwidth_ = 0;
  int rounds_without_growth_ = 0;
  std::size_t phase_;
  Instant phase_since_{};
  bool lost_in_phase_ = false;

  Duration round_trip_ = Duration::max();
  Instant round_trip_at_{};
  std::optional<Instant> dip_ends_;
  std::uint64_t dip_round_ = 0;
  double window_before_dip_ = 0;

  double bound_ = 1e18;
  double bound_step_ = 0;
  double round_lost_ = 0;
  double round_acked_ = 0;
  double round_peak_ = 0;

  double window_;
};

}  // namespace

std::unique_ptr<CongestionControl> make_bbr(const CongestionOptions& options) {
  return std::make_unique<Bbr>(options);
}

}  // namespace hearth::sctp
