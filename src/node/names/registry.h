#pragma once
// The names of one flock, each bound to the root that claimed it (docs/protocol/identity.md).
//
// The threat: whoever takes over a name is who people log in to next. So a name never changes its
// root by expiry, by absence or by being first to renew; only the root that holds it can sign it
// away. What a flock could still do, serving an old record, clients refuse by sequence and epoch.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/identity/statement.h>
#include <hearth/peer/peer_id.h>
#include <hearth/storage/store.h>

namespace hearth::names {

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

  /// Claims or renews. `bytes` are the record as signed, for resolvers; `network` is where it came
  /// from.
  Result<Outcome, NameError> put(Timestamp now, std::string_view network,
                                 const identity::NameRecord& record, BytesView bytes);
  /// Moves a name to another root, whose first record comes along.
  Result<Unit, NameError> transfer(Timestamp now, const identity::NameTransfer& transfer,
                                   const identity::NameRecord& record, BytesView bytes);
  /// The record, while it lasts.
  [[nodiscard]] Result<Bytes, NameError> find(Timestamp now, std::string_view name) const;

  /// The host proved to be there: it holds a reservation. Its claims no longer lapse.
  Result<Unit, NameError> confirm(Timestamp now, const peer::PeerId& host);
  /// Whether a name's present record names this host: then it is relayed without the strangers'
  /// limits.
  [[nodiscard]] bool is_registered(Timestamp now, const peer::PeerId& host) const;

 private:
  struct Entry;
  [[nodiscard]] Result<std::optional<Entry>, NameError> load(Timestamp now,
                                                             std::string_view name) const;
  Result<Unit, NameError> save(const Entry& entry, const std::optional<Entry>& before,
                               std::string_view name);
  [[nodiscard]] Result<Unit, NameError> check(Timestamp now,
                                              const identity::NameRecord& record) const;
  [[nodiscard]] static Entry entry_of(const identity::NameRecord& record, BytesView bytes,
                                      Timestamp claimed, bool confirmed);
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
