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

yamux::Limits muxer_limits(const Limits& limits) {
  return {.inbound_streams = limits.inbound_streams_per_connection,
          .outbound_streams = limits.outbound_streams_per_connection,
          .max_window_bytes = static_cast<std::uint32_t>(limits.max_stream_window_bytes)};
}

class SessionStream final : public Stream, public DirectAccess {
 public:
  explicit SessionStream(StreamStatePtr state) : state_(std::move(state)) {}
  ~SessionStream() override { state_->release(); }

  void set_protocol(std::string protocol) { protocol_ = std::move(protocol); }

  const std::string& protocol() const override { return protocol_; }
  const ConnectionPtr& connection() const override { return connection_; }
  asio::any_io_executor executor() override { return state_->connection->shared().executor; }

  Task<std::size_t> read_some(MutableBytes out) override { return read_from(state_, out); }
  Task<void> write(BytesView data) override { return write_to(state_, data); }
  Task<void> close_write() override {
    state_->close_write();
    co_return;
  }
  void reset() noexcept override { state_->abort(); }

  Task<void> wait_readable() override { return wait_for_bytes(state_); }
  std::optional<std::size_t> try_read(MutableBytes out) override { return state_->try_read(out); }
  std::size_t try_write(BytesView data) override { return state_->try_write(data); }

 private:
  // Static: the handle may be destroyed while they wait.
  static Task<std::size_t> read_from(StreamStatePtr state, MutableBytes out) {
    while (true) {
      if (const auto count = state->try_read(out)) co_return *count;
      co_await Signal::wait(state, state->readable, state->connection->shared().executor);
    }
  }
  static Task<void> write_to(StreamStatePtr state, BytesView data) {
    while (true) {
      data = data.subspan(state->try_write(data));
      if (data.empty()) co_return;
      co_await Signal::wait(state, state->writable, state->connection->shared().executor);
    }
  }
  static Task<void> wait_for_bytes(StreamStatePtr state) {
    while (!state->has_news())
      co_await Signal::wait(state, state->readable, state->connection->shared().executor);
  }

