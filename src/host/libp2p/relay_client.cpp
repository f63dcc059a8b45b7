#include <algorithm>
#include <list>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/framed.h>
#include <hearth/libp2p/ping.h>
#include <hearth/libp2p/relay_client.h>
#include <hearth/relay/message.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::system_error;
using relay::HopMessage;
using relay::StopMessage;

namespace {

constexpr auto patience = std::chrono::seconds{10};
/// Of the relay's addresses that we tell others.
constexpr std::size_t max_announced = 8;
/// And that we may dial ourselves, besides the one that we were given.
constexpr std::size_t max_others = 4;

/// Why a relay said no, in words that can be shown.
struct Refused : std::runtime_error {
  explicit Refused(relay::Status status)
      : std::runtime_error("the relay refused: " + std::string{relay::to_string(status)}) {}
};

bool is_plain_circuit(const Multiaddr& address) {
  const auto after = address.after_circuit();
  return after && after->components().size() == 1 && after->p2p();
}

/// Of what a relay tells of itself, what it can't use to have us knock at doors inside.
std::vector<Multiaddr> others_of(const Multiaddr& known, const std::vector<Multiaddr>& told) {
  std::vector<Multiaddr> others;
  const auto here = known.tcp();
  if (!here) return others;
  for (const Multiaddr& address : told) {
    const auto there = address.tcp();
    const bool plain = address.without_p2p().components().size() == 2;
    if (!plain || !there || there->port != here->port || there->address == here->address) continue;
    const bool inside = there->address.is_private() || there->address.is_loopback();
    if (inside && !here->address.is_private() && !here->address.is_loopback()) continue;
    if (others.size() < max_others) others.push_back(address.without_p2p());
  }
  return others;
}

Task<HopMessage> ask(ConnectionPtr relay, HopMessage question) {
  const StreamPtr stream = co_await relay->open(std::string{relay::hop_protocol});
  co_await write_framed(*stream, encode(question));
  const Bytes bytes = co_await read_framed(*stream, relay::max_message_bytes);
  auto answer = relay::decode_hop(bytes);
  if (!answer || answer->type != HopMessage::Type::status || !answer->status)
    throw system_error{asio::error::fault};
  co_await stream->close_write();
  if (*answer->status != relay::Status::ok) throw Refused{*answer->status};
  co_return std::move(*answer);
}

struct Circuit {
  StreamPtr stream;
  bool limited = false;
};

Task<Circuit> ask_for_circuit(ConnectionPtr relay, PeerId target) {
  StreamPtr stream = co_await relay->open(std::string{relay::hop_protocol});
  const HopMessage question{.type = HopMessage::Type::connect,
                            .peer = relay::Peer{.id = std::move(target)}};
  co_await write_framed(*stream, encode(question));
  const Bytes bytes = co_await read_framed(*stream, relay::max_message_bytes);
  const auto answer = relay::decode_hop(bytes);
  if (!answer || answer->status != relay::Status::ok)
    throw system_error{asio::error::connection_refused};
  Circuit circuit{.stream = std::move(stream), .limited = answer->limit.has_value()};
  co_return circuit;
}

}  // namespace

std::string_view to_string(RelayState::Phase phase) {
  switch (phase) {
    case RelayState::Phase::connecting:
      return "connecting";
    case RelayState::Phase::reserved:
      return "reserved";
    case RelayState::Phase::waiting:
      return "waiting";
  }
  return "";
}

struct RelayClient::Impl : std::enable_shared_from_this<Impl> {
  using Ptr = std::shared_ptr<Impl>;

  struct Kept {
    Kept(Multiaddr at, PeerId relay) : peer(std::move(relay)) { state.address = std::move(at); }
    PeerId peer;
    RelayState state;
    Signal wake;  // dropped, or the connection ended
    bool dropped = false;
  };
  using KeptPtr = std::shared_ptr<Kept>;

  Impl(Host& the_host, RelayClientOptions given) : host(the_host), options(given) {}

  static Task<void> keep(Ptr self, KeptPtr kept);
  static Task<void> hold(Ptr self, KeptPtr kept, ConnectionPtr connection);
  static Task<Duration> reserve(Ptr self, KeptPtr kept, ConnectionPtr connection);
  static Task<ConnectionPtr> dial(Ptr self, Multiaddr address);
  static Task<void> serve_stop(Ptr self, StreamPtr stream);

  void announce(Kept& kept, std::vector<Multiaddr> addresses);
  void changed() const {
    for (const auto& observer : observers) observer();
  }
  [[nodiscard]] bool ended(const Kept& kept) const { return stopped || kept.dropped; }

  Host& host;
  RelayClientOptions options;
  std::list<KeptPtr> relays;
  std::vector<std::function<void()>> observers;
  bool stopped = false;
};

