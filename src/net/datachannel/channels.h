#pragma once
// The table of one connection's data channels: opening (RFC 8832), closing and giving ids back (RFC
// 8831 §6.7).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/datachannel/dcep.h>
#include <hearth/sctp/types.h>

namespace hearth::datachannel {

/// A channel is named by its SCTP stream; the name is used again after the channel is gone.
using ChannelId = sctp::StreamId;

enum class Kind : std::uint8_t { text, binary };

/// The peer opened a channel.
struct Opened {
  ChannelId id;
  std::string label;
  std::string protocol;
  bool ordered = true;
};
/// The peer closes it: no message of it follows. Terminal for this channel.
struct Closed {
  ChannelId id;
};
using Event = std::variant<Opened, Closed>;

/// To be sent as a message on the stream with the DCEP's identifier, ordered.
struct SendControl {
  ChannelId id;
  Bytes message;
};
/// To be handed to sctp::Association::reset_stream.
struct ResetStream {
  ChannelId id;
};
using Action = std::variant<SendControl, ResetStream>;

/// A message for the application. An empty one arrives as one zero byte and is given here as empty.
struct Data {
  ChannelId id;
  Kind kind = Kind::binary;
  Bytes payload;
};

enum class OpenError : std::uint8_t { not_established, no_free_id, too_many };
enum class MessageError : std::uint8_t {
  /// For a channel that isn't open: usual while one is being closed. Dropped.
  no_channel,
  /// An OPEN that isn't right: the stream is reset.
  bad_open,
  bad_control,
  unknown_ppid,
};

struct Limits {
  /// A further one of the peer's is reset at once.
  std::size_t max_inbound = 512;
  std::size_t max_outbound = 512;
  /// Longer labels and protocols are refused.
  std::size_t max_text = 1024;
};

/// Sends nothing itself: drain poll_action after every change, poll_event too. Bounded by the
/// number of streams.
class Channels {
 public:
  /// Of DTLS: clients take even ids, servers odd ones (RFC 8832 §6).
  enum class Parity : std::uint8_t { even, odd };

  explicit Channels(Parity own, const Limits& limits = {}) : own_(own), limits_(limits) {}

  /// Streams 0 to `streams` - 1 exist.
  void established(std::uint16_t streams) { streams_ = streams; }

  /// Opens by OPEN; data may be sent at once, behind it.
  Result<ChannelId, OpenError> open(Open open);
  /// A channel both sides agreed on beforehand, without OPEN. Before any other use of its id.
  void open_negotiated(ChannelId id);
  /// Resets our side after what was sent. Nothing more arrives from the channel. Ids that aren't
  /// open are ignored.
  void close(ChannelId id);
  [[nodiscard]] bool is_open(ChannelId id) const;

  /// One message from the association: gives data, or nothing when it was control.
  Result<std::optional<Data>, MessageError> receive(sctp::Message message);
  void peer_reset(ChannelId id);
  void reset_done(ChannelId id);

  [[nodiscard]] const Action* peek_action() const {
    return actions_.empty() ? nullptr : &actions_.front();
  }
  void pop_action() { actions_.pop_front(); }
  [[nodiscard]] std::optional<Event> poll_event();

  /// Channels that are open or still being closed.
  [[nodiscard]] std::size_t size() const { return channels_.size(); }

 private:
  struct Channel {
    bool inbound = false;
    bool open = true;
    bool we_reset = false;  // the peer knows
    bool peer_reset = false;
  };

  [[nodiscard]] bool is_own(ChannelId id) const;
  Result<Unit, MessageError> on_open(ChannelId id, Open open);
  void refuse(ChannelId id);
  void begin_reset(ChannelId id, Channel& channel);
  void forget_if_done(ChannelId id);

  Parity own_;
  Limits limits_;
  std::uint16_t streams_ = 0;
  std::map<ChannelId, Channel> channels_;
  std::size_t inbound_ = 0;
  std::size_t outbound_ = 0;
  std::deque<Action> actions_;  // at most two a channel
  std::deque<Event> events_;    // the same
};

/// The identifiers of RFC 8831 §8.
inline constexpr sctp::Ppid dcep_ppid{50};
[[nodiscard]] sctp::Ppid ppid_of(Kind kind, bool empty);

}  // namespace hearth::datachannel
