#pragma once
// One DTLS 1.2 connection (RFC 6347), both roles, over datagrams that someone else carries.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/dtls/certificate.h>

namespace hearth::dtls {

enum class Role : std::uint8_t { client, server };

enum class CloseReason : std::uint8_t {
  /// The peer's certificate isn't the one that was promised. Nothing of its data was taken.
  fingerprint_mismatch,
  handshake_failed,
  handshake_timed_out,
  /// The peer ended it in good order, or with an alert.
  closed_by_peer,
  alert_from_peer,
  closed_here,
};

/// The handshake is done; `peer` is the hash of the certificate whose key the peer proved to hold.
struct Connected {
  Fingerprint peer;
};
/// Terminal.
struct Closed {
  CloseReason why;
};
using Event = std::variant<Connected, Closed>;

enum class Error : std::uint8_t { not_connected, too_large };

struct Options {
  Role role = Role::server;
  /// The one certificate to accept, from the SDP or the multiaddr's certhash. Without it any is
  /// accepted, and whoever reads Connected must find out who that is (webrtc-direct: Noise over the
  /// channel).
  std::optional<Fingerprint> expected_peer = std::nullopt;
  /// A server's: asks for a cookie (RFC 6347 4.2.1) before it says or computes anything of size. It
  /// costs a round trip, and is for peers whose address nothing else has proved: else a forged
  /// ClientHello makes us send somebody a flight and its repetitions.
  bool prove_address = false;
  /// Largest datagram to send, record overhead included; 256..1500. With IPv6 and UDP headers the
  /// default makes 1280 bytes, which every path carries.
  std::size_t mtu = 1232;
  /// First retransmission of a handshake flight; doubles up to 16 times this.
  Duration rto = std::chrono::milliseconds{250};
  Duration handshake_timeout = std::chrono::seconds{20};
};

/// Drive it: receive, then poll_data until nothing, poll_transmit until nothing, poll_event until
/// nothing, sleep until deadline().
class Connection {
 public:
  /// Bytes a record adds to its content, at most, with the suites we allow.
  static constexpr std::size_t overhead = 13 + 8 + 16;

  /// A client's first flight waits in poll_transmit at once.
  Connection(const Certificate& certificate, const Options& options, Instant now);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  /// Takes one datagram. Rubbish is dropped in silence, as DTLS does. What poll_data hasn't taken
  /// of an earlier datagram is dropped.
  void receive(Instant now, BytesView datagram);
  void advance(Instant now);

  /// The content of one received record into `out` (at least 2048 bytes).
  [[nodiscard]] std::optional<std::size_t> poll_data(MutableBytes out);
  /// The next handshake or alert datagram into `out` (at least `mtu` bytes).
  [[nodiscard]] std::optional<std::size_t> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] bool is_connected() const;
  /// Encrypts `content` (at most mtu - overhead bytes) as one datagram into `out` (at least `mtu`
  /// bytes); its size.
  [[nodiscard]] Result<std::size_t, Error> seal(BytesView content, MutableBytes out);
  /// Sends close_notify and ends it. Idempotent.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::dtls
