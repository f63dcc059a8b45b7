#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <hearth/libp2p/host.h>
#include <hearth/libp2p/host_impl.h>
#include <hearth/libp2p/negotiate.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;

namespace {

/// How long shut_down() lets connections say goodbye.
constexpr auto patience = std::chrono::milliseconds{1500};

/// A stream of an adopted connection, after its protocol was agreed.
class AgreedStream final : public Stream {
 public:
  AgreedStream(ConnectionPtr connection, std::unique_ptr<loop::ByteStream> raw,
               std::string protocol, StreamLease lease)
      : connection_(std::move(connection)),
        raw_(std::move(raw)),
        protocol_(std::move(protocol)),
        lease_(std::move(lease)) {}

  const std::string& protocol() const override { return protocol_; }
  const ConnectionPtr& connection() const override { return connection_; }
  Task<std::size_t> read_some(MutableBytes out) override { return raw_->read_some(out); }
  Task<void> write(BytesView data) override { return raw_->write(data); }
  Task<void> close_write() override { return raw_->close_write(); }
  void reset() noexcept override { raw_->reset(); }
  asio::any_io_executor executor() override { return raw_->executor(); }

 private:
  ConnectionPtr connection_;
  std::unique_ptr<loop::ByteStream> raw_;
  std::string protocol_;
  StreamLease lease_;
};

/// Negotiates within `limit`; then the stream is reset.
Task<std::string> negotiate_within(Duration limit, loop::ByteStream& stream,
                                   multistream::Negotiator negotiator) {
  return within(limit, negotiate(stream, std::move(negotiator)));
}

}  // namespace

std::string_view transport_name(Transport transport) {
  switch (transport) {
    case Transport::tcp:
      return "tcp";
    case Transport::websocket:
      return "websocket";
    case Transport::webrtc_direct:
      return "webrtc-direct";
    case Transport::webrtc:
      return "webrtc";
    case Transport::relayed:
      return "relayed";
  }
  return "";
}

// --- Impl: connections and their streams ---

void Host::Impl::on_secured(const std::shared_ptr<SessionConnection>& connection) {
  add(connection);
}

void Host::Impl::on_closed(const std::shared_ptr<SessionConnection>& connection) {
  remove(connection);
}

void Host::Impl::add(const ConnectionPtr& connection) {
  if (stopping) return connection->close();
  connections[connection->peer()].push_back(connection);
  shared->log.debug("libp2p.connected", {{"peer", connection->peer().to_string()},
                                         {"address", connection->remote_address().to_string()}});
  for (const auto& observer : connected) observer(connection);
  identify(connection);
}

void Host::Impl::remove(const ConnectionPtr& connection) {
  changed.notify();
  for (auto& [peer, open] : connections) {
    const auto found = std::ranges::find(open, connection);
    if (found == open.end()) continue;
    const PeerId gone = peer;
    open.erase(found);
    if (open.empty()) {
      connections.erase(gone);
      infos.erase(gone);
    }
    shared->log.debug("libp2p.disconnected", {{"peer", gone.to_string()}});
    for (const auto& observer : disconnected) observer(connection);
    return;
  }
}

multistream::Negotiator Host::Impl::listener() {
  return multistream::Negotiator::listener([weak = weak_from_this()](std::string_view protocol) {
    const auto self = weak.lock();
    return self && self->handlers.contains(protocol);
  });
}

void Host::Impl::on_stream(std::shared_ptr<SessionConnection>, StreamStatePtr stream) {
  if (stopping) return;
  asio::co_spawn(shared->executor, serve_session_stream(shared_from_this(), std::move(stream)),
                 asio::detached);
}

Task<void> Host::Impl::serve_session_stream(Ptr self, StreamStatePtr state) {
  try {
    StreamPtr stream = co_await agree_on(state, self->listener());
    if (!self->shared->resources.agreed(state->lease, stream->protocol())) co_return;
    state.reset();
    co_await serve_agreed(self, std::move(stream));
  } catch (const system_error&) {  // the peer's business: the stream is reset
  }
}

Task<void> Host::Impl::serve_raw_stream(Ptr self, ConnectionPtr connection, StreamLease lease,
                                        std::unique_ptr<loop::ByteStream> raw) {
  try {
    const Duration limit = self->shared->options.limits.negotiation_timeout;
    const std::string protocol = co_await negotiate_within(limit, *raw, self->listener());
    if (!self->shared->resources.agreed(lease, protocol)) co_return;
    StreamPtr stream = std::make_unique<AgreedStream>(std::move(connection), std::move(raw),
                                                      protocol, std::move(lease));
    co_await serve_agreed(self, std::move(stream));
  } catch (const system_error&) {
  }
}

