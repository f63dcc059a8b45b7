#pragma once
// Asks one STUN server for our reflexive address.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/stun/message.h>

namespace hearth::stun {

enum class ClientError : std::uint8_t {
  not_for_us,  // no STUN, another transaction, or not from the server
  malformed,   // the server's answer can't be used
  refused,     // an error response (terminal)
  timed_out,   // no answer (terminal)
};

/// `size` bytes were written to the caller's buffer.
struct Transmit {
  Endpoint to;
  std::size_t size = 0;
};

struct Mapped {
  Endpoint reflexive;
};  // terminal
struct GaveUp {
  ClientError why;
};  // terminal
using ClientEvent = std::variant<Mapped, GaveUp>;

/// One Binding transaction over UDP (RFC 8489 §6.2.1, §14.2).
///
/// Drive it: change it once (construct, receive or advance), then drain poll_transmit and
/// poll_event, then sleep until deadline(). Never blocks, never throws, allocates nothing. Spurious
/// advance() calls are harmless. One terminal event, then silence.
class BindingClient {
 public:
  struct Options {
    Endpoint server;
    Duration rto = std::chrono::milliseconds{500};  // first retransmission; doubles each time
    int max_sends = 7;                              // Rc, 1..30
    int last_wait_rtos = 16;                        // Rm: wait this many RTOs after the last send
  };
  /// The size of every request: as long as the longest answer, so that a server which never sends
  /// more than it got can answer the first one.
  static constexpr std::size_t request_size = 44;

  BindingClient(const Options& options, const TransactionId& id, Instant now);

  /// Takes one datagram. An error describes the datagram; `refused` also ends the transaction, the
  /// others leave the machine unchanged, since anyone can send us rubbish.
  Result<Unit, ClientError> receive(Instant now, const Endpoint& from, BytesView datagram);
  void advance(Instant now);
  /// Writes the next datagram to `out` (at least request_size bytes). Call until it returns
  /// nothing.
  [[nodiscard]] std::optional<Transmit> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<ClientEvent> poll_event();
  /// When advance() is next needed; nothing once it ended.
  [[nodiscard]] std::optional<Instant> deadline() const { return deadline_; }
  [[nodiscard]] const TransactionId& transaction() const { return id_; }

 private:
  void finish(ClientEvent event);

  Options options_;
  TransactionId id_;
  std::optional<Instant> deadline_;
  std::optional<ClientEvent> event_;  // at most one, ever: the queue's bound is its type
  int sends_ = 0;
  bool send_pending_ = false;
};

}  // namespace hearth::stun
