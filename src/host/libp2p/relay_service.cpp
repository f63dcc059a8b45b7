#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <hearth/libp2p/async.h>
#include <hearth/libp2p/direct_stream.h>
#include <hearth/libp2p/framed.h>
#include <hearth/libp2p/ping.h>
#include <hearth/libp2p/relay_service.h>

namespace hearth::libp2p {

namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using relay::CircuitId;
using relay::Flow;
using relay::HopMessage;
using relay::RelayPolicy;
using relay::StopMessage;

namespace {

/// For one message of the handshake.
constexpr auto patience = std::chrono::seconds{10};
/// What one direction of a busy circuit holds; an idle one holds nothing.
constexpr std::size_t splice_bytes = std::size_t{64} << 10;
/// How often it is looked who fell silent.
constexpr auto rounds = std::chrono::seconds{5};
/// Of our own addresses in a reservation.
constexpr std::size_t max_announced = 16;

HopMessage status_of(relay::Status status) {
  return {.type = HopMessage::Type::status, .status = status};
}

Task<Unit> send(Stream& stream, Bytes message) {
  co_await write_framed(stream, std::move(message));
  co_return Unit{};
}

}  // namespace

struct RelayService::Impl : std::enable_shared_from_this<Impl> {
  using Ptr = std::shared_ptr<Impl>;

  Impl(Host& the_host, const relay::PolicyOptions& options, RelayPolicy::IsRegistered is_registered)
      : host(the_host),
        executor(the_host.executor()),
        clock(the_host.clock()),
        silence(options.silence),
        registered(is_registered),
        policy(options, std::move(is_registered), the_host.clock().now()),
        round(executor) {}

  struct Circuit {
    Circuit(Ptr on, CircuitId with_id, budget::Claim counted, StreamPtr from, StreamPtr to)
        : service(std::move(on)),
          id(with_id),
          memory(std::move(counted)),
          source(std::move(from)),
          target(std::move(to)),
          time_limit(service->executor) {}
    ~Circuit() { service->policy.close(id); }

    void abort() {
      source->reset();
      target->reset();
    }

    Ptr service;
    CircuitId id;
    budget::Claim memory;
    StreamPtr source;
    StreamPtr target;
    asio::steady_timer time_limit;
  };
  /// Gives the circuit back when its making fails half-way.
  struct Claim {
    RelayPolicy* policy = nullptr;
    CircuitId id;
    ~Claim() {
      if (policy) policy->close(id);
    }
  };

  void look_around();
  void look_again_later();
  static Task<void> ask_whether_there(Ptr self, PeerId peer, ConnectionPtr connection);
  static Task<void> serve(Ptr self, StreamPtr stream);
  static Task<void> reserve(Ptr self, StreamPtr stream);
  static Task<void> connect(Ptr self, StreamPtr source, PeerId target);
  static Task<StreamPtr> reach(Ptr self, PeerId source, PeerId target,
                               std::optional<relay::Limit> limit);
  static Task<void> pump(std::shared_ptr<Circuit> circuit, Flow flow);
  static Task<void> carry(Circuit& circuit, Flow flow, Stream& from, Stream& to);

  Host& host;
  asio::any_io_executor executor;
  const loop::SystemClock& clock;
  Duration silence;
  RelayPolicy::IsRegistered registered;
  RelayPolicy policy;
  asio::steady_timer round;
  std::set<PeerId> asked;
  bool stopped = false;
};

/// A peer that says nothing by itself (ours do, each 30 s) is asked while there is time to answer.
void RelayService::Impl::look_around() {
  const Instant now = clock.now();
  for (const PeerId& peer : policy.reserved())
    for (const ConnectionPtr& one : host.connections_to(peer))
      if (const auto at = one->last_heard(); at && one->transport() != Transport::relayed)
        policy.heard(peer, *at);
  for (const PeerId& peer : policy.unheard_since(now - silence)) host.close_peer(peer);
  policy.advance(now);
  for (const PeerId& peer : policy.unheard_since(now - silence * 3 / 5))
    for (const ConnectionPtr& one : host.connections_to(peer))
      if (one->transport() != Transport::relayed && asked.insert(peer).second)
        asio::co_spawn(executor, ask_whether_there(shared_from_this(), peer, one), asio::detached);
}

Task<void> RelayService::Impl::ask_whether_there(Ptr self, PeerId peer, ConnectionPtr connection) {
  try {
    (void)co_await ping(self->host, std::move(connection));
  } catch (const system_error&) {
    // Whatever it answered, it answered; if it didn't, its time runs out.
  }
  self->asked.erase(peer);
}

void RelayService::Impl::look_again_later() {
  round.expires_after(std::min<Duration>(rounds, silence / 10));
  round.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->stopped) return;
    self->look_around();
    self->look_again_later();
  });
}

