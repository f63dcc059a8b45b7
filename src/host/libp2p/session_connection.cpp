#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <hearth/libp2p/negotiate.h>
#include <hearth/libp2p/session_connection.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using session::CloseReason;

namespace {

/// A pending read of a stream without direct access: small while idle, then as large as pays.
constexpr std::size_t idle_read_bytes = 2048;
constexpr std::size_t busy_read_bytes = std::size_t{64} << 10;
/// What one turn of the loop takes of a connection, so that the others don't wait for it: less
/// while its bytes mean much work (a frame of 12 can open a stream), more while they are data.
constexpr std::size_t first_turn_bytes = std::size_t{4} << 10;
constexpr std::size_t least_turn_bytes = std::size_t{2} << 10;
constexpr std::size_t many_events = 32;
/// How long a closed connection may take to send its last bytes.
constexpr auto farewell = std::chrono::seconds{2};

error_code error_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::handshake_timeout:
    case CloseReason::unresponsive:
      return asio::error::timed_out;
    case CloseReason::no_common_protocol:
      return asio::error::no_protocol_option;
    case CloseReason::wrong_peer:
      return asio::error::access_denied;
    case CloseReason::pipe_ended:
      return asio::error::connection_reset;
    default:
      return asio::error::connection_aborted;
  }
}

std::size_t memory_limit(const Limits& limits, budget::Budget& budget) {
  return std::min(limits.memory_bytes, budget.memory(budget::Layer::streams).limit());
}

yamux::Limits muxer_limits(const Limits& limits) {
  return {.inbound_streams = limits.inbound_streams_per_connection,
          .outbound_streams = limits.outbound_streams_per_connection,
          .max_window_bytes = static_cast<std::uint32_t>(limits.max_stream_window_bytes)};
}

class SessionStream final : public MuxedStream<StreamState, Stream> {
 public:
  using MuxedStream::MuxedStream;

  void set_protocol(std::string protocol) { protocol_ = std::move(protocol); }
  const std::string& protocol() const override { return protocol_; }
  const ConnectionPtr& connection() const override { return connection_; }

 private:
  ConnectionPtr connection_ = state().connection;
  std::string protocol_;
};

}  // namespace

Shared::Shared(asio::any_io_executor on, HostOptions given, const loop::SystemClock& the_clock,
               Entropy& the_entropy, Log& the_log)
    : executor(std::move(on)),
      options(std::move(given)),
      clock(the_clock),
      entropy(the_entropy),
      log(the_log),
      id(PeerId::from_public_key(options.key.public_key())),
      credentials(options.key, entropy),
      budget(options.budget ? options.budget : budget::Budget::create({})),
      resources(options.limits, budget),
      memory(memory_limit(options.limits, *budget), &budget->memory(budget::Layer::streams),
             std::min(memory_limit(options.limits, *budget) / 4,
                      options.limits.memory_bytes_for_newcomers),
             memory_limit(options.limits, *budget) / 8),
      // Not touched, and so not resident, until there is traffic.
      receive_scratch(std::make_unique_for_overwrite<std::byte[]>(scratch_bytes)),
      transmit_scratch(std::make_unique_for_overwrite<std::byte[]>(scratch_bytes)) {}

StreamState::StreamState(std::shared_ptr<SessionConnection> on, session::StreamId stream,
                         StreamLease held)
    : MuxedState(std::move(on), stream),
      lease(std::move(held)),
      opened(connection->shared().clock.now()) {}

void StreamState::release() noexcept {
  MuxedState::release();
  lease.release();
}

Task<StreamPtr> agree_on(StreamStatePtr state, multistream::Negotiator negotiator) {
  auto stream = std::make_unique<SessionStream>(state);
  Shared& shared = state->connection->shared();
  asio::steady_timer guard{shared.executor};
  guard.expires_after(shared.options.limits.negotiation_timeout);
  guard.async_wait([weak = std::weak_ptr{state}](error_code stopped) {
    const StreamStatePtr late = weak.lock();
    if (!stopped && late) late->abort();
  });
  std::string protocol = co_await negotiate(*stream, std::move(negotiator));
  stream->set_protocol(std::move(protocol));
  co_return stream;
}