Task<void> Host::Impl::serve_agreed(Ptr self, StreamPtr stream) {
  const auto found = self->handlers.find(stream->protocol());
  if (found == self->handlers.end() || self->stopping) co_return;
  const StreamHandler handler = found->second;  // it may be replaced while it runs
  const std::string protocol = stream->protocol();
  try {
    co_await handler(std::move(stream));
  } catch (const system_error&) {
  } catch (const std::exception& error) {
    self->shared->log.warning("libp2p.handler_failed",
                              {{"protocol", protocol}, {"error", error.what()}});
  }
}

void Host::Impl::stop() {
  if (std::exchange(stopping, true)) return;
  push_timer.cancel();
  for (const Listening& one : listening) {
    error_code ignored;
    one.acceptor->close(ignored);
  }
  const auto begun = accepting;  // aborting one may erase it from within
  for (const auto& one : begun) one->abort.emit(asio::cancellation_type::terminal);
  std::vector<ConnectionPtr> open;
  for (const auto& [peer, some] : connections) open.insert(open.end(), some.begin(), some.end());
  for (const auto& connection : open) connection->close();
}

// --- Host ---

Host::Host(asio::any_io_executor executor, HostOptions options, const loop::SystemClock& clock,
           Entropy& entropy, Log& log)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), clock, entropy, log)) {
  impl_->serve_identify();
}

Host::~Host() {
  impl_->stop();
  // What they captured may end with the host's owner; connections on their way out don't need it.
  impl_->handlers.clear();
  impl_->connected.clear();
  impl_->disconnected.clear();
  impl_->identified.clear();
  impl_->dialers.clear();
  impl_->http_fallback = nullptr;
  impl_->shared->is_enrolled = nullptr;
}

const PeerId& Host::id() const {
  return impl_->shared->id;
}
const crypto::Ed25519PrivateKey& Host::key() const {
  return impl_->shared->options.key;
}

std::uint16_t Host::listen(const Multiaddr& address) {
  return impl_->listen(address, nullptr);
}

std::uint16_t Host::listen_tls(const Multiaddr& address, const std::string& certificate,
                               const std::string& key) {
  return impl_->listen(address, TlsContext::server(certificate, key));
}

void Host::set_http_fallback(HttpFallback serve) {
  impl_->http_fallback = std::move(serve);
}

std::vector<Multiaddr> Host::listen_addresses() const {
  return impl_->listen_addresses();
}

std::vector<Multiaddr> Host::announced_addresses() const {
  return impl_->announced_addresses();
}

void Host::announce(const Multiaddr& address) {
  if (std::ranges::find(impl_->announced, address) != impl_->announced.end()) return;
  impl_->announced.push_back(address);
  impl_->schedule_push();
}

void Host::stop_announcing(const Multiaddr& address) {
  if (std::erase(impl_->announced, address) > 0) impl_->schedule_push();
}

void Host::handle(std::string protocol, StreamHandler handler) {
  impl_->handlers.insert_or_assign(std::move(protocol), std::move(handler));
  impl_->schedule_push();
}

void Host::on_connected(ConnectionObserver observer) {
  impl_->connected.push_back(std::move(observer));
}

void Host::on_disconnected(ConnectionObserver observer) {
  impl_->disconnected.push_back(std::move(observer));
}

void Host::on_identified(PeerObserver observer) {
  impl_->identified.push_back(std::move(observer));
}

std::optional<PeerInfo> Host::peer_info(const PeerId& peer) const {
  const auto found = impl_->infos.find(peer);
  return found == impl_->infos.end() ? std::nullopt : std::optional{found->second};
}

Task<ConnectionPtr> Host::dial(PeerId peer, std::vector<Multiaddr> addresses) {
  return Impl::dial(impl_, std::move(peer), std::move(addresses));
}

Task<ConnectionPtr> Host::dial_address(Multiaddr address) {
  return Impl::dial_address(impl_, std::move(address));
}

void Host::add_dialer(std::function<bool(const Multiaddr&)> takes, Dialer dial) {
  impl_->dialers.emplace_back(std::move(takes), std::move(dial));
}

Task<ConnectionPtr> Host::upgrade(std::unique_ptr<loop::ByteStream> raw, UpgradeOptions options) {
  auto lease = impl_->shared->resources.accept_unaddressed();
  if (!lease || impl_->stopping) throw system_error{asio::error::no_buffer_space};
  return Impl::upgrade(impl_, std::move(raw), std::move(options), std::move(*lease));
}

void Host::adopt(ConnectionPtr connection) {
  auto lease = impl_->shared->resources.accept_unaddressed();
  if (!lease || impl_->stopping) throw system_error{asio::error::no_buffer_space};
  const budget::Standing standing = impl_->shared->standing_of(connection->peer());
  const Transport by = connection->transport();
  if (standing != budget::Standing::enrolled &&
      (by == Transport::webrtc || by == Transport::webrtc_direct) &&
      impl_->shared->budget->memory(budget::Layer::webrtc).overrun_by(standing))
    throw system_error{asio::error::no_buffer_space};
  if (!impl_->shared->resources.authenticated(*lease, connection->peer(), standing))
    throw system_error{asio::error::no_buffer_space};
  impl_->adopted.emplace(connection.get(), std::move(*lease));
  impl_->add(connection);
}