Task<void> RelayService::Impl::serve(Ptr self, StreamPtr stream) {
  const Bytes bytes = co_await within(patience, read_framed(*stream, relay::max_message_bytes));
  const auto message = relay::decode_hop(bytes);
  auto refusal = relay::Status::unexpected_message;
  if (!message) {
    refusal = relay::Status::malformed_message;
  } else if (stream->connection()->transport() == Transport::relayed) {
    // No circuits over circuits: their cost couldn't be told.
    refusal = relay::Status::permission_denied;
  } else if (message->type == HopMessage::Type::reserve) {
    co_return co_await reserve(std::move(self), std::move(stream));
  } else if (message->type == HopMessage::Type::connect && message->peer) {
    co_return co_await connect(std::move(self), std::move(stream), message->peer->id);
  }
  const HopMessage answer = status_of(refusal);
  co_await within(patience, send(*stream, encode(answer)));
  co_await stream->close_write();
}

Task<void> RelayService::Impl::reserve(Ptr self, StreamPtr stream) {
  const Connection& connection = *stream->connection();
  const IpAddress from = connection.remote_address().ip().value_or(IpAddress{});
  const auto granted =
      self->policy.reserve(connection.peer(), from, self->clock.now(), self->clock.wall());
  HopMessage answer = status_of(granted ? relay::Status::ok : granted.error());
  if (granted) {
    relay::Reservation reservation{.expire = granted->expire};
    for (const Multiaddr& address : self->host.announced_addresses())
      if (!address.is_relayed() && reservation.addresses.size() < max_announced)
        reservation.addresses.push_back(address.with_p2p(self->host.id().bytes()));
    reservation.voucher = relay::seal_voucher(
        {.relay = self->host.id(), .peer = connection.peer(), .expiration = granted->expire},
        self->host.key());
    answer.reservation = std::move(reservation);
    answer.limit = granted->limit;
    self->host.log().debug("relay.reserved", {{"peer", connection.peer().to_string()}});
  }
  co_await within(patience, send(*stream, encode(answer)));
  co_await stream->close_write();
}

Task<StreamPtr> RelayService::Impl::reach(Ptr self, PeerId source, PeerId target,
                                          std::optional<relay::Limit> limit) {
  ConnectionPtr to;
  for (const ConnectionPtr& one : self->host.connections_to(target))
    if (one->is_open() && one->transport() != Transport::relayed) to = one;
  if (!to) throw system_error{asio::error::not_connected};
  StreamPtr stream = co_await to->open(std::string{relay::stop_protocol});
  const StopMessage question{
      .type = StopMessage::Type::connect, .peer = relay::Peer{.id = source}, .limit = limit};
  co_await write_framed(*stream, encode(question));
  const Bytes bytes = co_await read_framed(*stream, relay::max_message_bytes);
  const auto answer = relay::decode_stop(bytes);
  if (!answer || answer->status != relay::Status::ok)
    throw system_error{asio::error::connection_refused};
  co_return stream;
}

