#pragma once
// The upgrade of a byte pipe (TCP, WebSocket, a relayed stream) to an authenticated connection with
// streams: multistream-select, Noise, Yamux.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/noise/credentials.h>
#include <hearth/peer/peer_id.h>
#include <hearth/yamux/budget.h>
#include <hearth/yamux/types.h>

namespace hearth::session {

using yamux::CanOpen;
using yamux::MemoryBudget;
using yamux::OpenError;
using yamux::Readable;
using yamux::ReadState;
using yamux::StreamFinished;
using yamux::StreamId;
using yamux::StreamOpened;
using yamux::StreamReset;
using yamux::Writable;

/// By who dialed; of a relayed connection: who asked the relay for it.
enum class Role : std::uint8_t { initiator, responder };

enum class CloseReason : std::uint8_t {
  closed_by_us,
  closed_by_peer,      ///< it said so (GoAway normal)
  pipe_ended,          ///< end() was called
  handshake_timeout,   ///< not secured in time
  no_common_protocol,  ///< no /noise, or no /yamux/1.0.0
  bad_negotiation,     ///< not multistream-select
  handshake_failed,    ///< Noise: altered, malformed, a key we can't verify
  wrong_peer,          ///< authenticated, and not whom we wanted
  decryption_failed,   ///< the pipe's bytes were altered, reordered or left out
  protocol_error,      ///< the peer broke Yamux' rules
  peer_error,          ///< the peer says that we did, or that it failed (GoAway 1, 2)
  abuse,         ///< legal, but at a rate only an attacker has (opened and reset streams, pings)
  unresponsive,  ///< a ping got no answer
};

/// The peer is who it says; streams can be opened from now on.
struct Secured {
  peer::PeerId peer;
  crypto::Ed25519PublicKey key;
};
/// The last event. Streams end here, but what they received before stays readable. Send what
/// poll_transmit() still has, then close the pipe.
struct Closed {
  CloseReason reason;
};

using Event = std::variant<Secured, StreamOpened, Readable, Writable, StreamFinished, StreamReset,
                           CanOpen, Closed>;

struct Options {
  Role role = Role::initiator;
  /// Ours. Borrowed until the session is secured or closed.
  const noise::Credentials& credentials;
  /// Refuse anyone else.
  std::optional<peer::PeerId> expected;
  /// Shared with other sessions; must outlive this one.
  MemoryBudget& budget;
  yamux::Limits limits;
  /// From construction to Secured.
  Duration handshake_timeout = std::chrono::seconds{10};
};

/// One connection over one reliable, ordered byte pipe. Sans-I/O.
///
/// Drive it: change it (construct, receive, advance, any stream call), then drain poll_event() and
/// poll_transmit() until both are empty, then sleep until deadline(). Draining events may call back
/// into the session. `now` never goes backwards. Send everything poll_transmit() gives, in order;
/// call it only when the pipe can take more, since streams feel back-pressure that way.
///
/// Streams: an id stays known from open_stream() or StreamOpened until release() or reset(),
/// whatever happens to the stream meanwhile. Calls with an id that is not known do nothing and
/// return nothing.
class Session {
 public:
  Session(const Options& options, Entropy& entropy, Instant now);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Bytes from the pipe, in any portions. Larger ones (64 KiB and more) are cheaper.
  void receive(Instant now, BytesView bytes);
  /// The pipe ended or failed: Closed follows, unless it came before.
  void end(Instant now);
  /// Time is `now`.
  void advance(Instant now);

  /// Writes the next bytes for the pipe to `out` and returns how many; 0 when there are none. `out`
  /// is at least `min_transmit` bytes; 64 KiB to 256 KiB are best.
  [[nodiscard]] std::size_t poll_transmit(MutableBytes out);
  static constexpr std::size_t min_transmit = 256;
  [[nodiscard]] std::optional<Event> poll_event();
  /// When advance() is next needed.
  [[nodiscard]] std::optional<Instant> deadline() const;

  /// Works at once, without a round trip, from Secured on.
  [[nodiscard]] Result<StreamId, OpenError> open_stream(Instant now);
  /// Takes as much of `bytes` as the peer's window and a buffer allow, and returns how many. Less
  /// than all of them: Writable comes when it is worth trying again. 0 after close_write() or a
  /// reset.
  [[nodiscard]] std::size_t write(StreamId id, BytesView bytes);
  /// How much write() would take now.
  [[nodiscard]] std::size_t writable(StreamId id) const;
  /// Moves what is there to `out` and returns how much; 0: see read_state().
  [[nodiscard]] std::size_t read(StreamId id, MutableBytes out);
  /// The same without a copy: a view of the first bytes (empty when there are none), valid until
  /// the next call to the session; consume() then drops `count` of them.
  [[nodiscard]] BytesView peek(StreamId id) const;
  void consume(StreamId id, std::size_t count);
  [[nodiscard]] ReadState read_state(StreamId id) const;
  /// Ends our side, after all that was written.
  void close_write(StreamId id);
  /// All that was written went to poll_transmit().
  [[nodiscard]] bool flushed(StreamId id) const;
  /// Aborts both sides and forgets the stream.
  void reset(StreamId id);
  /// We are done with the stream. If both sides have ended, or close_write() was called, it ends in
  /// order: what was written is still sent, what comes is dropped. Otherwise this is reset().
  void release(StreamId id);

  /// Tells the peer and ends everything; Closed follows. Idempotent.
  void close();
  [[nodiscard]] bool closed() const;
  [[nodiscard]] bool secured() const;

  /// The latest round trip measured by ping.
  [[nodiscard]] std::optional<Duration> round_trip() const;
  /// Streams that are known now, and how many of them the peer opened.
  [[nodiscard]] std::size_t streams() const;
  [[nodiscard]] std::size_t inbound_streams() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::session
