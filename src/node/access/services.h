#pragma once
// Which TCP ports of the appliance's own machine its people may reach through it: none, until an
// owner says so.
//
// The threat: whoever may send bytes to a port of a machine's loopback is, to what listens there,
// somebody at that machine. So nothing is reachable by being there; each port is granted by number,
// to the owners and to the personas named.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <hearth/access/records.h>
#include <hearth/base/result.h>
#include <hearth/storage/store.h>

namespace hearth::access {

struct Service {
  static constexpr std::size_t max_personas = 64;

  std::uint16_t port = 0;  ///< 1 to 65535
  /// For showing; may be empty.
  std::string name;
  /// Who may reach it beside the owners, in ascending order.
  std::vector<PersonaId> personas;
  std::uint64_t added = 0;  ///< seconds since 1970

  [[nodiscard]] Bytes encode() const;
  friend bool operator==(const Service&, const Service&) = default;
};
[[nodiscard]] Result<Service, RecordError> decode_service(BytesView bytes);

enum class ServicesError : std::uint8_t { store_failed, not_found, too_many };

/// Held in memory, written through to the store: when that fails, nothing has changed here either.
class Services {
 public:
  static constexpr std::size_t max_services = 64;

  /// `corrupt` for a record this program can't read. Borrows `store` for life.
  [[nodiscard]] static Result<Services, storage::StoreError> load(storage::Store& store);

  /// By port.
  [[nodiscard]] std::vector<const Service*> all() const;
  [[nodiscard]] const Service* find(std::uint16_t port) const;
  [[nodiscard]] bool may_reach(std::uint16_t port, const PersonaId& persona, Role role) const;

  /// Grants, or changes a grant as a whole. `too_many`, `store_failed`.
  [[nodiscard]] Result<Unit, ServicesError> put(Service service);
  /// `not_found`, `store_failed`.
  [[nodiscard]] Result<Unit, ServicesError> remove(std::uint16_t port);

 private:
  explicit Services(storage::Store& store) : store_(&store) {}

  storage::Store* store_;
  std::map<std::uint16_t, Service> services_;
};

}  // namespace hearth::access
