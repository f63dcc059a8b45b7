#pragma once
// libp2p's streams over data channels: one channel a stream, half-closing and resetting by flags
// (https://github.com/libp2p/specs/tree/master/webrtc).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/datachannel/frame.h>
#include <hearth/webrtc/data_transport.h>
#include <hearth/yamux/types.h>

namespace hearth::webrtc {

using yamux::OpenError;
using yamux::Readable;
using yamux::ReadState;
using yamux::StreamFinished;
using yamux::StreamId;
using yamux::StreamOpened;
using yamux::StreamReset;
using yamux::Writable;
using MuxerEvent = std::variant<StreamOpened, Readable, Writable, StreamFinished, StreamReset>;

struct MuxerLimits {
  /// Received and unread, of all streams together. Above it nothing more is taken from the
  /// transport, and so the peer stops: data channels have no windows of their own.
  std::size_t max_unread = std::size_t{1} << 20;
  /// For the peer's FIN or FIN_ACK after we are done with a stream.
  Duration linger = std::chrono::seconds{10};
};

/// The calls of session::Session on streams, with the transport that carries them passed in. An id
/// stays known from open() or StreamOpened until release() or reset(); calls with others do
/// nothing.
class Muxer {
 public:
  explicit Muxer(const MuxerLimits& limits = {}) : limits_(limits) {}

  // From the transport's events.
  void on_channel_opened(const ChannelOpened& opened);
  void on_channel_closed(DataTransport& transport, Instant now, ChannelId channel);
  void on_data(DataTransport& transport, Instant now, const Data& data);
  void on_room_to_send(DataTransport& transport, Instant now);
  void advance(DataTransport& transport, Instant now);
  /// All streams are reset; no channel exists any more.
  void on_transport_closed();

  /// Whether on_data may be called.
  [[nodiscard]] bool has_room() const { return unread_ < limits_.max_unread; }
  [[nodiscard]] std::optional<MuxerEvent> poll_event();
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] Result<StreamId, OpenError> open(DataTransport& transport, Instant now);
  [[nodiscard]] std::size_t write(DataTransport& transport, Instant now, StreamId id,
                                  BytesView bytes);
  [[nodiscard]] std::size_t writable(const DataTransport& transport, StreamId id) const;
  [[nodiscard]] BytesView peek(StreamId id) const;
  void consume(StreamId id, std::size_t count);
  [[nodiscard]] ReadState read_state(StreamId id) const;
  void close_write(DataTransport& transport, Instant now, StreamId id);
  [[nodiscard]] bool flushed(StreamId id) const;
  void reset(DataTransport& transport, Instant now, StreamId id);
  void release(DataTransport& transport, Instant now, StreamId id);

  /// Streams the application has not released.
  [[nodiscard]] std::size_t streams() const { return known_; }
  [[nodiscard]] std::size_t inbound_streams() const { return known_inbound_; }
  /// With those that are still ending by themselves.
  [[nodiscard]] std::size_t table_size() const { return streams_.size(); }

 private:
  struct Stream {
    ChannelId channel;
    bool inbound = false;
    bool channel_open = true;
    bool released = false;  // the application is done with it
    bool aborted = false;   // by the peer, or by a fault of its
    bool told_readable = false;
    bool wants_to_write = false;
    bool close_asked = false;  // close_write() was called
    bool fin_sent = false, fin_acked = false;
    bool fin_received = false, fin_ack_sent = true;
    bool stop_due = false;  // tell the peer that nobody reads
    std::optional<Instant> linger_until;
    datachannel::FrameDecoder decoder;
    Bytes incoming;
    std::size_t taken = 0;  // of `incoming`, by the application
  };
  using Streams = std::map<StreamId, Stream>;

  Stream* known(StreamId id);
  [[nodiscard]] const Stream* known(StreamId id) const;
  void on_frame(StreamId id, Stream& stream, const datachannel::FrameDecoder::Frame& frame);
  void abort(DataTransport& transport, Instant now, StreamId id, Stream& stream);
  bool send_frame(DataTransport& transport, Instant now, Stream& stream,
                  std::optional<datachannel::Flag> flag, BytesView data);
  void send_flags(DataTransport& transport, Instant now, Stream& stream);
  void settle(DataTransport& transport, Instant now, StreamId id);
  void close_channel(DataTransport& transport, Instant now, Stream& stream);
  void drop_unread(Stream& stream);
  void forget(StreamId id);
  void count(const Stream& stream, int by);

  MuxerLimits limits_;
  Streams streams_;  // by id, so that draining them is the same in every run
  std::map<ChannelId, StreamId> by_channel_;
  std::uint32_t next_id_ = 1;
  std::size_t unread_ = 0;
  std::size_t known_ = 0;
  std::size_t known_inbound_ = 0;
  std::deque<MuxerEvent> events_;  // at most a few for each stream
  Bytes frame_;                    // reused
};

}  // namespace hearth::webrtc