  StreamStatePtr state_;
  ConnectionPtr connection_ = state_->connection;
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
      resources(options.limits),
      memory(options.limits.memory_bytes, nullptr,
             std::min(options.limits.memory_bytes / 4, options.limits.memory_bytes_for_newcomers)),
      // Not touched, and so not resident, until there is traffic.
      receive_scratch(std::make_unique_for_overwrite<std::byte[]>(scratch_bytes)),
      transmit_scratch(std::make_unique_for_overwrite<std::byte[]>(scratch_bytes)) {}

StreamState::StreamState(std::shared_ptr<SessionConnection> on, session::StreamId stream,
                         StreamLease held)
    : connection(std::move(on)), id(stream), lease(std::move(held)) {
  connection->streams_.emplace(id, this);
}

StreamState::~StreamState() {
  release();
  connection->streams_.erase(id);
}

void StreamState::release() noexcept {
  if (std::exchange(released, true)) return;
  reset = true;
  connection->session_.release(id);
  connection->schedule_transmit();
  lease.release();
  readable.notify();
  writable.notify();
}

void StreamState::abort() noexcept {
  if (std::exchange(reset, true)) return;
  connection->session_.reset(id);
  connection->schedule_transmit();
  readable.notify();
  writable.notify();
}

void StreamState::close_write() {
  if (reset || std::exchange(write_closed, true)) return;
  connection->session_.close_write(id);
  connection->schedule_transmit();
}

bool StreamState::has_news() const {
  return reset || !connection->session_.peek(id).empty() ||
         connection->session_.read_state(id) != session::ReadState::open;
}

std::optional<std::size_t> StreamState::try_read(MutableBytes out) {
  if (reset) throw system_error{asio::error::connection_reset};
  if (const std::size_t count = connection->session_.read(id, out)) {
    connection->schedule_transmit();  // the window that this opened
    return count;
  }
  switch (connection->session_.read_state(id)) {
    case session::ReadState::open:
      return std::nullopt;
    case session::ReadState::finished:
      return 0;
    case session::ReadState::reset:
      break;
  }
  throw system_error{asio::error::connection_reset};
}

std::size_t StreamState::try_write(BytesView data) {
  if (reset || connection->ended_) throw system_error{asio::error::connection_reset};
  if (write_closed) throw system_error{asio::error::shut_down};
  const std::size_t count = connection->session_.write(id, data);
  if (count > 0) connection->schedule_transmit();
  return count;
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

SessionConnection::~SessionConnection() = default;

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

void SessionConnection::close() noexcept {
  session_.close();
  schedule_transmit();
}

void SessionConnection::schedule_transmit() {
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
  while (true) {
    if (more) {
      co_await asio::post(self->shared_->executor, asio::use_awaitable);
    } else {
      co_await direct.wait_readable();
    }
    if (!self->raw_) co_return;
    const MutableBytes scratch = self->shared_->receiving();
    const auto count = direct.try_read(scratch);
    if (count && *count == 0) co_return;
    if (count) self->received(scratch.first(*count));
    more = count == scratch.size();
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

void SessionConnection::received(BytesView bytes) {
  heard_ = shared_->clock.now();
  session_.receive(*heard_, bytes);
  drain_events();
  schedule_transmit();
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
  self->pending_ = {};
  if (failed) {
    self->write_failed();
  } else {
    self->transmit();
  }
  if (self->ended_) self->changed_.notify();
}

void SessionConnection::drain_events() {
  while (const auto event = session_.poll_event()) on_event(*event);
}

void SessionConnection::on_event(const session::Event& event) {
  if (const auto* secured = std::get_if<session::Secured>(&event)) {
    peer_ = secured->peer;
    if (secured->peer == shared_->id || !shared_->resources.authenticated(lease_, *peer_)) {
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
    owner->on_stream(shared_from_this(), std::make_shared<StreamState>(
                                             shared_from_this(), opened->id, std::move(*lease)));
  } else if (const auto* readable = std::get_if<session::Readable>(&event)) {
    if (StreamState* stream = find(readable->id)) stream->readable.notify();
  } else if (const auto* finished = std::get_if<session::StreamFinished>(&event)) {
    if (StreamState* stream = find(finished->id)) stream->readable.notify();
  } else if (const auto* writable = std::get_if<session::Writable>(&event)) {
    if (StreamState* stream = find(writable->id)) stream->writable.notify();
  } else if (const auto* reset = std::get_if<session::StreamReset>(&event)) {
    if (StreamState* stream = find(reset->id)) {
      stream->reset = true;
      stream->readable.notify();
      stream->writable.notify();
    }
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
  for (const auto& [id, stream] : streams_) {
    // What the peer sent before it left stays readable; whom we turn away isn't listened to.
    if (reason == CloseReason::closed_by_us) stream->reset = true;
    stream->readable.notify();
    stream->writable.notify();
  }
  changed_.notify();
  asio::co_spawn(shared_->executor, end_raw(shared_from_this()), asio::detached);
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

void SessionConnection::arm_timer() {
  const auto deadline = session_.deadline();
  // One that fires too early is harmless, and re-arming for each packet isn't free.
  if (!deadline || ended_ || (armed_for_ && *armed_for_ <= *deadline)) return;
  armed_for_ = deadline;
  timer_.expires_at(loop::to_steady(*deadline));
  timer_.async_wait([weak = weak_from_this()](error_code stopped) {
    const auto self = weak.lock();
    if (stopped || !self) return;
    self->armed_for_.reset();
    self->session_.advance(self->shared_->clock.now());
    self->drain_events();
    self->transmit();
  });
}

StreamState* SessionConnection::find(session::StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

}  // namespace hearth::libp2p
