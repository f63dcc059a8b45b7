#pragma once
// Which TSNs came from the peer, and when that must be said (RFC 9260 §6.2).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <hearth/base/time.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/ranges.h>
#include <hearth/sctp/tsn.h>

namespace hearth::sctp {

/// What was noted as come is never taken back. Gaps are bounded by `reach`, and by what the
/// association accepts at all.
class TsnTracker {
 public:
  /// A gap block counts in 16 bits from the cumulative number.
  static constexpr Tsn reach = 0xffff;
  static constexpr int packets_for_each_sack = 2;
  static constexpr Duration delay = std::chrono::milliseconds{20};

  explicit TsnTracker(std::uint32_t first_tsn) : cumulative_(widened_base + first_tsn - 1) {}

  [[nodiscard]] Tsn widen_tsn(std::uint32_t tsn) const { return widen(cumulative_, tsn); }
  [[nodiscard]] Tsn cumulative() const { return cumulative_; }
  [[nodiscard]] bool is_new(Tsn tsn) const {
    return tsn > cumulative_ && tsn - cumulative_ <= reach && !ahead_.contains(tsn);
  }
  [[nodiscard]] bool has_gaps() const { return !ahead_.empty(); }

  /// It came and is kept. Only when is_new().
  void add(Tsn tsn);
  /// It came again.
  void add_duplicate(Tsn tsn);
  /// The peer gave up on all TSNs up to this one.
  void forward(Tsn to);

  /// Once for each packet with data in it, after its chunks.
  void on_packet(Instant now);
  /// The next SACK goes at once.
  void hurry() { due_ = true; }
  [[nodiscard]] bool due() const { return due_; }
  /// As many packets came as a SACK should answer, at most.
  [[nodiscard]] bool full() const { return packets_ >= packets_for_each_sack; }
  /// One may go along with something else.
  [[nodiscard]] bool pending() const { return due_ || deadline_; }
  [[nodiscard]] std::optional<Instant> deadline() const { return due_ ? std::nullopt : deadline_; }
  void advance(Instant now);

  /// At most `room` bytes for blocks and duplicates.
  [[nodiscard]] Sack make_sack(std::uint32_t window, std::size_t room);

 private:
  void absorb();

  Tsn cumulative_;
  Ranges ahead_;
  std::vector<std::uint32_t> duplicates_;  // since the last SACK
  bool due_ = false;
  bool first_ = true;
  int packets_ = 0;  // with data, since the last SACK
  std::optional<Instant> deadline_;
};

}  // namespace hearth::sctp
