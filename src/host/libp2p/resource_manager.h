#pragma once
// Counts what peers hold and refuses what the policy (limits.h) doesn't allow. No sockets, no
// clock.
//
// The threat: a stranger needs nothing but an address to make us allocate. So every connection and
// stream is leased before anything is allocated for it, and a lease's end gives the place back.

#include <array>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/budget/budget.h>
#include <hearth/libp2p/limits.h>
#include <hearth/peer/peer_id.h>

namespace hearth::libp2p {

enum class Refusal : std::uint8_t {
  connections,
  connections_of_strangers,
  connections_per_peer,
  connections_per_prefix,
  half_open,
  half_open_per_prefix,
  handshake_rate,
  handshake_rate_in_all,
  sockets,
  memory,
  streams,
  streams_per_connection,
  streams_per_protocol,
  negotiating_streams,
  abuse,
  protocol_errors,
};
inline constexpr std::size_t refusal_kinds = 16;
[[nodiscard]] std::string_view to_string(Refusal refusal);

/// What is held now, and what was refused since the start, by reason.
struct ResourceCounters {
  std::size_t connections = 0;
  std::size_t strangers = 0;  // of them: authenticated, and nobody we know
  std::size_t half_open = 0;
  std::size_t streams = 0;
  std::size_t prefixes = 0;
  std::size_t memory_bytes = 0;  // of streams; counted by the host
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, refusal_kinds> refused{};

  [[nodiscard]] std::uint64_t refused_for(Refusal reason) const {
    return refused[static_cast<std::size_t>(reason)];
  }
};

class ResourceManager;

namespace detail {
struct Ledger;
struct Scope;
}  // namespace detail

/// One place among the connections; moved along with the connection, given back at its end.
/// May outlive its ResourceManager.
class ConnectionLease {
 public:
  ConnectionLease() = default;
  ConnectionLease(ConnectionLease&&) noexcept = default;
  ConnectionLease& operator=(ConnectionLease&& other) noexcept;
  ~ConnectionLease() { release(); }
  void release() noexcept;
  explicit operator bool() const { return scope_ != nullptr; }

 private:
  friend class ResourceManager;
  std::shared_ptr<detail::Scope> scope_;
};

/// One place among the streams. May outlive its connection's lease.
class StreamLease {
 public:
  StreamLease() = default;
  StreamLease(StreamLease&&) noexcept = default;
  StreamLease& operator=(StreamLease&& other) noexcept;
  ~StreamLease() { release(); }
  void release() noexcept;
  explicit operator bool() const { return scope_ != nullptr; }

 private:
  friend class ResourceManager;
  std::shared_ptr<detail::Scope> scope_;
  budget::Claim memory_;
  std::string protocol_;  // "" while it isn't agreed, and of outbound streams
  bool inbound_ = false;
};

class ResourceManager {
 public:
  explicit ResourceManager(Limits limits, budget::BudgetPtr budget = budget::Budget::create({}));

  [[nodiscard]] const Limits& limits() const;

  /// A connection arrived from `from`: half open until authenticated() says whose it is.
  [[nodiscard]] Result<ConnectionLease, Refusal> accept(const IpAddress& from, Instant now);
  /// A connection that no address is known for (relayed, or made by another transport).
  [[nodiscard]] Result<ConnectionLease, Refusal> accept_unaddressed();
  /// We are about to dial.
  [[nodiscard]] Result<ConnectionLease, Refusal> dial();
  /// The handshake told who it is. On refusal the caller drops the connection.
  [[nodiscard]] Result<Unit, Refusal> authenticated(
      ConnectionLease& lease, const peer::PeerId& peer,
      budget::Standing standing = budget::Standing::stranger);
  /// A peer's standing became another one.
  void set_standing(ConnectionLease& lease, budget::Standing standing);
  /// A raw connection turned out to carry no libp2p (HTTP): it is a stranger's, and no longer half
  /// open. On refusal the caller drops it.
  [[nodiscard]] Result<Unit, Refusal> no_longer_half_open(ConnectionLease& lease);

  /// A stream arrived; its protocol isn't agreed yet.
  [[nodiscard]] Result<StreamLease, Refusal> accept_stream(const ConnectionLease& on);
  [[nodiscard]] Result<Unit, Refusal> agreed(StreamLease& lease, std::string_view protocol);
  [[nodiscard]] Result<StreamLease, Refusal> open_stream(const ConnectionLease& on);

  /// The connection was ended for what it did: `abuse` is more of something than anybody needs,
  /// `protocol_errors` what no implementation sends. Counted, and the next handshakes of its prefix
  /// come later: else whoever is thrown out is back at once with all that a newcomer may do.
  void thrown_out(const ConnectionLease& lease, Refusal why);

  [[nodiscard]] ResourceCounters counters() const;

 private:
  [[nodiscard]] Result<ConnectionLease, Refusal> begin();

  std::shared_ptr<detail::Ledger> ledger_;
};

}  // namespace hearth::libp2p
