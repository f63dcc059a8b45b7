#pragma once
// The personas of an appliance and their devices: held in memory, written through to the store.
//
// Every change is one batch: a crash leaves all of it or nothing. When the store fails, nothing has
// changed here either.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/access/records.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/storage/store.h>

namespace hearth::access {

using storage::Batch;
using storage::Store;
using storage::StoreError;

enum class DirectoryError : std::uint8_t {
  store_failed,
  not_found,
  name_taken,
  /// A persona of that id is here already.
  exists,
  /// One of the bounds below is reached.
  too_many,
  /// An appliance without an owner could never be administered again.
  last_owner,
};

class Directory {
 public:
  static constexpr std::size_t max_personas = 64;
  static constexpr std::size_t max_devices_of_persona = 64;
  /// A device that isn't remembered is forgotten when it has been gone for this long.
  static constexpr Duration forget_after = std::chrono::minutes{10};
  /// How far behind a device's last_seen on disk may be: no request should cost a write.
  static constexpr std::uint64_t last_seen_slack_seconds = 600;

  /// Reads everything. `corrupt` for a record this program can't read: it must not be started
  /// without knowing whom it would shut out. Borrows `store` for life.
  [[nodiscard]] static Result<Directory, StoreError> load(Store& store, Instant now);

  [[nodiscard]] const Persona* persona(const PersonaId& id) const;
  [[nodiscard]] const Persona* persona_named(std::string_view name) const;
  /// By name.
  [[nodiscard]] std::vector<const Persona*> personas() const;
  /// Whether an owner has ever been made. For good.
  [[nodiscard]] bool claimed() const { return !personas_.empty(); }

  /// A persona with its first device, if any. `name_taken`, `exists`, `too_many`, `store_failed`.
  [[nodiscard]] Result<Unit, DirectoryError> add_persona(Persona persona,
                                                         std::optional<Device> device, Instant now);
  /// The first persona is an owner, and made once. `exists` ever after.
  [[nodiscard]] Result<Unit, DirectoryError> claim(Persona owner, Device device, Instant now);
  /// With its devices, whose ids are returned. `not_found`, `last_owner`, `store_failed`.
  [[nodiscard]] Result<std::vector<DeviceId>, DirectoryError> remove_persona(const PersonaId& id);
  [[nodiscard]] Result<Unit, DirectoryError> set_credentials(const PersonaId& id,
                                                             Credentials credentials);
  [[nodiscard]] Result<Unit, DirectoryError> set_appliance_certificate(const PersonaId& id,
                                                                       Bytes certificate);

  [[nodiscard]] const Device* device(const DeviceId& id) const;
  /// In the order in which they were added.
  [[nodiscard]] std::vector<const Device*> devices_of(const PersonaId& persona) const;
  /// Enrolls a device; one already enrolled, by whomever, begins anew. `not_found` (the persona),
  /// `too_many`, `store_failed`.
  [[nodiscard]] Result<Unit, DirectoryError> add_device(Device device, Instant now);
  [[nodiscard]] Result<Unit, DirectoryError> remove_device(const DeviceId& id);
  [[nodiscard]] Result<Unit, DirectoryError> rename_device(const DeviceId& id, std::string name);
  [[nodiscard]] Result<Unit, DirectoryError> set_certificate(const DeviceId& id, Bytes certificate);

  /// Connections come and go, one `gone` for each `came`; of strangers, too, who may be enrolled
  /// over theirs (as many as the host lets connect). Failing to store when a device was last seen
  /// is no failure.
  void device_came(const DeviceId& id, Timestamp wall);
  void device_gone(const DeviceId& id, Timestamp wall, Instant now);
  /// It asks something right now; keeps it from being forgotten where it has no connection of its
  /// own.
  void device_seen(const DeviceId& id, Timestamp wall, Instant now);

  /// Forgets the devices that aren't remembered and have been gone for long enough; returns them.
  [[nodiscard]] std::vector<DeviceId> advance(Instant now);
  /// When advance() has something to do.
  [[nodiscard]] std::optional<Instant> deadline() const;

 private:
  struct Entry {
    Device device;
    Instant gone_since;
    std::uint64_t stored_last_seen = 0;
  };

  explicit Directory(Store& store) : store_(&store) {}
  [[nodiscard]] Result<Unit, DirectoryError> write(const Batch& batch);
  void saw(Entry& entry, Timestamp wall);
  [[nodiscard]] std::size_t owners() const;
  /// Changes a copy, stores it, and only then takes it over.
  template <class Change>
  [[nodiscard]] Result<Unit, DirectoryError> change_persona(const PersonaId& id, Change change);
  template <class Change>
  [[nodiscard]] Result<Unit, DirectoryError> change_device(const DeviceId& id, Change change);

  Store* store_;
  std::map<PersonaId, Persona> personas_;
  std::map<std::string, PersonaId, std::less<>> names_;
  std::map<DeviceId, Entry> devices_;
  std::map<DeviceId, int> connections_;
};

}  // namespace hearth::access
