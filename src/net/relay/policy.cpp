#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/relay/policy.h>

namespace hearth::relay {

namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

/// Moving less than this at a time wastes more than it moves: a bucket that is as good as empty
/// gives nothing until so much is in it, or a busy circuit would go on in pieces of some hundred
/// bytes.
constexpr std::uint64_t least_worth_moving = std::uint64_t{64} << 10;
/// And waking for less than this.
constexpr std::uint64_t least_worth_waking = std::uint64_t{256} << 10;

/// What a guest may fill: the registered, who have no limit, all of it. At most a quarter is kept.
std::size_t places(std::size_t all, std::size_t for_registered, const std::optional<Limit>& limit) {
  return limit ? all - std::min(for_registered, all / 4) : all;
}

}  // namespace

TokenBucket::TokenBucket(double bytes_per_second, double burst_bytes, Instant now)
    : rate_(bytes_per_second), burst_(burst_bytes), tokens_(burst_bytes), filled_(now) {}

std::uint64_t TokenBucket::available(Instant now) {
  tokens_ = std::min(burst_, tokens_ + seconds(now - filled_) * rate_);
  filled_ = now;
  return tokens_ < 1 ? 0 : static_cast<std::uint64_t>(tokens_);
}

Instant TokenBucket::ready_at(std::uint64_t bytes, Instant now) const {
  const double missing = std::min(static_cast<double>(bytes), burst_) - tokens_;
  if (missing <= 0) return now;
  return filled_ +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>{missing / rate_}) +
         std::chrono::milliseconds{1};
}

RelayPolicy::RelayPolicy(const PolicyOptions& options, IsRegistered is_registered, Instant now)
    : options_(options),
      is_registered_(std::move(is_registered)),
      total_(options.total_bytes_per_second,
             options.total_bytes_per_second * seconds(options.burst), now) {}

std::optional<Limit> RelayPolicy::limit_for(const PeerId& target) const {
  if (is_registered_ && is_registered_(target)) return std::nullopt;
  return Limit{.duration = options_.stranger_duration, .data_bytes = options_.stranger_bytes};
}

Result<RelayPolicy::Granted, Status> RelayPolicy::reserve(const PeerId& peer, const IpAddress& from,
                                                          Instant now, Timestamp wall) {
  heard(peer, now);
  advance(now);
  const IpAddress address = from.unmapped();
  const auto held = reservations_.find(peer);
  const bool renewal = held != reservations_.end();
  const bool same_address = renewal && held->second.from == address;
  // Behind loopback stand a proxy, or the machine itself: no count by address.
  if (!same_address && !address.is_loopback()) {
    const auto count = per_address_.find(address);
    if (count != per_address_.end() && count->second >= options_.reservations_per_address) {
      ++counters_.refused;
      return Failure{Status::reservation_refused};
    }
  }
  const std::optional<Limit> limit = limit_for(peer);
  if (!renewal && reservations_.size() >=
                      places(options_.reservations, options_.reservations_for_registered, limit)) {
    ++counters_.refused;
    return Failure{Status::resource_limit_exceeded};
  }
  if (renewal) drop(held);
  reservations_.emplace(
      peer, Held{.expires = now + options_.reservation_ttl, .heard = now, .from = address});
  ++per_address_[address];
  ++(renewal ? counters_.renewed : counters_.reserved);
  return Granted{
      .expire = Timestamp::from_seconds(wall.seconds() + options_.reservation_ttl.count()),
      .limit = limit};
}

void RelayPolicy::drop(std::map<PeerId, Held>::iterator held) {
  const auto count = per_address_.find(held->second.from);
  if (--count->second == 0) per_address_.erase(count);
  reservations_.erase(held);
}

void RelayPolicy::forget(const PeerId& peer) {
  const auto held = reservations_.find(peer);
  if (held != reservations_.end()) drop(held);
}

bool RelayPolicy::has_reservation(const PeerId& peer, Instant now) const {
  const auto held = reservations_.find(peer);
  return held != reservations_.end() && stands(held->second, now);
}

