#include <algorithm>
#include <chrono>

#include <hearth/base/assert.h>
#include <hearth/libp2p/resource_manager.h>

namespace hearth::libp2p {

using budget::Standing;

namespace {

/// A prefix with fewer connections, or a connection with fewer streams, is a newcomer.
constexpr std::size_t few_connections = 4;
constexpr std::size_t few_streams = 64;
/// Handshakes of a prefix that a connection of it costs which is ended for what it did.
constexpr double price_of_abuse = 10;
/// How long a prefix is remembered for somebody enrolled who came from there.
constexpr auto of_late = std::chrono::hours{24 * 7};

/// Whether of `limit` places only those are left that are kept for newcomers.
bool only_reserve_left(std::size_t held, std::size_t limit, std::size_t reserve) {
  return held + std::min(reserve, limit / 4) >= limit;
}

/// What is kept of a pool for the enrolled.
std::size_t kept(const budget::Pool& pool) {
  return pool.limit() - pool.limit_for(Standing::newcomer);
}

/// Half-open connections live in what is kept for the enrolled, one of whom each may turn out to
/// be: in half of it, so that the other half is there when they have said so.
std::size_t most_half_open(const Limits& limits, budget::Budget& budget) {
  const std::size_t by_memory =
      kept(budget.memory(budget::Layer::connections)) / budget::connection_bytes / 2;
  return std::min({limits.half_open, kept(budget.sockets()) / 2, by_memory});
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
  std::optional<Instant> enrolled;  // when somebody who is was last here

  [[nodiscard]] bool is_known(Instant now) const { return enrolled && now < *enrolled + of_late; }
};

struct Ledger {
  Ledger(Limits given, budget::BudgetPtr shared)
      : limits(std::move(given)),
        budget(std::move(shared)),
        half_open(most_half_open(limits, *budget)) {}

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
      const auto idle_if = [&](bool known) {
        return std::ranges::find_if(by_age, [this, known](const IpAddress& old) {
          const Prefix& one = prefixes.find(old)->second;
          return one.connections == 0 && (known || !one.enrolled);
        });
      };
      auto idle = idle_if(false);
      if (idle == by_age.end()) idle = idle_if(true);
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

  /// Whether strangers may have one more; nothing when they may.
  [[nodiscard]] std::optional<Refusal> full_for_strangers() {
    // Those that are counted already include the one that asks.
    if (counters.strangers >=
        limits.connections - std::min(limits.connections_for_enrolled, limits.connections / 4))
      return Refusal::connections_of_strangers;
    if (budget->sockets().overrun_by(Standing::stranger)) return Refusal::sockets;
    if (budget->memory(budget::Layer::connections).overrun_by(Standing::stranger))
      return Refusal::memory;
    return std::nullopt;
  }

  Limits limits;
  budget::BudgetPtr budget;
  std::size_t half_open;
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
  bool is_stranger = false;  // counted as one
  Standing standing = Standing::stranger;
  Instant begun{};
  budget::Claim memory;
  budget::Claim socket;
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
  void settle(Standing now_is) {
    standing = now_is;
    if (std::exchange(is_stranger, now_is != Standing::enrolled)) --ledger->counters.strangers;
    if (is_stranger) ++ledger->counters.strangers;
    if (now_is == Standing::enrolled && prefix)
      ledger->prefixes.find(*prefix)->second.enrolled = begun;
  }
};

}  // namespace detail

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::connections:
      return "connections";
    case Refusal::connections_of_strangers:
      return "connections_of_strangers";
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
    case Refusal::handshake_rate_in_all:
      return "handshake_rate_in_all";
    case Refusal::sockets:
      return "sockets";
    case Refusal::memory:
      return "memory";
    case Refusal::streams:
      return "streams";
    case Refusal::streams_per_connection:
      return "streams_per_connection";
    case Refusal::streams_per_protocol:
      return "streams_per_protocol";
    case Refusal::negotiating_streams:
      return "negotiating_streams";
    case Refusal::abuse:
      return "abuse";
    case Refusal::protocol_errors:
      return "protocol_errors";
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
  if (scope_->is_stranger) --ledger.counters.strangers;
  scope_->is_stranger = false;
  // Streams that outlive the connection hold the scope, not its places.
  scope_->memory.release();
  scope_->socket.release();
  --ledger.counters.connections;
  scope_.reset();
}

StreamLease& StreamLease::operator=(StreamLease&& other) noexcept {
  if (this != &other) {
    release();
    scope_ = std::move(other.scope_);
    memory_ = std::move(other.memory_);
    protocol_ = std::move(other.protocol_);
    inbound_ = other.inbound_;
  }
  return *this;
}

