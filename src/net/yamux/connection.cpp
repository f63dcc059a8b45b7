#include <algorithm>

#include <hearth/yamux/connection.h>

namespace hearth::yamux {
namespace {

// write() takes this much whatever window and budget say, so that a stream that is owed a Writable
// always has something whose sending will bring it.
constexpr std::size_t min_send_buffer = 4096;

// An attacker opens and resets streams by the million (as in HTTP/2's rapid reset, CVE-2023-44487).
// A user who seeks in a video resets a few a second.
constexpr std::int64_t abort_burst = 2000, aborts_per_second = 200;
constexpr std::int64_t ping_burst = 500, pings_per_second = 50;

// More can only pile up while the peer opens streams and doesn't read.
constexpr std::size_t max_pending_resets = 4096;

}  // namespace

Connection::Connection(Role role, const Limits& limits, MemoryBudget& budget, Instant now)
    : role_(role),
      limits_(limits),
      budget_(budget),
      now_(now),
      next_id_(role == Role::dialer ? 1 : 2),
      ping_at_(now + limits.keep_alive),
      stream_aborts_(abort_burst, aborts_per_second, now),
      ping_rate_(ping_burst, pings_per_second, now) {
  HEARTH_ASSERT(limits.max_window_bytes >= initial_window);
}

Connection::~Connection() {
  while (!streams_.empty()) erase(streams_.begin()->second);
}

Connection::Stream* Connection::find(std::uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

Connection::Stream* Connection::held(StreamId id) {
  Stream* const stream = find(id.value());
  return stream == nullptr || stream->released ? nullptr : stream;
}

const Connection::Stream* Connection::held(StreamId id) const {
  const auto found = streams_.find(id.value());
  return found == streams_.end() || found->second.released ? nullptr : &found->second;
}

Connection::Stream& Connection::add(std::uint32_t id, bool inbound) {
  Stream& stream = streams_[id];
  stream.id = id;
  stream.inbound = inbound;
  stream.granted = now_;
  if (inbound) {
    ++inbound_;
  } else {
    ++unacknowledged_;
  }
  return stream;
}

void Connection::erase(Stream& stream) {
  budget_.release(stream.charged);
  if (stream.inbound) {
    --inbound_;
  } else if (!stream.acknowledged) {
    --unacknowledged_;
  }
  const bool ours = !stream.inbound;
  if (body_stream_ == stream.id) body_stream_ = 0;
  streams_.erase(stream.id);
  if (ours && wants_open_ && !ended_) {
    wants_open_ = false;
    events_.push(CanOpen{});
  }
  if (peer_leaves_ && streams_.empty()) finish(EndCause::closed_by_peer, std::nullopt);
}

void Connection::erase_if_over(Stream& stream) {
  if (stream.released && stream.fin_sent && stream.remote_finished) erase(stream);
}

// Ends a stream for the peer's or the budget's sake; the user learns of it.
void Connection::abort(Stream& stream) {
  stream.was_reset = true;
  stream.incoming.clear();
  stream.outgoing.clear();
  (void)charge(stream);
  if (stream.released) return erase(stream);
  events_.push(StreamReset{StreamId{stream.id}});
}

std::optional<Event> Connection::poll_event() {
  if (events_.empty()) return std::nullopt;
  return events_.pop();
}

std::optional<Instant> Connection::deadline() const {
  if (ended_) return std::nullopt;
  Instant at = ping_sent_ ? *ping_sent_ + limits_.ping_timeout : ping_at_;
  if (!lingering_.empty()) at = std::min(at, lingering_.front().until);
  return at;
}

void Connection::advance(Instant now) {
  now_ = now;
  if (ended_) return;
  while (!lingering_.empty() && lingering_.front().until <= now) {
    const std::uint32_t id = lingering_.pop().id;
    Stream* const stream = find(id);
    if (stream == nullptr || !stream->released) continue;
    erase(*stream);
    say_reset(id);
  }
  if (ping_sent_) {
    if (now >= *ping_sent_ + limits_.ping_timeout) finish(EndCause::unresponsive, std::nullopt);
  } else if (now >= ping_at_) {
    ping_pending_ = true;
    ping_at_ = now + limits_.keep_alive;
  }
}

void Connection::end(Instant now) {
  now_ = now;
  finish(peer_leaves_ ? EndCause::closed_by_peer : EndCause::pipe_ended, std::nullopt);
}

void Connection::close() {
  finish(EndCause::closed_by_us, GoAway::normal);
}

void Connection::finish(EndCause cause, std::optional<GoAway> say) {
  if (ended_) return;
  ended_ = true;
  go_away_ = say;
  ready_.clear();
  resets_.clear();
  pongs_.clear();
  lingering_.clear();
  ping_pending_ = false;
  // What lingers has no user to release it.
  for (auto next = streams_.begin(); next != streams_.end();) {
    Stream& stream = (next++)->second;
    if (stream.released) erase(stream);
  }
  events_.push(Ended{cause});
}

Result<StreamId, OpenError> Connection::open_stream(Instant now) {
  now_ = now;
  // Ids run out after two billion streams; then it takes another connection.
  if (ended_ || peer_leaves_ || next_id_ >= 0xfffffffd) return Failure{OpenError::closed};
  if (streams_.size() - inbound_ >= limits_.outbound_streams) {
    wants_open_ = true;
    return Failure{OpenError::too_many_streams};
  }
  if (unacknowledged_ >= max_unacknowledged) {
    wants_open_ = true;
    return Failure{OpenError::backlog};
  }
  Stream& stream = add(next_id_, false);
  next_id_ += 2;
  stream.syn_pending = true;
  schedule(stream);
  return StreamId{stream.id};
}

// Whether there is a frame to send for it now.
bool Connection::owes(const Stream& stream) const {
  if (stream.was_reset) return false;
  return stream.syn_pending || stream.ack_pending || stream.grant > 0 ||
         (!stream.outgoing.empty() && stream.send_window > 0) ||
         (stream.write_closed && !stream.fin_sent && stream.outgoing.empty());
}

void Connection::schedule(Stream& stream) {
  if (ended_ || stream.ready || !owes(stream)) return;
  stream.ready = true;
  ready_.push(stream.id);
}

// What write() may hold for it in all. More than the peer's window allows could only wait.
std::size_t Connection::room(const Stream& stream) const {
  const std::size_t window = static_cast<std::size_t>(
      std::min<std::uint64_t>(stream.send_window, limits_.send_buffer_bytes));
  return std::max(window, min_send_buffer);
}

std::size_t Connection::writable(StreamId id) const {
  const Stream* const stream = held(id);
  if (stream == nullptr || ended_ || stream->write_closed || stream->was_reset) return 0;
  const std::size_t limit = room(*stream);
  return limit - std::min(limit, stream->outgoing.size());
}

std::size_t Connection::write(StreamId id, BytesView bytes) {
  Stream* const stream = held(id);
  std::size_t size = std::min(bytes.size(), writable(id));
  if (stream == nullptr || bytes.empty()) return 0;
  if (size > 0 && !budget_.reserve(size)) {
    const std::size_t waiting = std::min(min_send_buffer, stream->outgoing.size());
    size = std::min(size, min_send_buffer - waiting);
    budget_.force(size);
  }
  stream->charged += size;
  stream->outgoing.append(bytes.first(size));
  if (size < bytes.size() && !stream->write_closed) stream->wants_write = true;
  schedule(*stream);
  return size;
}

void Connection::say_writable(Stream& stream) {
  if (!stream.wants_write || stream.write_closed || stream.released) return;
  if (stream.outgoing.size() > room(stream) / 2) return;
  stream.wants_write = false;
  events_.push(Writable{StreamId{stream.id}});
}

std::size_t Connection::read(StreamId id, MutableBytes out) {
  Stream* const stream = held(id);
  if (stream == nullptr) return 0;
  const std::size_t size = stream->incoming.read(out);
  stream->consumed += static_cast<std::uint32_t>(size);
  grant_more(*stream);
  return size;
}

BytesView Connection::peek(StreamId id) const {
  const Stream* const stream = held(id);
  return stream == nullptr ? BytesView{} : stream->incoming.front();
}

void Connection::consume(StreamId id, std::size_t count) {
  Stream* const stream = held(id);
  if (stream == nullptr) return;
  count = std::min(count, stream->incoming.size());
  stream->incoming.pop(count);
  stream->consumed += static_cast<std::uint32_t>(count);
  grant_more(*stream);
}

// After the user read something.
void Connection::grant_more(Stream& stream) {
  if (stream.incoming.empty()) stream.readable_said = false;
  (void)charge(stream);
  if (stream.remote_finished || stream.was_reset || ended_) return;
  if (stream.consumed < stream.window / 2) return;
  // Half a window in less than four round trips: the window is what holds the peer back.
  std::uint32_t growth = 0;
  if (round_trip_ && now_ - stream.granted < 4 * *round_trip_) {
    growth = std::min(stream.window, limits_.max_window_bytes - stream.window);
    if (growth > 0 && budget_.reserve(growth)) {
      stream.charged += growth;
      stream.window += growth;
    } else {
      growth = 0;
    }
  }
  stream.grant += stream.consumed + growth;
  stream.receive_left += stream.consumed + growth;
  stream.consumed = 0;
  stream.granted = now_;
  schedule(stream);
}

std::size_t Connection::due_charge(const Stream& stream) const {
  if (stream.was_reset) return 0;
  return stream.window - initial_window +
         std::min<std::size_t>(stream.incoming.size(), initial_window) + stream.outgoing.size();
}

// Brings the charge up to date. False when the budget refused; then it is as before.
bool Connection::charge(Stream& stream) {
  const std::size_t due = due_charge(stream);
  if (due > stream.charged) {
    if (!budget_.reserve(due - stream.charged)) return false;
  } else {
    budget_.release(stream.charged - due);
  }
  stream.charged = due;
  return true;
}

ReadState Connection::read_state(StreamId id) const {
  const Stream* const stream = held(id);
  if (stream == nullptr || stream->was_reset) return ReadState::reset;
  if (!stream->incoming.empty()) return ReadState::open;
  if (stream->remote_finished) return ReadState::finished;
  return ended_ ? ReadState::reset : ReadState::open;
}

void Connection::close_write(StreamId id) {
  Stream* const stream = held(id);
  if (stream == nullptr) return;
  stream->write_closed = true;
  schedule(*stream);
}

bool Connection::flushed(StreamId id) const {
  const Stream* const stream = held(id);
  if (stream == nullptr) return true;
  return stream->outgoing.empty() && (!stream->write_closed || stream->fin_sent);
}

void Connection::reset(StreamId id) {
  Stream* const stream = held(id);
  if (stream == nullptr) return;
  // A stream the peer never heard of, or already ended, needs no frame.
  const bool over =
      stream->was_reset || stream->syn_pending || (stream->fin_sent && stream->remote_finished);
  erase(*stream);
  if (!over) say_reset(id.value());
}

void Connection::say_reset(std::uint32_t id) {
  if (ended_) return;
  if (resets_.size() >= max_pending_resets) return finish(EndCause::abuse, GoAway::protocol_error);
  resets_.push(id);
}

void Connection::release(StreamId id) {
  Stream* const stream = held(id);
  if (stream == nullptr) return;
  if (ended_ || stream->was_reset || !stream->write_closed) return reset(id);
  stream->released = true;
  stream->incoming.clear();
  (void)charge(*stream);
  if (stream->fin_sent && stream->remote_finished) return erase(*stream);
  lingering_.push({.until = now_ + limits_.linger, .id = stream->id});
  forget_lingered();
}

// Streams mostly end long before their time; their entries must not outnumber those that linger.
void Connection::forget_lingered() {
  if (lingering_.size() <= 2 * streams_.size() + 64) return;
  Fifo<Linger> still;
  while (!lingering_.empty()) {
    const Linger entry = lingering_.pop();
    if (const Stream* const stream = find(entry.id); stream != nullptr && stream->released)
      still.push(entry);
  }
  lingering_ = std::move(still);
}

}  // namespace hearth::yamux
