#pragma once
// For tests: an association by usrsctp, with the interface of ours.

#include <cstddef>
#include <memory>
#include <optional>

#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/sctp/types.h>

namespace hearth::sctp {

/// Both sides connect (WebRTC has no SCTP server). Drive it: receive or advance, then drain
/// poll_transmit, poll_event and (as far as there is room for them) poll_message, then sleep until
/// deadline(). A message that isn't polled stays in the receive buffer and in the end stops the
/// peer.
class UsrsctpAssociation {
 public:
  static constexpr std::size_t small_payload = 64;

  /// usrsctp has randomness of its own.
  UsrsctpAssociation(const Options& options, Entropy& entropy, Instant now);
  ~UsrsctpAssociation();
  UsrsctpAssociation(UsrsctpAssociation&&) noexcept;
  UsrsctpAssociation& operator=(UsrsctpAssociation&&) noexcept;

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
