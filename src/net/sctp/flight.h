#pragma once
// What was sent and isn't acknowledged: what arrived, what must be taken for lost, and how fast it
// all went. Losses are inferred from time (RACK, RFC 8985): a thing is lost when something sent
// well after it arrived. So a lost retransmission is noticed like any other loss.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <hearth/base/time.h>
#include <hearth/sctp/congestion.h>
#include <hearth/sctp/packet.h>
#include <hearth/sctp/ranges.h>
#include <hearth/sctp/round_trip.h>
#include <hearth/sctp/send_queue.h>
#include <hearth/sctp/tsn.h>

namespace hearth::sctp {

/// Sans timers of its own but for reordering: the association asks it to look again at
/// reorder_deadline(). Costs are constant for each chunk sent and acknowledged.
class Flight {
 public:
  enum class State : std::uint8_t {
    in_flight,
    /// By a gap block: the peer has it but could still drop it.
    acknowledged,
    /// Waits to be sent again.
    lost,
    abandoned,
  };
  struct Sent {
    Fragment fragment;
    std::uint16_t wire_size = 0;
    std::uint16_t transmissions = 0;
    State state = State::in_flight;
    bool sender_limited = false;
    Instant sent_at;
    // How things stood when it was sent last: what a rate sample is measured against.
    Instant burst_began;
    Instant delivered_at;
    std::uint64_t delivered = 0;
  };

  /// `first_tsn` is that of the first chunk.
  explicit Flight(std::uint32_t first_tsn)
      : base_(widened_base + first_tsn), advanced_(base_ - 1) {}

  // --- Sending ----------------------------------------------------------------------------------
  [[nodiscard]] Tsn next_tsn() const { return base_ + sent_.size(); }
  /// Takes the next TSN for a new chunk.
  Tsn add(Instant now, const Fragment& fragment, std::size_t wire_size, bool sender_limited);
  /// The oldest chunk that is to be sent again.
  [[nodiscard]] std::optional<Tsn> next_lost();
  [[nodiscard]] const Sent& get(Tsn tsn) const { return sent_[tsn - base_]; }
  void resend(Instant now, Tsn tsn, bool sender_limited);
  /// The youngest chunk of which nothing is known: for a tail-loss probe.
  [[nodiscard]] std::optional<Tsn> youngest_in_flight() const;

  // --- Acknowledgements -------------------------------------------------------------------------
  struct Outcome {
    AckReport report;
    /// The earliest outstanding chunk was acknowledged (RFC 9260 §6.3.2 R3).
    bool advanced = false;
    /// Newly, in all ways.
    bool anything = false;
  };
  /// Fragments that are settled by it are told to `queue`. Ignored (nothing) when it is older than
  /// what is known, or speaks of what was never sent.
  [[nodiscard]] std::optional<Outcome> on_sack(Instant now, const Sack& sack, SendQueue& queue,
                                               RoundTrip& round_trip);
  /// Looks for losses again: at reorder_deadline().
  [[nodiscard]] AckReport look_for_losses(Instant now, const RoundTrip& round_trip);
  [[nodiscard]] std::optional<Instant> reorder_deadline() const { return reorder_deadline_; }
  /// The retransmission timer fired: all that isn't acknowledged is lost. Where the peer took back
  /// what a gap block acknowledged, that is too.
  void on_timeout();

  // --- Partial reliability (RFC 3758 §3.5) ------------------------------------------------------
  /// Gives up a message: none of its chunks is sent again.
  void abandon(MessageSlot slot, SendQueue& queue);
  /// Gives up the messages whose lost chunks were sent often enough or are too old.
  void abandon_hopeless(Instant now, SendQueue& queue);
  /// Whether the peer must be told to go past abandoned chunks.
  [[nodiscard]] bool must_forward() const { return advanced_ >= base_; }
  [[nodiscard]] ForwardTsn forward(const SendQueue& queue, bool interleaved,
                                   std::size_t most) const;

  // --- State ------------------------------------------------------------------------------------
  [[nodiscard]] bool empty() const { return sent_.empty(); }
  [[nodiscard]] Tsn cumulative() const { return base_ - 1; }
  /// Wire bytes of which nothing is known.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  /// Chunks, as well.
  [[nodiscard]] std::size_t in_flight_chunks() const { return in_flight_chunks_; }
  /// Payload bytes that take or may come to take the peer's window.
  [[nodiscard]] std::size_t outstanding_payload() const { return outstanding_payload_; }
  [[nodiscard]] bool in_recovery() const { return recovery_until_ && base_ <= *recovery_until_; }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
  [[nodiscard]] std::uint64_t retransmissions() const { return retransmissions_; }

 private:
  struct Transmission {
    Tsn tsn;
    std::uint16_t number;  // stale when the chunk was sent again since
  };

  [[nodiscard]] Sent& at(Tsn tsn) { return sent_[tsn - base_]; }
  [[nodiscard]] bool is_stale(const Transmission& transmission) const;
  void note_sent(Instant now, Sent& sent, bool sender_limited);
  void deliver(Instant now, Tsn tsn, const RoundTrip& round_trip, AckReport& report);
  void lose(Tsn tsn, AckReport& report);
  void detect_losses(Instant now, const RoundTrip& round_trip, AckReport& report);
  [[nodiscard]] Duration reordering_window(const RoundTrip& round_trip) const;
  void leave_flight(const Sent& sent);
  void advance_over_abandoned();

  Tsn base_;  // TSN of sent_.front()
  std::deque<Sent> sent_;
  std::deque<Transmission> order_;  // by time of sending
  Ranges lost_;                     // to be sent again; some may have been acknowledged since
  Ranges gap_acknowledged_;
  std::size_t in_flight_ = 0;
  std::size_t in_flight_chunks_ = 0;
  std::size_t outstanding_payload_ = 0;
  std::uint64_t retransmissions_ = 0;
  bool was_large_ = false;

  // Delivery rate (draft-cheng-iccrg-delivery-rate-estimation).
  std::uint64_t delivered_ = 0;
  Instant delivered_at_{};
  Instant burst_began_{};
  bool sample_valid_ = false;
  Sent sample_{};  // the newest chunk that this acknowledgement delivered

  // RACK.
  Instant newest_sent_at_{};  // of all that arrived
  Tsn newest_tsn_ = 0;
  Duration newest_round_trip_{};
  Tsn highest_delivered_ = 0;
  bool reordering_seen_ = false;
  int reordering_factor_ = 1;
  int recoveries_without_duplicates_ = 0;
  Tsn duplicates_noted_until_ = 0;
  /// Beyond the last block of a full SACK absence means nothing.
  Tsn known_until_ = ~Tsn{0};
  std::optional<Tsn> recovery_until_;
  std::optional<Instant> reorder_deadline_;

  Tsn advanced_;  // advanced peer ack point
};

}  // namespace hearth::sctp