void RelayClient::Impl::announce(Kept& kept, std::vector<Multiaddr> addresses) {
  for (const Multiaddr& old : kept.state.announced)
    if (std::ranges::find(addresses, old) == addresses.end()) host.stop_announcing(old);
  for (const Multiaddr& address : addresses) host.announce(address);
  kept.state.announced = std::move(addresses);
}

Task<Duration> RelayClient::Impl::reserve(Ptr self, KeptPtr kept, ConnectionPtr connection) {
  // Named: g++ 12 destroys a braced temporary in a co_await twice.
  HopMessage question{.type = HopMessage::Type::reserve};
  const HopMessage answer = co_await within(patience, ask(connection, std::move(question)));
  if (self->ended(*kept)) throw system_error{asio::error::operation_aborted};
  if (!answer.reservation) throw system_error{asio::error::fault};
  const relay::Reservation& reservation = *answer.reservation;

  // The address that we came by works; those that the relay names may reach it for others as well,
  // browsers among them.
  std::vector<Multiaddr> addresses;
  const auto add = [&](const Multiaddr& relay) {
    const Multiaddr circuit = relay.with_p2p(kept->peer.bytes()).with(codec::Protocol::p2p_circuit);
    if (addresses.size() < max_announced &&
        std::ranges::find(addresses, circuit) == addresses.end())
      addresses.push_back(circuit);
  };
  add(kept->state.address);
  for (const Multiaddr& address : reservation.addresses)
    if (!address.is_relayed()) add(address);
  self->announce(*kept, std::move(addresses));
  kept->state.others = others_of(kept->state.address, reservation.addresses);

  kept->state.phase = RelayState::Phase::reserved;
  kept->state.expires = reservation.expire;
  kept->state.limited = answer.limit.has_value();
  kept->state.last_error.clear();
  self->changed();
  const Duration left =
      std::chrono::milliseconds{reservation.expire.ms - self->host.clock().wall().ms};
  co_return std::clamp(left / 2, self->options.soonest_renewal, self->options.latest_renewal);
}

Task<void> RelayClient::Impl::hold(Ptr self, KeptPtr kept, ConnectionPtr connection) {
  const loop::SystemClock& clock = self->host.clock();
  Duration renew_in = co_await reserve(self, kept, connection);
  Instant renew_at = clock.now() + renew_in;
  Instant ping_at = clock.now() + self->options.keep_alive;
  while (connection->is_open() && !self->ended(*kept)) {
    const Instant now = clock.now();
    if (now >= renew_at) {
      renew_in = co_await reserve(self, kept, connection);
      renew_at = clock.now() + renew_in;
    } else if (now >= ping_at) {
      // Through a NAT nothing else tells that the connection is gone, or keeps it.
      try {
        kept->state.round_trip = co_await ping(self->host, connection);
      } catch (const system_error&) {
        connection->close();
        throw;
      }
      ping_at = clock.now() + self->options.keep_alive;
    } else {
      co_await Signal::wait_for(kept, kept->wake, self->host.executor(),
                                std::min(renew_at, ping_at) - now);
    }
  }
  throw system_error{asio::error::connection_reset};
}

Task<void> RelayClient::Impl::keep(Ptr self, KeptPtr kept) {
  Duration retry = self->options.first_retry;
  while (!self->ended(*kept)) {
    std::string error;
    try {
      std::vector<Multiaddr> addresses;
      addresses.push_back(kept->state.address);
      for (const Multiaddr& other : kept->state.others) addresses.push_back(other);
      const ConnectionPtr connection = co_await self->host.dial(kept->peer, std::move(addresses));
      if (self->ended(*kept)) break;
      co_await hold(self, kept, connection);
    } catch (const system_error& failed) {
      error = failed.code().message();
    } catch (const std::exception& failed) {
      error = failed.what();
    }
    if (self->ended(*kept)) break;
    const bool stood = kept->state.phase == RelayState::Phase::reserved;
    if (stood) retry = self->options.first_retry;
    self->announce(*kept, {});
    kept->state.phase = RelayState::Phase::waiting;
    kept->state.expires.reset();
    kept->state.round_trip.reset();
    kept->state.last_error = std::move(error);
    self->changed();

    const Instant again = self->host.clock().now() + retry;
    while (!self->ended(*kept) && self->host.clock().now() < again)
      co_await Signal::wait_for(kept, kept->wake, self->host.executor(),
                                again - self->host.clock().now());
    retry = std::min(retry * 2, self->options.last_retry);
    if (self->ended(*kept)) break;
    kept->state.phase = RelayState::Phase::connecting;
    self->changed();
  }
}

