#pragma once
// Data channels over an unreliable pipe of datagrams: DTLS, SCTP and the table of channels as one
// machine.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/datachannel/channels.h>
#include <hearth/dtls/connection.h>
#include <hearth/sctp/association.h>

namespace hearth::webrtc {

using datachannel::ChannelId;
using datachannel::Data;
using datachannel::Kind;
using dtls::Fingerprint;

enum class TransportClose : std::uint8_t {
  fingerprint_mismatch,  ///< the peer's certificate isn't the promised one
  handshake_failed,      ///< DTLS or SCTP
  timed_out,             ///< DTLS or SCTP didn't come to stand in time
  closed_by_peer,
  lost,            ///< the peer doesn't acknowledge
  protocol_error,  ///< the peer broke SCTP's or our limits
  closed_here,
};

/// DTLS stands: the peer holds the key of this certificate.
struct Encrypted {
  Fingerprint peer;
};
/// Channels can be opened and messages sent.
struct ChannelsReady {};
using ChannelOpened = datachannel::Opened;
using ChannelClosed = datachannel::Closed;
/// send() found no room, and now half of the buffer is free.
struct RoomToSend {};
/// Terminal.
struct TransportClosed {
  TransportClose why;
};
using TransportEvent = std::variant<Encrypted, ChannelsReady, ChannelOpened, ChannelClosed,
                                    RoomToSend, TransportClosed>;

struct TransportOptions {
  dtls::Role role = dtls::Role::server;
  /// Absent: any certificate is taken, and who that is has to be settled above.
  std::optional<Fingerprint> expected_peer = std::nullopt;
  /// A DTLS server's: see dtls::Options.
  bool prove_address = false;
  /// A channel both sides know without OPEN.
  std::optional<ChannelId> negotiated = std::nullopt;
  datachannel::Limits channels;
  sctp::Options sctp;
  /// For DTLS; then the same for SCTP.
  Duration handshake_timeout = std::chrono::seconds{15};
};

/// Drive it: change it, drain poll_event, poll_message and poll_transmit, sleep until deadline().
/// Opening, closing and acknowledging channels travels among the messages: one that polls no
/// messages learns of none.
class DataTransport {
 public:
  /// poll_transmit needs this much room.
  static constexpr std::size_t max_datagram = 1232;

  /// `entropy` outlives it.
  DataTransport(const dtls::Certificate& certificate, const TransportOptions& options,
                Entropy& entropy, Instant now);

  void receive(Instant now, BytesView datagram);
  void advance(Instant now);
  [[nodiscard]] std::optional<std::size_t> poll_transmit(MutableBytes out);
  [[nodiscard]] std::optional<TransportEvent> poll_event();
  /// Nothing while events wait: the channel a message is for may be among what they tell.
  [[nodiscard]] std::optional<Data> poll_message(Instant now);
  [[nodiscard]] bool has_events() const { return !events_.empty(); }
  [[nodiscard]] std::optional<Instant> deadline() const;

  Result<ChannelId, datachannel::OpenError> open_channel(Instant now, datachannel::Open open);
  void close_channel(Instant now, ChannelId id);
  [[nodiscard]] bool is_open(ChannelId id) const { return channels_.is_open(id); }
  [[nodiscard]] std::size_t channels() const { return channels_.size(); }

  /// A whole message or nothing.
  Result<Unit, sctp::SendError> send(Instant now, ChannelId id, Kind kind, BytesView payload);
  [[nodiscard]] std::size_t writable() const { return sctp_ ? sctp_->writable() : 0; }
  [[nodiscard]] std::size_t buffered() const { return sctp_ ? sctp_->buffered() : 0; }

  /// Tells the peer: drain poll_transmit once more. Idempotent.
  void close(Instant now);
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void on_dtls_events(Instant now);
  void on_sctp_events(Instant now);
  void run_actions(Instant now);
  void finish(Instant now, TransportClose why);

  TransportOptions options_;
  Entropy* entropy_;
  dtls::Connection dtls_;
  std::optional<sctp::Association> sctp_;
  datachannel::Channels channels_;
  std::optional<Instant> ready_by_;
  std::deque<TransportEvent> events_;  // bounded by what one datagram causes and by the channels
  std::optional<Data> held_;           // a message behind the events
  std::deque<Bytes> farewell_;         // SCTP's last packets, sealed before DTLS ends
  bool closed_ = false;
};

}  // namespace hearth::webrtc
