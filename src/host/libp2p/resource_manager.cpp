#include <algorithm>
#include <chrono>

#include <hearth/base/assert.h>
#include <hearth/libp2p/resource_manager.h>

namespace hearth::libp2p {

namespace {

/// A prefix with fewer connections, or a connection with fewer streams, is a newcomer.
constexpr std::size_t few_connections = 4;
constexpr std::size_t few_streams = 64;

/// Whether of `limit` places only those are left that are kept for newcomers.
bool only_reserve_left(std::size_t held, std::size_t limit, std::size_t reserve) {
  return held + std::min(reserve, limit / 4) >= limit;
}

/// An address with its host bits cleared: whom a limit per address means.
IpAddress prefix_of(const IpAddress& address, unsigned ipv6_bits) {
  const IpAddress plain = address.unmapped();
  if (plain.is_v4()) return plain;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const unsigned bit = static_cast<unsigned>(i) * 8;
    const unsigned kept = ipv6_bits <= bit ? 0 : std::min(ipv6_bits - bit, 8U);
    const auto mask = static_cast<std::uint8_t>(0xff00U >> kept);
    octets[i] = static_cast<std::uint8_t>(std::to_integer<std::uint8_t>(plain.bytes()[i]) & mask);
  }
  return IpAddress::v6(octets);
}

}  // namespace

namespace detail {

struct Prefix {
  double tokens = 0;
  Instant refilled;
  std::size_t connections = 0;
  std::size_t half_open = 0;
  std::list<IpAddress>::iterator age;
};

struct Ledger {
  explicit Ledger(Limits given) : limits(std::move(given)) {}

  Failure<Refusal> refuse(Refusal reason) {
    ++counters.refused[static_cast<std::size_t>(reason)];
    return Failure{reason};
  }

  /// The prefix's entry, made if need be; nothing when all entries are in use.
  Prefix* prefix(const IpAddress& key, Instant now) {
    const auto found = prefixes.find(key);
    if (found != prefixes.end()) {
      by_age.splice(by_age.end(), by_age, found->second.age);
      return &found->second;
    }
    if (prefixes.size() >= limits.prefixes) {
      const auto idle = std::ranges::find_if(by_age, [&](const IpAddress& old) {
        return prefixes.find(old)->second.connections == 0;
      });
      if (idle == by_age.end()) return nullptr;
      prefixes.erase(*idle);
      by_age.erase(idle);
    }
    return &prefixes
                .emplace(key, Prefix{.tokens = limits.handshake_burst,
                                     .refilled = now,
                                     .age = by_age.insert(by_age.end(), key)})
                .first->second;
  }

  Limits limits;
  ResourceCounters counters;
  std::map<IpAddress, Prefix> prefixes;
  std::list<IpAddress> by_age;  // the one used longest ago first
  std::map<peer::PeerId, std::size_t> peers;
};

struct Scope {
  std::shared_ptr<Ledger> ledger;
  std::optional<IpAddress> prefix;
  std::optional<peer::PeerId> peer;
  bool half_open = false;
  std::size_t inbound = 0;
  std::size_t outbound = 0;
  std::size_t negotiating = 0;
  std::vector<std::pair<std::string, std::size_t>> by_protocol;  // those above zero

  void end_half_open() {
    if (!half_open) return;
    half_open = false;
    --ledger->counters.half_open;
    if (prefix) --ledger->prefixes.find(*prefix)->second.half_open;
  }
};

}  // namespace detail

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::connections:
      return "connections";
    case Refusal::connections_per_peer:
      return "connections_per_peer";
    case Refusal::connections_per_prefix:
      return "connections_per_prefix";
    case Refusal::half_open:
      return "half_open";
    case Refusal::half_open_per_prefix:
      return "half_open_per_prefix";
    case Refusal::handshake_rate:
      return "handshake_rate";
    case Refusal::streams:
      return "streams";
    case Refusal::streams_per_connection:
      return "streams_per_connection";
    case Refusal::streams_per_protocol:
      return "streams_per_protocol";
    case Refusal::negotiating_streams:
      return "negotiating_streams";
  }
  return "";
}