Task<ConnectionPtr> RelayClient::Impl::dial(Ptr self, Multiaddr address) {
  const auto relay_address = address.before_circuit();
  const auto relay_id = relay_address ? relay_address->p2p() : std::nullopt;
  const auto target_id = address.p2p();
  auto relay = relay_id ? PeerId::from_bytes(*relay_id) : Failure{peer::PeerError::malformed};
  auto target = target_id ? PeerId::from_bytes(*target_id) : Failure{peer::PeerError::malformed};
  if (!relay || !target) throw system_error{asio::error::invalid_argument};
  std::vector<Multiaddr> addresses;
  if (relay_address->components().size() > 1) addresses.push_back(*relay_address);
  const ConnectionPtr through = co_await self->host.dial(*relay, std::move(addresses));
  Circuit circuit = co_await within(patience, ask_for_circuit(through, *target));
  UpgradeOptions options{.direction = Direction::outbound,
                         .remote = std::move(address),
                         .expected = std::move(*target),
                         .transport = Transport::relayed,
                         .limited = circuit.limited};
  ConnectionPtr connection =
      co_await self->host.upgrade(std::move(circuit.stream), std::move(options));
  co_return connection;
}

Task<void> RelayClient::Impl::serve_stop(Ptr self, StreamPtr stream) {
  const Bytes bytes = co_await within(patience, read_framed(*stream, relay::max_message_bytes));
  const auto message = relay::decode_stop(bytes);
  const PeerId relay = stream->connection()->peer();
  const bool ours = std::ranges::any_of(self->relays, [&](const KeptPtr& kept) {
    return kept->peer == relay && kept->state.phase == RelayState::Phase::reserved;
  });
  StopMessage answer{.type = StopMessage::Type::status, .status = relay::Status::ok};
  if (!message) {
    answer.status = relay::Status::malformed_message;
  } else if (message->type != StopMessage::Type::connect || !message->peer) {
    answer.status = relay::Status::unexpected_message;
  } else if (!ours) {
    answer.status = relay::Status::permission_denied;
  }
  co_await write_framed(*stream, encode(answer));
  if (answer.status != relay::Status::ok) co_return co_await stream->close_write();

  const PeerId source = message->peer->id;
  const Multiaddr remote = stream->connection()
                               ->remote_address()
                               .with_p2p(relay.bytes())
                               .with(codec::Protocol::p2p_circuit)
                               .with_p2p(source.bytes());
  // Who it is, the handshake inside tells; the relay's word is only compared with it.
  UpgradeOptions options{.direction = Direction::inbound,
                         .remote = remote,
                         .expected = source,
                         .transport = Transport::relayed,
                         .limited = message->limit.has_value()};
  co_await self->host.upgrade(std::move(stream), std::move(options));
}

RelayClient::RelayClient(Host& host, RelayClientOptions options)
    : impl_(std::make_shared<Impl>(host, options)) {
  const std::weak_ptr<Impl> weak = impl_;
  host.handle(std::string{relay::stop_protocol}, [weak](StreamPtr stream) -> Task<void> {
    const auto self = weak.lock();
    if (self && !self->stopped) co_await Impl::serve_stop(self, std::move(stream));
  });
  host.add_dialer(is_plain_circuit, [weak](Multiaddr address) -> Task<ConnectionPtr> {
    const auto self = weak.lock();
    if (!self || self->stopped) throw system_error{asio::error::shut_down};
    ConnectionPtr connection = co_await Impl::dial(self, std::move(address));
    co_return connection;
  });
  host.on_disconnected([weak](const ConnectionPtr& connection) {
    const auto self = weak.lock();
    if (!self) return;
    for (const auto& kept : self->relays)
      if (kept->peer == connection->peer()) kept->wake.notify();
  });
}

RelayClient::~RelayClient() {
  impl_->stopped = true;
  for (const auto& kept : impl_->relays) kept->wake.notify();
}

bool RelayClient::keep(const Multiaddr& relay, std::vector<Multiaddr> others) {
  const auto id = relay.p2p();
  if (!id || relay.is_relayed()) return false;
  auto peer = PeerId::from_bytes(*id);
  if (!peer) return false;
  for (const auto& kept : impl_->relays)
    if (kept->state.address == relay) return true;
  const auto kept = std::make_shared<Impl::Kept>(relay, std::move(*peer));
  kept->state.others = std::move(others);
  impl_->relays.push_back(kept);
  asio::co_spawn(impl_->host.executor(), Impl::keep(impl_, kept), asio::detached);
  impl_->changed();
  return true;
}

void RelayClient::drop(const Multiaddr& relay) {
  const auto found = std::ranges::find_if(
      impl_->relays, [&](const auto& kept) { return kept->state.address == relay; });
  if (found == impl_->relays.end()) return;
  const auto kept = *found;
  impl_->relays.erase(found);
  kept->dropped = true;
  impl_->announce(*kept, {});
  kept->wake.notify();
  impl_->host.close_peer(kept->peer);
  impl_->changed();
}

std::vector<RelayState> RelayClient::states() const {
  std::vector<RelayState> states;
  for (const auto& kept : impl_->relays) states.push_back(kept->state);
  return states;
}

void RelayClient::on_change(std::function<void()> observer) {
  impl_->observers.push_back(std::move(observer));
}

}  // namespace hearth::libp2p
