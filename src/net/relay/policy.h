#pragma once
// What a circuit relay grants: reservations, circuits and bytes. No I/O.
//
// Two kinds of guests. Registered appliances (the predicate says who) have their circuits shaped by
// a token bucket each and never cut: a session that carries someone's files must not end because it
// is busy. Strangers get the stock limits of circuit relay v2 and are cut at them. All share one
// budget.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>
#include <hearth/base/strong.h>
#include <hearth/base/time.h>
#include <hearth/peer/peer_id.h>
#include <hearth/relay/message.h>

namespace hearth::relay {

/// Fills by `bytes_per_second`, up to `burst_bytes`; may be overdrawn by one taking.
class TokenBucket {
 public:
  TokenBucket(double bytes_per_second, double burst_bytes, Instant now);
  /// How much may be taken now; 0 until ready_at().
  [[nodiscard]] std::uint64_t available(Instant now);
  /// What it holds when it is full.
  [[nodiscard]] std::uint64_t most() const { return static_cast<std::uint64_t>(burst_); }
  void take(std::uint64_t bytes) { tokens_ -= static_cast<double>(bytes); }
  /// When at least `bytes` (or a full bucket) will be there.
  [[nodiscard]] Instant ready_at(std::uint64_t bytes, Instant now) const;

 private:
  double rate_;
  double burst_;
  double tokens_;
  Instant filled_;
};

struct PolicyOptions {
  // Reservations. A peer holds one at most; asking again renews it.
  std::size_t reservations = 4096;
  std::size_t reservations_per_address = 16;
  std::chrono::seconds reservation_ttl = std::chrono::hours{1};
  /// A peer that nothing was heard of for so long is taken for gone, however its connection looks:
  /// behind a NAT, or without power, nobody ends it.
  std::chrono::milliseconds silence = std::chrono::seconds{60};
  // Circuits.
  std::size_t circuits = 4096;
  /// Of the reservations, and of the circuits, for the registered.
  std::size_t reservations_for_registered = 1024;
  std::size_t circuits_for_registered = 1024;
  std::size_t circuits_per_target = 64;
  std::size_t circuits_per_source = 16;
  // Strangers: the stock limits.
  std::chrono::seconds stranger_duration = std::chrono::minutes{2};
  std::uint64_t stranger_bytes = std::uint64_t{128} << 10;  // in each direction
  // Shaping, both directions together.
  double appliance_bytes_per_second = 25e6;
  double total_bytes_per_second = 125e6;
  std::chrono::milliseconds burst{500};  // of those rates
};

struct PolicyCounters {
  std::uint64_t reserved = 0;
  std::uint64_t renewed = 0;
  std::uint64_t refused = 0;
  std::uint64_t connected = 0;
  std::uint64_t connect_refused = 0;
  std::uint64_t cut = 0;  // strangers' circuits, at a limit
  std::uint64_t relayed_bytes = 0;
};

using CircuitId = Strong<struct CircuitIdTag, std::uint64_t>;
/// Seen from the one who asked for the circuit.
enum class Flow : std::uint8_t { to_target, to_source };

class RelayPolicy {
 public:
  using IsRegistered = std::function<bool(const PeerId&)>;

  /// `is_registered` is asked at each reservation and circuit.
  RelayPolicy(const PolicyOptions& options, IsRegistered is_registered, Instant now);

  struct Granted {
    Timestamp expire;
    std::optional<Limit> limit;  // nothing: unlimited
  };
  /// `from` is the address the peer's connection comes from.
  /// Errors: reservation_refused (this address has its share), resource_limit_exceeded (no room).
  Result<Granted, Status> reserve(const PeerId& peer, const IpAddress& from, Instant now,
                                  Timestamp wall);
  /// The peer's connection ended, and its reservation with it. Its circuits go on until they end.
  void forget(const PeerId& peer);
  [[nodiscard]] bool has_reservation(const PeerId& peer, Instant now) const;
  /// Something came from the peer at that time.
  void heard(const PeerId& peer, Instant at);
  /// Who holds a reservation and was last heard of before that.
  [[nodiscard]] std::vector<PeerId> unheard_since(Instant before) const;
  [[nodiscard]] std::vector<PeerId> reserved() const { return unheard_since(Instant::max()); }

  struct Opened {
    CircuitId id;
    std::optional<Limit> limit;
    std::optional<Instant> ends;  // a stranger's circuit is cut then
  };
  /// Errors: no_reservation, resource_limit_exceeded, permission_denied (a peer to itself).
  Result<Opened, Status> connect(const PeerId& source, const PeerId& target, Instant now);
  void close(CircuitId id);

  struct Allowance {
    std::uint64_t bytes = 0;       // may flow now
    std::optional<Instant> retry;  // set when bytes is 0 and waiting helps
    bool cut = false;              // the limit is reached: end the circuit
  };
  /// How much of `wanted` may flow now. An unknown circuit is cut.
  [[nodiscard]] Allowance allowance(CircuitId id, Flow flow, std::uint64_t wanted, Instant now);
  /// So much flowed; at most what allowance() said.
  void flowed(CircuitId id, Flow flow, std::uint64_t bytes);

  /// Drops reservations that have run out, and those of silent peers. Call now and then (each
  /// minute).
  void advance(Instant now);

  [[nodiscard]] const PolicyCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t reservations() const { return reservations_.size(); }
  [[nodiscard]] std::size_t circuits() const { return circuits_.size(); }

 private:
  struct Held {
    Instant expires;
    Instant heard;
    IpAddress from;
  };
  struct Circuit {
    PeerId source;
    PeerId target;
    bool limited = false;
    Instant ends;
    std::uint64_t flowed[2] = {0, 0};
  };
  struct Shape {
    TokenBucket bucket;
    std::size_t circuits = 0;
  };
  [[nodiscard]] std::optional<Limit> limit_for(const PeerId& target) const;
  void drop(std::map<PeerId, Held>::iterator held);
  [[nodiscard]] bool stands(const Held& held, Instant now) const {
    return now < held.expires && now < held.heard + options_.silence;
  }

  PolicyOptions options_;
  IsRegistered is_registered_;
  TokenBucket total_;
  std::map<PeerId, Held> reservations_;
  std::map<IpAddress, std::size_t> per_address_;
  std::map<CircuitId, Circuit> circuits_;
  std::map<PeerId, std::size_t> per_source_;
  std::map<PeerId, Shape> targets_;  // those with circuits
  std::uint64_t last_id_ = 0;
  PolicyCounters counters_;
};

}  // namespace hearth::relay
