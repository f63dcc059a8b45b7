#pragma once
// The words of an association's users: what goes in and comes out of one, whoever stands behind it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/strong.h>
#include <hearth/base/time.h>

namespace hearth::sctp {

using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
/// Payload protocol identifier: what a message means to the layer above.
using Ppid = Strong<struct PpidTag, std::uint32_t>;

enum class Ordering : std::uint8_t { ordered, unordered };

/// How long a message is worth being sent (RFC 3758). Neither: until it arrives.
struct Reliability {
  std::optional<Duration> lifetime;
  std::optional<std::uint16_t> max_retransmissions;
};

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

enum class Congestion : std::uint8_t { bbr, cubic };

struct Options {
  /// Streams in each direction, 1 to 65535. Each costs memory at once.
  std::uint16_t streams = 256;
  /// Largest message either way.
  std::size_t max_message = 262'144;
  std::size_t send_buffer = std::size_t{1} << 20;     // above max_message
  std::size_t receive_buffer = std::size_t{2} << 20;  // above max_message
  /// Largest packet to send, common header included.
  std::size_t mtu = 1183;
  Congestion congestion = Congestion::bbr;
  /// I-DATA, if the peer can (RFC 8260): long messages of different streams share the path.
  bool interleaving = true;
  /// DTLS is below and notices altered packets, so checksums may be left out where both sides know
  /// (RFC 9653). Never without DTLS.
  bool zero_checksum = false;
};

}  // namespace hearth::sctp