void StreamLease::release() noexcept {
  if (!scope_) return;
  memory_.release();
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

ResourceManager::ResourceManager(Limits limits, budget::BudgetPtr budget)
    : ledger_(std::make_shared<detail::Ledger>(std::move(limits), std::move(budget))) {}

const Limits& ResourceManager::limits() const {
  return ledger_->limits;
}

Result<ConnectionLease, Refusal> ResourceManager::accept(const IpAddress& from, Instant now) {
  detail::Ledger& ledger = *ledger_;
  const Limits& limits = ledger.limits;
  if (ledger.counters.connections >= limits.connections) return ledger.refuse(Refusal::connections);

  const bool addressed = !(limits.exempt_loopback && from.unmapped().is_loopback());
  const IpAddress key = prefix_of(from, limits.ipv6_prefix_bits);
  detail::Prefix* prefix = addressed ? ledger.prefix(key, now) : nullptr;
  const bool known = prefix && prefix->is_known(now);
  if (ledger.counters.half_open >= ledger.half_open ||
      (addressed && !known &&
       only_reserve_left(ledger.counters.half_open, ledger.half_open, limits.half_open_for_known)))
    return ledger.refuse(Refusal::half_open);
  if (addressed) {
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
  }
  if (!ledger.budget->may_shake_hands(now, known ? Standing::enrolled : Standing::stranger))
    return ledger.refuse(Refusal::handshake_rate_in_all);
  auto lease = begin();
  if (!lease) return lease;
  if (prefix) {
    prefix->tokens -= 1;
    ++prefix->connections;
    ++prefix->half_open;
    lease->scope_->prefix = key;
  }
  lease->scope_->half_open = true;
  lease->scope_->begun = now;
  ++ledger.counters.half_open;
  ++ledger.counters.accepted;
  return lease;
}

/// Takes what any connection costs, out of what is kept if need be: authenticated() looks again.
Result<ConnectionLease, Refusal> ResourceManager::begin() {
  detail::Ledger& ledger = *ledger_;
  if (ledger.counters.connections >= ledger.limits.connections)
    return ledger.refuse(Refusal::connections);
  auto socket = budget::Claim::take(ledger.budget->share_sockets(), 1, Standing::enrolled);
  if (!socket) return ledger.refuse(Refusal::sockets);
  auto memory = budget::Claim::take(ledger.budget->share(budget::Layer::connections),
                                    budget::connection_bytes, Standing::enrolled);
  if (!memory) return ledger.refuse(Refusal::memory);
  ++ledger.counters.connections;
  ConnectionLease lease;
  lease.scope_ = std::make_shared<detail::Scope>();
  lease.scope_->ledger = ledger_;
  lease.scope_->socket = std::move(*socket);
  lease.scope_->memory = std::move(*memory);
  return lease;
}

Result<ConnectionLease, Refusal> ResourceManager::accept_unaddressed() {
  auto lease = begin();
  if (!lease) return lease;
  lease->scope_->socket.release();  // within another connection, or on a port of all
  ++ledger_->counters.accepted;
  return lease;
}

Result<ConnectionLease, Refusal> ResourceManager::dial() {
  return begin();
}

Result<Unit, Refusal> ResourceManager::authenticated(ConnectionLease& lease,
                                                     const peer::PeerId& peer, Standing standing) {
  HEARTH_ASSERT(lease.scope_ && !lease.scope_->peer);
  lease.scope_->end_half_open();
  const auto held = ledger_->peers.find(peer);
  if (held != ledger_->peers.end() && held->second >= ledger_->limits.connections_per_peer)
    return ledger_->refuse(Refusal::connections_per_peer);
  if (standing != Standing::enrolled)
    if (const auto full = ledger_->full_for_strangers()) return ledger_->refuse(*full);
  ++ledger_->peers[peer];
  lease.scope_->peer = peer;
  lease.scope_->settle(standing);
  return Unit{};
}

void ResourceManager::set_standing(ConnectionLease& lease, Standing standing) {
  if (lease.scope_ && lease.scope_->peer) lease.scope_->settle(standing);
}

Result<Unit, Refusal> ResourceManager::no_longer_half_open(ConnectionLease& lease) {
  if (!lease.scope_) return Unit{};
  lease.scope_->end_half_open();
  if (const auto full = ledger_->full_for_strangers()) return ledger_->refuse(*full);
  lease.scope_->settle(Standing::stranger);
  return Unit{};
}

Result<StreamLease, Refusal> ResourceManager::accept_stream(const ConnectionLease& on) {
  HEARTH_ASSERT(on.scope_ != nullptr);
  detail::Scope& scope = *on.scope_;
  const Limits& limits = ledger_->limits;
  const bool enrolled = scope.standing == Standing::enrolled;
  const std::size_t places =
      enrolled ? limits.streams
               : limits.streams - std::min(limits.streams_for_enrolled, limits.streams / 8);
  if (ledger_->counters.streams >= places) return ledger_->refuse(Refusal::streams);
  if (scope.inbound >= limits.inbound_streams_per_connection ||
      (scope.inbound >= few_streams && !enrolled &&
       only_reserve_left(ledger_->counters.streams, places, limits.streams_for_newcomers)))
    return ledger_->refuse(Refusal::streams_per_connection);
  if (scope.negotiating >= limits.negotiating_streams_per_connection)
    return ledger_->refuse(Refusal::negotiating_streams);
  const bool modest = scope.standing == Standing::stranger && scope.inbound < few_streams;
  auto memory =
      budget::Claim::take(ledger_->budget->share(budget::Layer::streams), budget::stream_bytes,
                          modest ? Standing::newcomer : scope.standing);
  if (!memory) return ledger_->refuse(Refusal::memory);
  ++ledger_->counters.streams;
  ++scope.inbound;
  ++scope.negotiating;
  StreamLease lease;
  lease.memory_ = std::move(*memory);
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

void ResourceManager::thrown_out(const ConnectionLease& lease, Refusal why) {
  (void)ledger_->refuse(why);
  if (!lease.scope_ || !lease.scope_->prefix) return;
  double& tokens = ledger_->prefixes.find(*lease.scope_->prefix)->second.tokens;
  tokens = std::max(tokens - price_of_abuse, -price_of_abuse);
}

ResourceCounters ResourceManager::counters() const {
  ResourceCounters counters = ledger_->counters;
  counters.prefixes = ledger_->prefixes.size();
  return counters;
}

}  // namespace hearth::libp2p