void RelayPolicy::heard(const PeerId& peer, Instant at) {
  const auto held = reservations_.find(peer);
  if (held != reservations_.end()) held->second.heard = std::max(held->second.heard, at);
}

std::vector<PeerId> RelayPolicy::unheard_since(Instant before) const {
  std::vector<PeerId> some;
  for (const auto& [peer, held] : reservations_)
    if (held.heard < before) some.push_back(peer);
  return some;
}

Result<RelayPolicy::Opened, Status> RelayPolicy::connect(const PeerId& source, const PeerId& target,
                                                         Instant now) {
  const auto refuse = [&](Status why) {
    ++counters_.connect_refused;
    return Failure{why};
  };
  if (source == target) return refuse(Status::permission_denied);
  if (!has_reservation(target, now)) return refuse(Status::no_reservation);
  const auto from = per_source_.find(source);
  const auto to = targets_.find(target);
  const std::optional<Limit> limit = limit_for(target);
  if (circuits_.size() >= places(options_.circuits, options_.circuits_for_registered, limit) ||
      (from != per_source_.end() && from->second >= options_.circuits_per_source) ||
      (to != targets_.end() && to->second.circuits >= options_.circuits_per_target))
    return refuse(Status::resource_limit_exceeded);

  const CircuitId id{++last_id_};
  const Instant ends = now + options_.stranger_duration;
  circuits_.emplace(
      id, Circuit{.source = source, .target = target, .limited = limit.has_value(), .ends = ends});
  ++per_source_[source];
  const double rate = options_.appliance_bytes_per_second;
  ++targets_.try_emplace(target, Shape{TokenBucket{rate, rate * seconds(options_.burst), now}})
        .first->second.circuits;
  ++counters_.connected;
  return Opened{.id = id, .limit = limit, .ends = limit ? std::optional{ends} : std::nullopt};
}

void RelayPolicy::close(CircuitId id) {
  const auto circuit = circuits_.find(id);
  if (circuit == circuits_.end()) return;
  const auto source = per_source_.find(circuit->second.source);
  if (--source->second == 0) per_source_.erase(source);
  const auto target = targets_.find(circuit->second.target);
  if (--target->second.circuits == 0) targets_.erase(target);
  circuits_.erase(circuit);
}

RelayPolicy::Allowance RelayPolicy::allowance(CircuitId id, Flow flow, std::uint64_t wanted,
                                              Instant now) {
  const auto found = circuits_.find(id);
  if (found == circuits_.end()) return {.cut = true};
  const Circuit& circuit = found->second;
  if (circuit.limited) {
    const std::uint64_t used = circuit.flowed[static_cast<std::size_t>(flow)];
    if (now >= circuit.ends || used >= options_.stranger_bytes) {
      ++counters_.cut;
      return {.cut = true};
    }
    wanted = std::min(wanted, options_.stranger_bytes - used);
  }
  TokenBucket& own = targets_.find(circuit.target)->second.bucket;
  const std::uint64_t bytes = std::min({wanted, own.available(now), total_.available(now)});
  const std::uint64_t worth = std::min({wanted, least_worth_moving, own.most(), total_.most()});
  if (bytes >= worth) return {.bytes = bytes};
  const std::uint64_t enough = worth < least_worth_moving ? worth : least_worth_waking;
  return {.retry = std::max(own.ready_at(enough, now), total_.ready_at(enough, now))};
}

void RelayPolicy::flowed(CircuitId id, Flow flow, std::uint64_t bytes) {
  const auto circuit = circuits_.find(id);
  if (circuit == circuits_.end()) return;
  circuit->second.flowed[static_cast<std::size_t>(flow)] += bytes;
  targets_.find(circuit->second.target)->second.bucket.take(bytes);
  total_.take(bytes);
  counters_.relayed_bytes += bytes;
}

void RelayPolicy::advance(Instant now) {
  for (auto held = reservations_.begin(); held != reservations_.end();) {
    const auto next = std::next(held);
    if (!stands(held->second, now)) drop(held);
    held = next;
  }
}

}  // namespace hearth::relay
