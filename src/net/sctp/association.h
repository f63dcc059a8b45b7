#pragma once
// One SCTP association: packets and time in; packets, messages and stream resets out.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

/// What an association did and knows of its path.
struct Statistics {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  /// Wrong checksum, wrong verification tag, or not SCTP.
  std::uint64_t packets_refused = 0;
  std::uint64_t chunks_sent_again = 0;
  std::uint64_t timeouts = 0;  // of T3
  std::uint64_t probes = 0;    // for a lost tail
  std::size_t window = 0;      // of congestion, bytes
  std::size_t in_flight = 0;   // bytes
  double bytes_per_second = 0;
  Duration round_trip{};
};

/// Both sides connect (WebRTC has no SCTP server). Drive it: receive or advance, then drain
/// poll_transmit, poll_event and (as far as there is room for them) poll_message, then sleep until
/// deadline(). Polling messages may make an acknowledgement due: drain poll_transmit after it too.
/// A message that isn't polled stays in the receive buffer and in the end stops the peer.
///
/// Bounds: send and receive buffer as in the options, which the accounts of small messages count
/// into; 16 control packets; streams' accounts for streams that were used.
class Association {
 public:
  static constexpr std::size_t small_payload = 64;

  /// The INIT waits in poll_transmit.
  Association(const Options& options, Entropy& entropy, Instant now);
  ~Association();
  Association(Association&&) noexcept;
  Association& operator=(Association&&) noexcept;

  /// Takes one packet; a wrong checksum drops it.
  void receive(Instant now, BytesView packet);
  void advance(Instant now);

  /// The next packet into `out` (at least `mtu` bytes); its size. Time is that of the last call
  /// that carried it.
  [[nodiscard]] std::optional<std::size_t> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  /// The next message, in each stream's order. What came whole before the end can be read after it.
  [[nodiscard]] std::optional<Message> poll_message();
  [[nodiscard]] std::optional<Instant> deadline() const;

  /// Takes a copy of the whole payload or nothing. Payloads of at most small_payload bytes find
  /// room where writable() says none: what ends a stream must not wait behind its data. Limits of
  /// reliability hold only if the peer knows RFC 3758.
  Result<Unit, SendError> send(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
                               BytesView payload, const Reliability& reliability = {});
  /// Bytes that send() takes now.
  [[nodiscard]] std::size_t writable() const;
  /// Bytes sent and not yet acknowledged.
  [[nodiscard]] std::size_t buffered() const;

  /// Resets our sending side of a stream after what was sent on it (RFC 6525 §5.1.2); ResetDone
  /// follows. One request is outstanding at a time; others wait in here, each stream at most once.
  void reset_stream(Instant now, StreamId stream);

  /// Tells the peer by ABORT and drops what isn't sent: drain poll_transmit once more. Idempotent.
  void close(Instant now);

  [[nodiscard]] Statistics statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::sctp
