#pragma once
// The names of one flock, each bound to the root that claimed it (docs/protocol/identity.md).
//
// The threat: whoever takes over a name is who people log in to next. So a name never changes its
// root by expiry, by absence or by being first to renew; only the root that holds it can sign it
// away. What a flock could still do, serving an old record, clients refuse by sequence and epoch.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/storage/store.h>

namespace hearth::names {

using RootKey = std::array<std::byte, 32>;

/// 3 to 32 of `a-z 0-9 -`, no hyphen first or last.
[[nodiscard]] bool is_name(std::string_view text);

/// What a verified name record says.
struct Claim {
  std::string name;
  RootKey root{};
  Bytes peer_id;  ///< multihash of the host that the root certified
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  Timestamp expires;
};

/// What a verified transfer says: `from` gives `name` to `to`.
struct Transfer {
  std::string name;
  RootKey from{};
  RootKey to{};
  std::uint64_t sequence = 0;
};

enum class Outcome : std::uint8_t { claimed, renewed };

enum class NameError : std::uint8_t {
  malformed,       ///< not a name, or a transfer that doesn't fit its record
  expired,         ///< the record's time is over, or too far away
  other_root,      ///< bound to another root
  lower_sequence,  ///< not above the record we hold
  lower_epoch,     ///< a host that was superseded
  limited,         ///< too many new names from this network today
  invite_only,     ///< this flock takes no new names
  no_such_name,
  store,  ///< the store failed; nothing changed
};

class Registry {
 public:
  struct Options {
    bool invite_only = false;
    /// New names a network (an IPv4 /24, an IPv6 /48) may claim in 24 h.
    std::size_t claims_per_network = 20;
    /// Networks remembered for that; beyond it the whole table shares one limit.
    std::size_t networks = 4096;
    /// A claim whose host never held a reservation here lapses after this.
    std::int64_t unconfirmed_ms = 24LL * 3600 * 1000;
    /// The furthest expiry we take.
    std::int64_t longest_ms = 400LL * 24 * 3600 * 1000;
  };
  /// `store` must outlive it.
  Registry(storage::Store& store, const Options& options) : store_(store), options_(options) {}

  /// Claims or renews. `record` is what resolvers get. `network` is where it came from.
  Result<Outcome, NameError> put(Timestamp now, std::string_view network, const Claim& claim,
                                 BytesView record);
  /// Moves a name to another root, whose first record comes along.
  Result<Unit, NameError> transfer(Timestamp now, const Transfer& transfer, const Claim& claim,
                                   BytesView record);
  /// The record, while it lasts.
  [[nodiscard]] Result<Bytes, NameError> find(Timestamp now, std::string_view name) const;

  /// The host proved to be there: it holds a reservation. Its claims no longer lapse.
  Result<Unit, NameError> confirm(Timestamp now, BytesView peer_id);
  /// Whether a name's present record names this host: then it is relayed without the strangers'
  /// limits.
  [[nodiscard]] bool is_registered(Timestamp now, BytesView peer_id) const;

 private:
  struct Entry;
  [[nodiscard]] Result<std::optional<Entry>, NameError> load(Timestamp now,
                                                             std::string_view name) const;
  Result<Unit, NameError> save(const Entry& entry, const std::optional<Entry>& before,
                               std::string_view name);
  [[nodiscard]] Result<Unit, NameError> check(Timestamp now, const Claim& claim) const;
  bool allow_claim(Timestamp now, std::string_view network);

  struct Counter {
    std::int64_t day = 0;
    std::size_t claims = 0;
  };

  storage::Store& store_;
  Options options_;
  std::map<std::string, Counter, std::less<>> claims_;
};

}  // namespace hearth::names
