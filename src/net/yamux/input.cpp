// Connection's receiving half: headers are judged before a byte of their bodies is kept.

#include <algorithm>

#include <hearth/yamux/connection.h>

namespace hearth::yamux {
namespace {

// More answers than this can only pile up while the peer doesn't read.
constexpr std::size_t max_pending_pongs = 64;

// Windows are 64 bit here and saturate, whatever increments a peer sends.
constexpr std::uint64_t max_send_window = std::uint64_t{1} << 40;

// A stream on which that much went back was of use, and a reset is but its end: js-libp2p's way to
// be done with an answer. Agreeing on a protocol takes less.
constexpr std::uint64_t answered_bytes = 64;

}  // namespace

void Connection::receive(Instant now, BytesView bytes) {
  now_ = now;
  while (!bytes.empty() && !ended_) {
    if (body_left_ > 0) {
      const std::size_t size = std::min<std::size_t>(body_left_, bytes.size());
      body_left_ -= static_cast<std::uint32_t>(size);
      on_body(bytes.first(size));
      bytes = bytes.subspan(size);
      continue;
    }
    const std::size_t size = std::min(header_size - partial_size_, bytes.size());
    std::copy_n(bytes.begin(), size, partial_.begin() + static_cast<std::ptrdiff_t>(partial_size_));
    partial_size_ += size;
    bytes = bytes.subspan(size);
    if (partial_size_ < header_size) return;
    partial_size_ = 0;
    if (const auto header = decode_header(partial_)) {
      on_header(*header);
    } else {
      finish(EndCause::protocol_error, GoAway::protocol_error);
    }
  }
}

void Connection::on_header(const FrameHeader& header) {
  switch (header.type) {
    case FrameType::data:
      return on_data(header);
    case FrameType::window_update:
      return on_window_update(header);
    case FrameType::ping:
      return on_ping(header);
    case FrameType::go_away:
      return on_go_away(header);
  }
}

// The stream that a data or window frame is about, made if it opens one; null when it is unknown,
// gone by this frame's RST, or the connection ended.
Connection::Stream* Connection::stream_of(const FrameHeader& header) {
  if (header.stream == 0) {
    finish(EndCause::protocol_error, GoAway::protocol_error);
    return nullptr;
  }
  if (header.has(flag_syn) && !on_syn(header)) return nullptr;
  Stream* const stream = find(header.stream);
  if (stream == nullptr || stream->was_reset) return nullptr;
  if (!stream->inbound && !stream->acknowledged) {
    stream->acknowledged = true;
    --unacknowledged_;
    if (wants_open_) {
      wants_open_ = false;
      events_.push(CanOpen{});
    }
  }
  if (header.has(flag_rst)) {
    on_rst(*stream);
    return nullptr;
  }
  return stream;
}

bool Connection::on_syn(const FrameHeader& header) {
  const bool odd = header.stream % 2 == 1;
  if (odd != (role_ == Role::listener)) {
    finish(EndCause::protocol_error, GoAway::protocol_error);
    return false;
  }
  if (find(header.stream) != nullptr) return true;  // a repeated SYN changes nothing
  if (header.has(flag_rst)) return false;
  if (inbound_ >= limits_.inbound_streams) {
    refuse(header.stream);
    return false;
  }
  Stream& stream = add(header.stream, true);
  stream.ack_pending = true;
  schedule(stream);
  events_.push(StreamOpened{StreamId{stream.id}});
  return true;
}

void Connection::refuse(std::uint32_t id) {
  if (!stream_aborts_.take(now_)) return finish(EndCause::abuse, GoAway::protocol_error);
  say_reset(id);
}

void Connection::on_data(const FrameHeader& header) {
  // Even of a stream we don't know: nobody has a window like that.
  if (header.length > limits_.max_window_bytes)
    return finish(EndCause::protocol_error, GoAway::protocol_error);
  Stream* const stream = stream_of(header);
  if (ended_) return;
  body_left_ = header.length;
  body_stream_ = 0;
  body_ends_stream_ = false;
  if (stream == nullptr) return;
  if (header.length > stream->receive_left)
    return finish(EndCause::protocol_error, GoAway::protocol_error);
  stream->receive_left -= header.length;
  if (stream->remote_finished) return;  // data after its end: nobody will read it
  if (header.length == 0) {
    if (header.has(flag_fin)) on_fin(*stream);
    return;
  }
  body_stream_ = stream->id;
  body_ends_stream_ = header.has(flag_fin);
}

void Connection::on_body(BytesView bytes) {
  if (body_stream_ == 0) return;
  const std::uint32_t id = body_stream_;
  Stream& stream = *find(id);
  if (!stream.released) {
    stream.incoming.append(bytes);
    if (!charge(stream)) {
      body_stream_ = 0;
      abort(stream);
      return say_reset(id);
    }
    if (!stream.readable_said) {
      stream.readable_said = true;
      events_.push(Readable{StreamId{id}});
    }
  }
  if (body_left_ > 0) return;
  body_stream_ = 0;
  if (body_ends_stream_) on_fin(stream);
}

void Connection::on_window_update(const FrameHeader& header) {
  Stream* const stream = stream_of(header);
  if (stream == nullptr) return;
  stream->send_window = std::min(stream->send_window + header.length, max_send_window);
  schedule(*stream);
  say_writable(*stream);
  if (header.has(flag_fin)) on_fin(*stream);
}

void Connection::on_fin(Stream& stream) {
  if (stream.remote_finished) return;
  stream.remote_finished = true;
  if (stream.released) return erase_if_over(stream);
  events_.push(StreamFinished{StreamId{stream.id}});
}

void Connection::on_rst(Stream& stream) {
  if (stream.inbound && stream.sent < answered_bytes && !stream_aborts_.take(now_))
    return finish(EndCause::abuse, GoAway::protocol_error);
  abort(stream);
}

void Connection::on_ping(const FrameHeader& header) {
  if (header.has(flag_ack)) {
    if (!ping_sent_ || header.length != ping_value_) return;
    round_trip_ = now_ - *ping_sent_;
    ping_sent_.reset();
    return;
  }
  if (!header.has(flag_syn)) return;
  if (!ping_rate_.take(now_) || pongs_.size() >= max_pending_pongs)
    return finish(EndCause::abuse, GoAway::protocol_error);
  pongs_.push(header.length);
}

void Connection::on_go_away(const FrameHeader& header) {
  if (header.length != static_cast<std::uint32_t>(GoAway::normal))
    return finish(EndCause::peer_error, std::nullopt);
  // Streams that are open may go on, says the specification; the pipe's end will follow.
  peer_leaves_ = true;
  if (streams_.empty()) finish(EndCause::closed_by_peer, std::nullopt);
}

}  // namespace hearth::yamux