SessionConnection::SessionConnection(std::shared_ptr<Shared> shared,
                                     std::weak_ptr<ConnectionOwner> owner, RawStream raw,
                                     UpgradeOptions options, ConnectionLease lease)
    : shared_(std::move(shared)),
      owner_(std::move(owner)),
      options_(std::move(options)),
      lease_(std::move(lease)),
      raw_(std::move(raw)),
      direct_(dynamic_cast<DirectAccess*>(raw_.get())),
      memory_(shared_->options.limits.memory_bytes_per_connection, &shared_->memory),
      session_(session::Options{.role = options_.direction == Direction::outbound
                                            ? session::Role::initiator
                                            : session::Role::responder,
                                .credentials = shared_->credentials,
                                .expected = options_.expected,
                                .budget = memory_,
                                .limits = muxer_limits(shared_->options.limits),
                                .handshake_timeout = shared_->options.limits.upgrade_timeout},
               shared_->entropy, shared_->clock.now()),
      timer_(shared_->executor) {}

SessionConnection::~SessionConnection() {
  memory_.release(pending_.size());
}

void SessionConnection::start() {
  asio::co_spawn(shared_->executor, read_loop(shared_from_this()), asio::detached);
  transmit();
}

Task<void> SessionConnection::wait_secured() {
  const auto self = shared_from_this();
  while (!peer_ && !ended_) co_await Signal::wait(self, changed_, shared_->executor);
  if (refused_) throw system_error{asio::error::connection_refused};
  if (ended_) throw system_error{error_of(close_reason_)};
}

Task<StreamPtr> SessionConnection::open_stream(std::vector<std::string> protocols) {
  return open_and_agree(shared_from_this(), std::move(protocols));
}

Task<StreamPtr> SessionConnection::open_and_agree(std::shared_ptr<SessionConnection> self,
                                                  std::vector<std::string> protocols) {
  if (self->ended_) throw system_error{asio::error::not_connected};
  auto lease = self->shared_->resources.open_stream(self->lease_);
  if (!lease) throw system_error{asio::error::no_buffer_space};
  auto id = self->session_.open_stream(self->shared_->clock.now());
  while (!id) {
    if (id.error() == session::OpenError::closed) throw system_error{asio::error::not_connected};
    if (id.error() == session::OpenError::too_many_streams)
      throw system_error{asio::error::no_buffer_space};
    co_await Signal::wait(self, self->changed_, self->shared_->executor);
    id = self->session_.open_stream(self->shared_->clock.now());
  }
  auto state = std::make_shared<StreamState>(self, *id, std::move(*lease));
  co_return co_await agree_on(std::move(state),
                              multistream::Negotiator::dialer(std::move(protocols)));
}

void SessionConnection::set_standing(budget::Standing standing) {
  memory_.set_standing(standing);
  shared_->resources.set_standing(lease_, standing);
}

void SessionConnection::close() noexcept {
  session_.close();
  touch();
  std::exchange(silent_, {}).clear();
}

void SessionConnection::touch() {
  if (std::exchange(transmit_scheduled_, true)) return;
  // Posted, so that what several streams write in this turn shares frames and system calls.
  asio::post(shared_->executor, [self = shared_from_this()] { self->transmit(); });
}

Task<void> SessionConnection::read_loop(std::shared_ptr<SessionConnection> self) {
  try {
    if (self->direct_) {
      co_await read_direct(self, *self->direct_);
    } else {
      co_await read_buffered(self);
    }
  } catch (const std::exception&) {  // lost, or closed by us: the same from here
  }
  self->lost();
}