Task<void> RelayService::Impl::connect(Ptr self, StreamPtr source, PeerId target) {
  const PeerId from = source->connection()->peer();
  const auto opened = self->stopped ? Failure{relay::Status::resource_limit_exceeded}
                                    : self->policy.connect(from, target, self->clock.now());
  HopMessage answer = status_of(opened ? relay::Status::ok : opened.error());
  Claim claim;
  StreamPtr stop;
  std::optional<budget::Claim> memory;
  if (opened) {
    claim.policy = &self->policy;
    claim.id = opened->id;
    memory = budget::Claim::take(
        self->host.budget()->share(budget::Layer::relay), budget::circuit_bytes,
        self->registered && self->registered(target) ? budget::Standing::enrolled
                                                     : budget::Standing::stranger);
    if (!memory) answer = status_of(relay::Status::resource_limit_exceeded);
  }
  if (memory) {
    answer.limit = opened->limit;
    try {
      stop = co_await within(patience, reach(self, from, target, opened->limit));
    } catch (const system_error&) {
      answer = status_of(relay::Status::connection_failed);
    }
  }
  co_await within(patience, send(*source, encode(answer)));
  if (!stop) co_return co_await source->close_write();

  claim.policy = nullptr;  // from here the circuit's
  const auto circuit = std::make_shared<Circuit>(self, opened->id, std::move(*memory),
                                                 std::move(source), std::move(stop));
  if (opened->ends) {
    circuit->time_limit.expires_at(loop::to_steady(*opened->ends));
    circuit->time_limit.async_wait([weak = std::weak_ptr{circuit}](error_code stopped) {
      const auto late = weak.lock();
      if (!stopped && late) late->abort();
    });
  }
  asio::co_spawn(self->executor, pump(circuit, Flow::to_source), asio::detached);
  co_await pump(circuit, Flow::to_target);
}

Task<void> RelayService::Impl::pump(std::shared_ptr<Circuit> circuit, Flow flow) {
  const bool forth = flow == Flow::to_target;
  Stream& from = forth ? *circuit->source : *circuit->target;
  Stream& to = forth ? *circuit->target : *circuit->source;
  try {
    co_await carry(*circuit, flow, from, to);
  } catch (const system_error&) {
    circuit->abort();
  }
}

Task<void> RelayService::Impl::carry(Circuit& circuit, Flow flow, Stream& from, Stream& to) {
  RelayPolicy& policy = circuit.service->policy;
  const loop::SystemClock& clock = circuit.service->clock;
  auto* direct = dynamic_cast<DirectAccess*>(&from);
  asio::steady_timer pause{circuit.service->executor};
  while (true) {
    if (direct) co_await direct->wait_readable();
    const auto allowed = policy.allowance(circuit.id, flow, splice_bytes, clock.now());
    if (allowed.cut) throw system_error{asio::error::no_buffer_space};
    if (allowed.bytes == 0) {
      // Not reading is what slows the sender: its window fills.
      pause.expires_at(loop::to_steady(*allowed.retry));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(allowed.bytes);
    const std::size_t count = co_await from.read_some({buffer.get(), allowed.bytes});
    if (count == 0) break;
    policy.flowed(circuit.id, flow, count);
    co_await to.write({buffer.get(), count});
  }
  co_await to.close_write();
}

RelayService::RelayService(Host& host, const relay::PolicyOptions& options,
                           RelayPolicy::IsRegistered is_registered)
    : impl_(std::make_shared<Impl>(host, options, std::move(is_registered))) {
  const std::weak_ptr<Impl> weak = impl_;
  host.handle(std::string{relay::hop_protocol}, [weak](StreamPtr stream) -> Task<void> {
    const auto self = weak.lock();
    if (self && !self->stopped) co_await Impl::serve(self, std::move(stream));
  });
  host.on_disconnected([weak](const ConnectionPtr& connection) {
    const auto self = weak.lock();
    if (!self || self->stopped) return;
    const auto left = self->host.connections_to(connection->peer());
    if (std::ranges::none_of(
            left, [](const ConnectionPtr& one) { return one->transport() != Transport::relayed; }))
      self->policy.forget(connection->peer());
  });
  impl_->look_again_later();
}

RelayService::~RelayService() {
  impl_->stopped = true;
  impl_->round.cancel();
}

RelayService::Status RelayService::status() const {
  return {.reservations = impl_->policy.reservations(),
          .circuits = impl_->policy.circuits(),
          .counters = impl_->policy.counters()};
}

bool RelayService::has_reservation(const PeerId& peer) const {
  return impl_->policy.has_reservation(peer, impl_->clock.now());
}

}  // namespace hearth::libp2p
