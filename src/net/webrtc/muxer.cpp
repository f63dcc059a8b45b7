#include <algorithm>
#include <utility>
#include <vector>

#include <hearth/webrtc/muxer.h>

namespace hearth::webrtc {

using datachannel::Flag;
using datachannel::max_frame_data;
using datachannel::max_frame_overhead;

Muxer::Stream* Muxer::known(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second.released ? nullptr : &found->second;
}

const Muxer::Stream* Muxer::known(StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second.released ? nullptr : &found->second;
}

void Muxer::count(const Stream& stream, int by) {
  known_ += static_cast<std::size_t>(by);
  if (stream.inbound) known_inbound_ += static_cast<std::size_t>(by);
}

void Muxer::on_channel_opened(const ChannelOpened& opened) {
  // js-libp2p opens this one only to have something to offer, and closes it itself.
  if (opened.label == "init") return;
  const StreamId id{next_id_++};
  const Stream& stream =
      streams_.emplace(id, Stream{.channel = opened.id, .inbound = true}).first->second;
  by_channel_[opened.id] = id;
  count(stream, 1);
  events_.emplace_back(StreamOpened{id});
}

// Without FIN before it this is an abort: what was sent may not be all.
void Muxer::on_channel_closed(DataTransport& transport, Instant now, ChannelId channel) {
  const auto found = by_channel_.find(channel);
  if (found == by_channel_.end()) return;
  const StreamId id = found->second;
  by_channel_.erase(found);
  Stream& stream = streams_.at(id);
  stream.channel_open = false;
  stream.fin_acked = stream.fin_sent;
  if (!stream.fin_received || (!stream.fin_sent && !stream.released)) {
    if (!stream.aborted && !stream.released) events_.emplace_back(StreamReset{id});
    stream.aborted = true;
    drop_unread(stream);
  }
  settle(transport, now, id);
}

void Muxer::on_data(DataTransport& transport, Instant now, const Data& data) {
  const auto found = by_channel_.find(data.id);
  if (found == by_channel_.end()) return;
  const StreamId id = found->second;
  Stream& stream = streams_.at(id);
  BytesView input = data.payload;
  while (true) {
    const auto frame = stream.decoder.next(input);
    if (!frame) return abort(transport, now, id, stream);
    if (!*frame) break;
    on_frame(id, stream, **frame);
    if (stream.aborted) {
      close_channel(transport, now, stream);
      break;
    }
  }
  send_flags(transport, now, stream);
  settle(transport, now, id);
}

void Muxer::on_frame(StreamId id, Stream& stream, const datachannel::FrameDecoder::Frame& frame) {
  if (!frame.data.empty() && !stream.fin_received && !stream.released && !stream.aborted) {
    append(stream.incoming, frame.data);
    unread_ += frame.data.size();
    if (!std::exchange(stream.told_readable, true)) events_.emplace_back(Readable{id});
  }
  if (!frame.flag) return;
  switch (*frame.flag) {
    case Flag::fin:
      if (std::exchange(stream.fin_received, true)) return;
      stream.fin_ack_sent = false;
      if (!stream.released) events_.emplace_back(StreamFinished{id});
      return;
    case Flag::fin_ack:
      stream.fin_acked = stream.fin_sent;
      return;
    case Flag::stop_sending:
      if (stream.fin_sent) return;  // it has all that we had to say
      [[fallthrough]];              // half a stream is of no use to anyone here
    case Flag::reset:
      if (std::exchange(stream.aborted, true)) return;
      drop_unread(stream);
      if (!stream.released) events_.emplace_back(StreamReset{id});
      return;
  }
}

void Muxer::abort(DataTransport& transport, Instant now, StreamId id, Stream& stream) {
  if (!std::exchange(stream.aborted, true) && !stream.released)
    events_.emplace_back(StreamReset{id});
  drop_unread(stream);
  (void)send_frame(transport, now, stream, Flag::reset, {});
  close_channel(transport, now, stream);
  settle(transport, now, id);
}

void Muxer::on_room_to_send(DataTransport& transport, Instant now) {
  std::vector<StreamId> ids;
  for (const auto& [id, stream] : streams_) ids.push_back(id);
  for (const StreamId id : ids) {
    Stream& stream = streams_.at(id);
    send_flags(transport, now, stream);
    if (std::exchange(stream.wants_to_write, false) && !stream.released)
      events_.emplace_back(Writable{id});
    settle(transport, now, id);
  }
}

void Muxer::advance(DataTransport& transport, Instant now) {
  std::vector<StreamId> late;
  for (const auto& [id, stream] : streams_)
    if (stream.linger_until && now >= *stream.linger_until) late.push_back(id);
  for (const StreamId id : late) {
    Stream& stream = streams_.at(id);
    stream.aborted = true;
    close_channel(transport, now, stream);
    settle(transport, now, id);
  }
}

std::optional<Instant> Muxer::deadline() const {
  std::optional<Instant> first;
  for (const auto& [id, stream] : streams_)
    if (stream.linger_until && (!first || *stream.linger_until < *first))
      first = stream.linger_until;
  return first;
}

void Muxer::on_transport_closed() {
  by_channel_.clear();
  for (auto entry = streams_.begin(); entry != streams_.end();) {
    Stream& stream = entry->second;
    stream.channel_open = false;
    stream.linger_until.reset();
    const bool whole = stream.fin_received && stream.fin_sent;
    if (!whole && !stream.aborted && !stream.released)
      events_.emplace_back(StreamReset{entry->first});
    if (!whole) {
      stream.aborted = true;
      drop_unread(stream);
    }
    entry = stream.released ? streams_.erase(entry) : std::next(entry);
  }
}

std::optional<MuxerEvent> Muxer::poll_event() {
  if (events_.empty()) return std::nullopt;
  const MuxerEvent event = events_.front();
  events_.pop_front();
  return event;
}

Result<StreamId, OpenError> Muxer::open(DataTransport& transport, Instant now) {
  const auto channel = transport.open_channel(now, {});
  if (!channel)
    return Failure{channel.error() == datachannel::OpenError::not_established
                       ? OpenError::closed
                       : OpenError::too_many_streams};
  const StreamId id{next_id_++};
  const Stream& stream = streams_.emplace(id, Stream{.channel = *channel}).first->second;
  by_channel_[*channel] = id;
  count(stream, 1);
  return id;
}

bool Muxer::send_frame(DataTransport& transport, Instant now, Stream& stream,
                       std::optional<Flag> flag, BytesView data) {
  if (!stream.channel_open) return false;
  frame_.clear();
  datachannel::append_frame(frame_, flag, data);
  return transport.send(now, stream.channel, Kind::binary, frame_).has_value();
}

std::size_t Muxer::write(DataTransport& transport, Instant now, StreamId id, BytesView bytes) {
  Stream* stream = known(id);
  if (stream == nullptr || stream->aborted || stream->close_asked) return 0;
  std::size_t written = 0;
  while (written < bytes.size()) {
    const std::size_t count = std::min(bytes.size() - written, max_frame_data);
    if (!send_frame(transport, now, *stream, std::nullopt, bytes.subspan(written, count))) {
      stream->wants_to_write = true;
      break;
    }
    written += count;
  }
  return written;
}

std::size_t Muxer::writable(const DataTransport& transport, StreamId id) const {
  const Stream* stream = known(id);
  if (stream == nullptr || stream->aborted || stream->close_asked || !stream->channel_open)
    return 0;
  const std::size_t room = transport.writable();
  const std::size_t frames = room / datachannel::max_frame;
  return frames > 0 ? frames * max_frame_data : room - std::min(room, max_frame_overhead);
}

BytesView Muxer::peek(StreamId id) const {
  const Stream* stream = known(id);
  return stream == nullptr ? BytesView{} : BytesView{stream->incoming}.subspan(stream->taken);
}

void Muxer::consume(StreamId id, std::size_t count) {
  Stream* stream = known(id);
  if (stream == nullptr) return;
  count = std::min(count, stream->incoming.size() - stream->taken);
  stream->taken += count;
  unread_ -= count;
  if (stream->taken < stream->incoming.size()) return;
  stream->incoming.clear();
  stream->taken = 0;
  stream->told_readable = false;
  if (stream->incoming.capacity() > 128 * 1024) stream->incoming.shrink_to_fit();
}

void Muxer::drop_unread(Stream& stream) {
  unread_ -= stream.incoming.size() - stream.taken;
  stream.incoming = {};
  stream.taken = 0;
}

ReadState Muxer::read_state(StreamId id) const {
  const Stream* stream = known(id);
  if (stream == nullptr || stream->aborted) return ReadState::reset;
  return stream->fin_received && stream->incoming.empty() ? ReadState::finished : ReadState::open;
}

void Muxer::close_write(DataTransport& transport, Instant now, StreamId id) {
  Stream* stream = known(id);
  if (stream == nullptr || stream->aborted || std::exchange(stream->close_asked, true)) return;
  send_flags(transport, now, *stream);
  settle(transport, now, id);
}

bool Muxer::flushed(StreamId id) const {
  const Stream* stream = known(id);
  return stream == nullptr || !stream->close_asked || stream->fin_sent;
}

void Muxer::send_flags(DataTransport& transport, Instant now, Stream& stream) {
  if (!stream.channel_open || stream.aborted) return;
  if (!stream.fin_ack_sent)
    stream.fin_ack_sent = send_frame(transport, now, stream, Flag::fin_ack, {});
  if (stream.close_asked && !stream.fin_sent)
    stream.fin_sent = send_frame(transport, now, stream, Flag::fin, {});
  if (stream.stop_due)
    stream.stop_due = !send_frame(transport, now, stream, Flag::stop_sending, {});
}

void Muxer::reset(DataTransport& transport, Instant now, StreamId id) {
  Stream* stream = known(id);
  if (stream == nullptr) return;
  if (!stream->aborted) (void)send_frame(transport, now, *stream, Flag::reset, {});
  stream->aborted = true;
  close_channel(transport, now, *stream);
  count(*stream, -1);
  forget(id);
}

void Muxer::release(DataTransport& transport, Instant now, StreamId id) {
  Stream* stream = known(id);
  if (stream == nullptr) return;
  if (stream->aborted || !stream->close_asked) return reset(transport, now, id);
  count(*stream, -1);
  stream->released = true;
  stream->linger_until = now + limits_.linger;
  stream->stop_due = !stream->fin_received;
  drop_unread(*stream);
  send_flags(transport, now, *stream);
  settle(transport, now, id);
}

// Both sides have said all, and know it of each other: the channel can go, and then the stream.
void Muxer::settle(DataTransport& transport, Instant now, StreamId id) {
  Stream& stream = streams_.at(id);
  if (stream.fin_sent && stream.fin_acked && stream.fin_received && stream.fin_ack_sent)
    close_channel(transport, now, stream);
  if (stream.released && (!stream.channel_open || stream.aborted)) {
    close_channel(transport, now, stream);
    forget(id);
  }
}

void Muxer::close_channel(DataTransport& transport, Instant now, Stream& stream) {
  if (!std::exchange(stream.channel_open, false)) return;
  by_channel_.erase(stream.channel);
  transport.close_channel(now, stream.channel);
}

void Muxer::forget(StreamId id) {
  drop_unread(streams_.at(id));
  streams_.erase(id);
}

}  // namespace hearth::webrtc