Task<void> SessionConnection::read_direct(std::shared_ptr<SessionConnection> self,
                                          DirectAccess& direct) {
  bool more = false;
  std::size_t turn = first_turn_bytes;
  while (true) {
    if (more) {
      co_await asio::post(self->shared_->executor, asio::use_awaitable);
    } else {
      co_await direct.wait_readable();
    }
    if (!self->raw_) co_return;
    const MutableBytes scratch = self->shared_->receiving().first(turn);
    const auto count = direct.try_read(scratch);
    if (count && *count == 0) co_return;
    const std::size_t events = count ? self->received(scratch.first(*count)) : 0;
    more = count == scratch.size();
    turn = events > many_events ? std::max(turn / 4, least_turn_bytes)
                                : std::min(turn * 2, Shared::scratch_bytes);
  }
}

Task<void> SessionConnection::read_buffered(std::shared_ptr<SessionConnection> self) {
  Bytes buffer(idle_read_bytes);
  while (self->raw_) {
    const std::size_t count = co_await self->raw_->read_some(buffer);
    if (count == 0 || !self->raw_) co_return;
    self->received(BytesView{buffer}.first(count));
    const std::size_t next = count == buffer.size()    ? busy_read_bytes
                             : count < idle_read_bytes ? idle_read_bytes
                                                       : buffer.size();
    if (next != buffer.size()) buffer = Bytes(next);
  }
}

std::size_t SessionConnection::received(BytesView bytes) {
  heard_ = shared_->clock.now();
  session_.receive(*heard_, bytes);
  const std::size_t events = drain_events();
  touch();
  return events;
}

void SessionConnection::lost() noexcept {
  session_.end(shared_->clock.now());
  drain_events();
}

// A peer that sent its last and left makes our writes fail while its bytes still wait to be read.
void SessionConnection::write_failed() noexcept {
  if (!direct_) return lost();
  deaf_ = true;  // the read loop comes to the end soon
}

void SessionConnection::transmit() {
  transmit_scheduled_ = false;
  const MutableBytes scratch =
      direct_ ? shared_->transmitting() : shared_->transmitting().first(busy_read_bytes);
  try {
    while (raw_ && !writing_ && !deaf_) {
      const std::size_t size = session_.poll_transmit(scratch);
      if (size == 0) break;
      BytesView rest = scratch.first(size);
      if (direct_) rest = rest.subspan(direct_->try_write(rest));
      if (rest.empty()) continue;
      pending_ = to_bytes(rest);
      memory_.force(pending_.size());  // no stream's any more
      writing_ = true;
      asio::co_spawn(shared_->executor, write_pending(shared_from_this()), asio::detached);
    }
  } catch (const system_error&) {
    return write_failed();
  }
  drain_events();
  arm_timer();
}

Task<void> SessionConnection::write_pending(std::shared_ptr<SessionConnection> self) {
  bool failed = false;
  try {
    co_await self->raw_->write(self->pending_);
  } catch (const std::exception&) {
    failed = true;
  }
  self->writing_ = false;
  self->memory_.release(self->pending_.size());
  self->pending_ = {};
  if (failed) {
    self->write_failed();
  } else {
    self->transmit();
  }
  if (self->ended_) self->changed_.notify();
}

std::size_t SessionConnection::drain_events() {
  std::size_t count = 0;
  for (; const auto event = session_.poll_event(); ++count) on_event(*event);
  return count;
}