ConnectionLease& ConnectionLease::operator=(ConnectionLease&& other) noexcept {
  if (this != &other) {
    release();
    scope_ = std::move(other.scope_);
  }
  return *this;
}

void ConnectionLease::release() noexcept {
  if (!scope_) return;
  detail::Ledger& ledger = *scope_->ledger;
  scope_->end_half_open();
  if (scope_->prefix) --ledger.prefixes.find(*scope_->prefix)->second.connections;
  if (scope_->peer) {
    const auto peer = ledger.peers.find(*scope_->peer);
    if (--peer->second == 0) ledger.peers.erase(peer);
  }
  --ledger.counters.connections;
  scope_.reset();
}

StreamLease& StreamLease::operator=(StreamLease&& other) noexcept {
  if (this != &other) {
    release();
    scope_ = std::move(other.scope_);
    protocol_ = std::move(other.protocol_);
    inbound_ = other.inbound_;
  }
  return *this;
}

void StreamLease::release() noexcept {
  if (!scope_) return;
  --scope_->ledger->counters.streams;
  if (!inbound_) {
    --scope_->outbound;
  } else {
    --scope_->inbound;
    if (protocol_.empty()) {
      --scope_->negotiating;
    } else {
      const auto count = std::ranges::find(scope_->by_protocol, protocol_,
                                           &std::pair<std::string, std::size_t>::first);
      if (--count->second == 0) scope_->by_protocol.erase(count);
    }
  }
  scope_.reset();
}

ResourceManager::ResourceManager(Limits limits)
    : ledger_(std::make_shared<detail::Ledger>(std::move(limits))) {}

const Limits& ResourceManager::limits() const {
  return ledger_->limits;
}

Result<ConnectionLease, Refusal> ResourceManager::accept(const IpAddress& from, Instant now) {
  detail::Ledger& ledger = *ledger_;
  const Limits& limits = ledger.limits;
  if (ledger.counters.connections >= limits.connections) return ledger.refuse(Refusal::connections);
  if (ledger.counters.half_open >= limits.half_open) return ledger.refuse(Refusal::half_open);

  auto scope = std::make_shared<detail::Scope>();
  if (!(limits.exempt_loopback && from.unmapped().is_loopback())) {
    const IpAddress key = prefix_of(from, limits.ipv6_prefix_bits);
    detail::Prefix* prefix = ledger.prefix(key, now);
    if (!prefix) return ledger.refuse(Refusal::connections_per_prefix);
    const std::chrono::duration<double> passed = now - prefix->refilled;
    prefix->tokens = std::min(limits.handshake_burst,
                              prefix->tokens + passed.count() * limits.handshakes_per_second);
    prefix->refilled = now;
    if (prefix->connections >= limits.connections_per_prefix ||
        (prefix->connections >= few_connections &&
         only_reserve_left(ledger.counters.connections, limits.connections,
                           limits.connections_for_newcomers)))
      return ledger.refuse(Refusal::connections_per_prefix);
    if (prefix->half_open >= limits.half_open_per_prefix)
      return ledger.refuse(Refusal::half_open_per_prefix);
    if (prefix->tokens < 1) return ledger.refuse(Refusal::handshake_rate);
    prefix->tokens -= 1;
    ++prefix->connections;
    ++prefix->half_open;
    scope->prefix = key;
  }
  scope->ledger = ledger_;
  scope->half_open = true;
  ++ledger.counters.connections;
  ++ledger.counters.half_open;
  ++ledger.counters.accepted;
  ConnectionLease lease;
  lease.scope_ = std::move(scope);
  return lease;
}

Result<ConnectionLease, Refusal> ResourceManager::accept_unaddressed() {
  auto lease = dial();
  if (lease) ++ledger_->counters.accepted;
  return lease;
}

