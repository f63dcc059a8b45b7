#pragma once
// One SCTP association: packets and time in; packets, messages and stream resets out. All that the
// layers above know of SCTP, so that what is behind it can change.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/strong.h>
#include <hearth/base/time.h>

namespace hearth::sctp {

using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
/// Payload protocol identifier: what a message means to the layer above.
using Ppid = Strong<struct PpidTag, std::uint32_t>;

enum class Ordering : std::uint8_t { ordered, unordered };

/// One whole message from the peer.
struct Message {
  StreamId stream;
  Ppid ppid;
  Ordering ordering = Ordering::ordered;
  Bytes payload;
};

enum class CloseReason : std::uint8_t {
  aborted_by_peer,
  shut_down_by_peer,
  /// Retransmissions went without answer.
  lost,
  /// The peer sent a message longer than `max_message`.
  message_too_long,
  closed_here,
};

/// Both directions stand; streams 0 to `streams` - 1 may be used by either side.
struct Established {
  std::uint16_t streams;
};
/// The peer reset its sending side: its next message on this stream is the first of a new life.
struct PeerReset {
  StreamId stream;
};
/// The peer knows that our sending side was reset.
struct ResetDone {
  StreamId stream;
};
/// writable() was found too small and has grown.
struct Writable {};
/// Terminal.
struct Closed {
  CloseReason why;
};
using Event = std::variant<Established, PeerReset, ResetDone, Writable, Closed>;

enum class SendError : std::uint8_t {
  not_established,
  /// No room now: Writable will say when to try again.
  would_block,
  /// Longer than max_message, or empty.
  bad_size,
  bad_stream,
};

struct Options {
  /// Streams in each direction, 1 to 65535. Each costs memory at once.
  std::uint16_t streams = 256;
  /// Largest message either way.
  std::size_t max_message = 262'144;
  std::size_t send_buffer = std::size_t{1} << 20;     // above max_message
  std::size_t receive_buffer = std::size_t{2} << 20;  // above max_message
  /// Largest packet to send, common header included.
  std::size_t mtu = 1183;
};

/// Both sides connect (WebRTC has no SCTP server). Drive it: receive or advance, then drain
/// poll_transmit, poll_event and (as far as there is room for them) poll_message, then sleep until
/// deadline(). A message that isn't polled stays in the receive buffer and in the end stops the
/// peer.
class Association {
 public:
  static constexpr std::size_t small_payload = 64;

  Association(const Options& options, Instant now);
  ~Association();
  Association(Association&&) noexcept;
  Association& operator=(Association&&) noexcept;

  /// Takes one packet; a wrong checksum drops it.
  void receive(Instant now, BytesView packet);
  void advance(Instant now);

  /// The next packet into `out` (at least `mtu` bytes); its size.
  [[nodiscard]] std::optional<std::size_t> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  /// The next message, in each stream's order.
  [[nodiscard]] std::optional<Message> poll_message();
  [[nodiscard]] std::optional<Instant> deadline() const;

  /// Takes a copy of the whole payload or nothing. Payloads of at most small_payload bytes find
  /// room where writable() says none: what ends a stream must not wait behind its data.
  Result<Unit, SendError> send(Instant now, StreamId stream, Ppid ppid, Ordering ordering,
                               BytesView payload);
  /// Bytes that send() takes now.
  [[nodiscard]] std::size_t writable() const;
  /// Bytes sent and not yet acknowledged.
  [[nodiscard]] std::size_t buffered() const;

  /// Resets our sending side of a stream after what was sent on it (RFC 6525 §5.1.2); ResetDone
  /// follows. One request is outstanding at a time; others wait in here, each stream at most once.
  void reset_stream(Instant now, StreamId stream);

  /// Tells the peer by ABORT and drops what isn't sent: drain poll_transmit once more. Idempotent.
  void close(Instant now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::sctp