void Host::retire(const ConnectionPtr& connection) {
  impl_->adopted.erase(connection.get());
  impl_->remove(connection);
}

void Host::serve_raw(ConnectionPtr connection, std::unique_ptr<loop::ByteStream> raw) {
  const auto held = impl_->adopted.find(connection.get());
  if (held == impl_->adopted.end() || impl_->stopping) return;
  auto lease = impl_->shared->resources.accept_stream(held->second);
  if (!lease) return;
  asio::co_spawn(
      impl_->shared->executor,
      Impl::serve_raw_stream(impl_, std::move(connection), std::move(*lease), std::move(raw)),
      asio::detached);
}

namespace {

Task<StreamPtr> agree_on_raw(std::shared_ptr<Shared> shared, ConnectionPtr connection,
                             std::unique_ptr<loop::ByteStream> raw,
                             std::vector<std::string> protocols, StreamLease lease) {
  std::string protocol =
      co_await negotiate_within(shared->options.limits.negotiation_timeout, *raw,
                                multistream::Negotiator::dialer(std::move(protocols)));
  co_return std::make_unique<AgreedStream>(std::move(connection), std::move(raw),
                                           std::move(protocol), std::move(lease));
}

}  // namespace

Task<StreamPtr> Host::agree(ConnectionPtr connection, std::unique_ptr<loop::ByteStream> raw,
                            std::vector<std::string> protocols) {
  const auto held = impl_->adopted.find(connection.get());
  if (held == impl_->adopted.end()) throw system_error{asio::error::not_connected};
  auto lease = impl_->shared->resources.open_stream(held->second);
  if (!lease) throw system_error{asio::error::no_buffer_space};
  return agree_on_raw(impl_->shared, std::move(connection), std::move(raw), std::move(protocols),
                      std::move(*lease));
}

void Host::serve_inbound(StreamPtr stream) {
  asio::co_spawn(impl_->shared->executor, Impl::serve_agreed(impl_, std::move(stream)),
                 asio::detached);
}

std::vector<std::string> Host::protocols() const {
  std::vector<std::string> all;
  for (const auto& [protocol, handler] : impl_->handlers) all.push_back(protocol);
  return all;
}

std::vector<ConnectionPtr> Host::connections() const {
  std::vector<ConnectionPtr> all;
  for (const auto& [peer, open] : impl_->connections)
    all.insert(all.end(), open.begin(), open.end());
  return all;
}

std::vector<ConnectionPtr> Host::connections_to(const PeerId& peer) const {
  const auto found = impl_->connections.find(peer);
  return found == impl_->connections.end() ? std::vector<ConnectionPtr>{} : found->second;
}

void Host::close_peer(const PeerId& peer) noexcept {
  for (const ConnectionPtr& connection : connections_to(peer)) connection->close();
}

void Host::set_is_enrolled(std::function<bool(const PeerId&)> is_enrolled) {
  impl_->shared->is_enrolled = std::move(is_enrolled);
  review();
}

void Host::review() {
  Shared& shared = *impl_->shared;
  for (const auto& [peer, open] : impl_->connections) {
    const budget::Standing standing = shared.standing_of(peer);
    for (const ConnectionPtr& connection : open) {
      const auto adopted = impl_->adopted.find(connection.get());
      if (adopted != impl_->adopted.end()) {
        shared.resources.set_standing(adopted->second, standing);
      } else if (auto* session = dynamic_cast<SessionConnection*>(connection.get())) {
        session->set_standing(standing);
      }
    }
  }
}

budget::Standing Host::standing_of(const PeerId& peer) const {
  return impl_->shared->standing_of(peer);
}
const budget::BudgetPtr& Host::budget() const {
  return impl_->shared->budget;
}

ResourceCounters Host::resources() const {
  ResourceCounters counters = impl_->shared->resources.counters();
  counters.memory_bytes = impl_->shared->memory.used();
  return counters;
}
const Limits& Host::limits() const {
  return impl_->shared->options.limits;
}
asio::any_io_executor Host::executor() const {
  return impl_->shared->executor;
}
const loop::SystemClock& Host::clock() const {
  return impl_->shared->clock;
}
Entropy& Host::entropy() const {
  return impl_->shared->entropy;
}
Log& Host::log() const {
  return impl_->shared->log;
}

namespace {

Task<void> gone(std::shared_ptr<void> keep,
                const std::map<PeerId, std::vector<ConnectionPtr>>& open, Signal& changed,
                Shared& shared) {
  const Instant deadline = shared.clock.now() + patience;
  while (!open.empty() && shared.clock.now() < deadline)
    co_await Signal::wait_for(keep, changed, shared.executor, deadline - shared.clock.now());
}

}  // namespace

Task<void> Host::shut_down() {
  impl_->stop();
  return gone(impl_, impl_->connections, impl_->changed, *impl_->shared);
}

}  // namespace hearth::libp2p