Result<ConnectionLease, Refusal> ResourceManager::dial() {
  if (ledger_->counters.connections >= ledger_->limits.connections)
    return ledger_->refuse(Refusal::connections);
  ++ledger_->counters.connections;
  ConnectionLease lease;
  lease.scope_ = std::make_shared<detail::Scope>();
  lease.scope_->ledger = ledger_;
  return lease;
}

Result<Unit, Refusal> ResourceManager::authenticated(ConnectionLease& lease,
                                                     const peer::PeerId& peer) {
  HEARTH_ASSERT(lease.scope_ && !lease.scope_->peer);
  lease.scope_->end_half_open();
  const auto held = ledger_->peers.find(peer);
  if (held != ledger_->peers.end() && held->second >= ledger_->limits.connections_per_peer)
    return ledger_->refuse(Refusal::connections_per_peer);
  ++ledger_->peers[peer];
  lease.scope_->peer = peer;
  return Unit{};
}

void ResourceManager::no_longer_half_open(ConnectionLease& lease) {
  if (lease.scope_) lease.scope_->end_half_open();
}

Result<StreamLease, Refusal> ResourceManager::accept_stream(const ConnectionLease& on) {
  HEARTH_ASSERT(on.scope_ != nullptr);
  detail::Scope& scope = *on.scope_;
  const Limits& limits = ledger_->limits;
  if (ledger_->counters.streams >= limits.streams) return ledger_->refuse(Refusal::streams);
  if (scope.inbound >= limits.inbound_streams_per_connection ||
      (scope.inbound >= few_streams &&
       only_reserve_left(ledger_->counters.streams, limits.streams, limits.streams_for_newcomers)))
    return ledger_->refuse(Refusal::streams_per_connection);
  if (scope.negotiating >= limits.negotiating_streams_per_connection)
    return ledger_->refuse(Refusal::negotiating_streams);
  ++ledger_->counters.streams;
  ++scope.inbound;
  ++scope.negotiating;
  StreamLease lease;
  lease.scope_ = on.scope_;
  lease.inbound_ = true;
  return lease;
}

Result<Unit, Refusal> ResourceManager::agreed(StreamLease& lease, std::string_view protocol) {
  HEARTH_ASSERT(lease.scope_ && lease.inbound_ && lease.protocol_.empty() && !protocol.empty());
  const Limits& limits = ledger_->limits;
  const auto special = limits.stream_limits.find(protocol);
  const std::size_t most =
      special == limits.stream_limits.end() ? limits.inbound_streams_per_protocol : special->second;
  auto& counts = lease.scope_->by_protocol;
  const auto found =
      std::ranges::find(counts, protocol, &std::pair<std::string, std::size_t>::first);
  if (found == counts.end() ? most == 0 : found->second >= most)
    return ledger_->refuse(Refusal::streams_per_protocol);
  if (found == counts.end()) {
    counts.emplace_back(protocol, 1);
  } else {
    ++found->second;
  }
  --lease.scope_->negotiating;
  lease.protocol_ = protocol;
  return Unit{};
}

Result<StreamLease, Refusal> ResourceManager::open_stream(const ConnectionLease& on) {
  HEARTH_ASSERT(on.scope_ != nullptr);
  if (ledger_->counters.streams >= ledger_->limits.streams)
    return ledger_->refuse(Refusal::streams);
  if (on.scope_->outbound >= ledger_->limits.outbound_streams_per_connection)
    return ledger_->refuse(Refusal::streams_per_connection);
  ++ledger_->counters.streams;
  ++on.scope_->outbound;
  StreamLease lease;
  lease.scope_ = on.scope_;
  return lease;
}

ResourceCounters ResourceManager::counters() const {
  ResourceCounters counters = ledger_->counters;
  counters.prefixes = ledger_->prefixes.size();
  return counters;
}

}  // namespace hearth::libp2p