void SessionConnection::on_event(const session::Event& event) {
  if (const auto* secured = std::get_if<session::Secured>(&event)) {
    peer_ = secured->peer;
    const budget::Standing standing = shared_->standing_of(*peer_);
    memory_.set_standing(standing);
    if (secured->peer == shared_->id ||
        !shared_->resources.authenticated(lease_, *peer_, standing)) {
      refused_ = true;
      close();
    } else if (const auto owner = owner_.lock()) {
      owner->on_secured(shared_from_this());
    }
    changed_.notify();
  } else if (const auto* opened = std::get_if<session::StreamOpened>(&event)) {
    auto lease = shared_->resources.accept_stream(lease_);
    const auto owner = owner_.lock();
    if (!lease || !owner) return session_.reset(opened->id);
    silent_.emplace(opened->id, std::make_shared<StreamState>(shared_from_this(), opened->id,
                                                              std::move(*lease)));
    if (!sweep_at_) sweep_at_ = *heard_ + shared_->options.limits.negotiation_timeout;
  } else if (const auto* readable = std::get_if<session::Readable>(&event)) {
    if (auto first = silent_.extract(readable->id)) {
      if (const auto owner = owner_.lock())
        owner->on_stream(shared_from_this(), std::move(first.mapped()));
    } else if (State* stream = find(readable->id)) {
      stream->readable.notify();
    }
  } else if (const auto* finished = std::get_if<session::StreamFinished>(&event)) {
    silent_.erase(finished->id);
    if (State* stream = find(finished->id)) stream->readable.notify();
  } else if (const auto* writable = std::get_if<session::Writable>(&event)) {
    if (State* stream = find(writable->id)) stream->writable.notify();
  } else if (const auto* reset = std::get_if<session::StreamReset>(&event)) {
    if (State* stream = find(reset->id)) stream->lose();
    silent_.erase(reset->id);
  } else if (std::holds_alternative<session::CanOpen>(event)) {
    changed_.notify();
  } else if (const auto* closed = std::get_if<session::Closed>(&event)) {
    on_closed(closed->reason);
  }
}

void SessionConnection::on_closed(CloseReason reason) {
  ended_ = true;
  close_reason_ = reason;
  timer_.cancel();
  std::exchange(silent_, {}).clear();
  for (const auto& [id, stream] : streams_) {
    // What the peer sent before it left stays readable; whom we turn away isn't listened to.
    if (reason == CloseReason::closed_by_us) stream->reset = true;
    stream->wake();
  }
  changed_.notify();
  asio::co_spawn(shared_->executor, end_raw(shared_from_this()), asio::detached);
  if (reason == CloseReason::abuse) {
    shared_->resources.thrown_out(lease_, Refusal::abuse);
  } else if (reason == CloseReason::protocol_error || reason == CloseReason::decryption_failed) {
    shared_->resources.thrown_out(lease_, Refusal::protocol_errors);
  }
  lease_.release();
  if (const auto owner = owner_.lock()) owner->on_closed(shared_from_this());
}

Task<void> SessionConnection::end_raw(std::shared_ptr<SessionConnection> self) {
  co_await asio::post(self->shared_->executor, asio::use_awaitable);
  asio::steady_timer guard{self->shared_->executor, farewell};
  guard.async_wait([self](error_code stopped) {
    if (!stopped && self->raw_) self->raw_->reset();
  });
  self->transmit();  // the farewell, if any
  while (self->writing_) co_await Signal::wait(self, self->changed_, self->shared_->executor);
  try {
    if (self->close_reason_ != CloseReason::pipe_ended) co_await self->raw_->close_write();
  } catch (const std::exception&) {
  }
  guard.cancel();
  self->direct_ = nullptr;
  self->raw_.reset();
}

// Looks seldom: each silent stream has its time, and at most twice that.
void SessionConnection::sweep_silent(Instant now) {
  if (!sweep_at_ || now < *sweep_at_) return;
  const Duration time = shared_->options.limits.negotiation_timeout;
  for (auto next = silent_.begin(); next != silent_.end();) {
    const auto one = next++;
    if (one->second->opened + time <= now) silent_.erase(one);
  }
  sweep_at_.reset();
  if (!silent_.empty()) sweep_at_ = now + time;
}

void SessionConnection::arm_timer() {
  auto deadline = session_.deadline();
  if (sweep_at_ && (!deadline || *sweep_at_ < *deadline)) deadline = sweep_at_;
  // One that fires too early is harmless, and re-arming for each packet isn't free.
  if (!deadline || ended_ || (armed_for_ && *armed_for_ <= *deadline)) return;
  armed_for_ = deadline;
  timer_.expires_at(loop::to_steady(*deadline));
  timer_.async_wait([weak = weak_from_this()](error_code stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    self->armed_for_.reset();
    const Instant now = self->shared_->clock.now();
    self->session_.advance(now);
    self->sweep_silent(now);
    self->drain_events();
    self->transmit();
  });
}

SessionConnection::State* SessionConnection::find(session::StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

}  // namespace hearth::libp2p
