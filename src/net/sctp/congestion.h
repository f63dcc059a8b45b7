#pragma once
// Congestion control: how much may be on its way, and how fast it leaves. What was lost, and what
// is sent again, others decide (flight.h).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <hearth/base/time.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

/// How fast data arrived, measured over the longer of the time it took to send and to be
/// acknowledged, so that neither bursts nor compressed acknowledgements look like bandwidth.
struct RateSample {
  double bytes_per_second = 0;
  /// Bytes that had been delivered in all when the measured one was sent.
  std::uint64_t delivered_before = 0;
  /// The sender had too little to send: a lower bound, not a measurement.
  bool sender_limited = false;
};

/// What one acknowledgement, or the time since it, told. Bytes are chunks' bytes, headers included.
struct AckReport {
  Instant now{};
  std::size_t acked = 0;
  std::size_t lost = 0;
  /// After both.
  std::size_t in_flight = 0;
  /// In all, ever.
  std::uint64_t delivered = 0;
  /// When the youngest of the lost was sent.
  Instant newest_loss_sent_at{};
  /// Of something sent once only.
  std::optional<Duration> round_trip;
  std::optional<RateSample> rate;
};

class CongestionControl {
 public:
  virtual ~CongestionControl() = default;
  virtual void on_ack(const AckReport& report) = 0;
  /// Nothing was acknowledged for a whole retransmission timeout.
  virtual void on_timeout(Instant now) = 0;
  /// `in_flight` before this.
  virtual void on_sent(Instant now, std::size_t bytes, std::size_t in_flight) = 0;

  /// Bytes that may be in flight.
  [[nodiscard]] virtual std::size_t window() const = 0;
  /// Nothing while there is no idea of the path yet.
  [[nodiscard]] virtual std::optional<double> bytes_per_second() const = 0;
};

struct CongestionOptions {
  std::size_t packet = 1183;
  std::size_t initial_packets = 10;
  /// Where in its cycle a prober begins, so that flows that share a path don't probe in step.
  std::uint32_t seed = 0;
};

/// Models the path by its bandwidth and its shortest round trip (after BBR).
[[nodiscard]] std::unique_ptr<CongestionControl> make_bbr(const CongestionOptions& options);
/// RFC 9438: backs off at every loss.
[[nodiscard]] std::unique_ptr<CongestionControl> make_cubic(const CongestionOptions& options);

}  // namespace hearth::sctp
