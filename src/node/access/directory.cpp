#include <algorithm>
#include <tuple>
#include <utility>

#include <hearth/access/directory.h>

namespace hearth::access {
namespace {

constexpr std::string_view persona_prefix = "persona/";
constexpr std::string_view device_prefix = "device/";

std::string key_of(const PersonaId& id) {
  return std::string{persona_prefix} + to_text(id.bytes());
}
std::string key_of(const DeviceId& id) {
  return std::string{device_prefix} + to_text(id.bytes());
}

}  // namespace

Result<Directory, StoreError> Directory::load(Store& store, Instant now) {
  Directory directory{store};
  bool readable = true;
  HEARTH_CHECK(store.scan(persona_prefix, [&](std::string_view, BytesView value) {
    auto persona = decode_persona(value);
    readable = persona.has_value();
    if (!readable) return false;
    directory.names_.emplace(persona->name, persona->id);
    directory.personas_.emplace(persona->id, std::move(*persona));
    return true;
  }));
  if (!readable) return Failure{StoreError::corrupt};
  HEARTH_CHECK(store.scan(device_prefix, [&](std::string_view, BytesView value) {
    auto device = decode_device(value);
    readable = device.has_value() && directory.personas_.contains(device->persona);
    if (!readable) return false;
    const std::uint64_t last_seen = device->last_seen;
    const DeviceId id = device->id;
    directory.devices_.emplace(
        id, Entry{.device = std::move(*device), .gone_since = now, .stored_last_seen = last_seen});
    return true;
  }));
  if (!readable) return Failure{StoreError::corrupt};
  return directory;
}

const Persona* Directory::persona(const PersonaId& id) const {
  const auto found = personas_.find(id);
  return found == personas_.end() ? nullptr : &found->second;
}

const Persona* Directory::persona_named(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : persona(found->second);
}

std::vector<const Persona*> Directory::personas() const {
  std::vector<const Persona*> all;
  all.reserve(names_.size());
  for (const auto& [name, id] : names_) all.push_back(persona(id));
  return all;
}

Result<Unit, DirectoryError> Directory::add_persona(Persona persona, std::optional<Device> device,
                                                    Instant now) {
  if (personas_.contains(persona.id)) return Failure{DirectoryError::exists};
  if (names_.contains(persona.name)) return Failure{DirectoryError::name_taken};
  if (personas_.size() >= max_personas) return Failure{DirectoryError::too_many};
  Batch batch;
  batch.put(key_of(persona.id), persona.encode());
  if (device) batch.put(key_of(device->id), device->encode());
  HEARTH_CHECK(write(batch));

  const PersonaId id = persona.id;
  names_.emplace(persona.name, id);
  personas_.emplace(id, std::move(persona));
  if (device) {
    const DeviceId device_id = device->id;
    const std::uint64_t last_seen = device->last_seen;
    devices_.insert_or_assign(
        device_id,
        Entry{.device = std::move(*device), .gone_since = now, .stored_last_seen = last_seen});
  }
  return Unit{};
}

Result<Unit, DirectoryError> Directory::claim(Persona owner, Device device, Instant now) {
  if (claimed()) return Failure{DirectoryError::exists};
  owner.role = Role::owner;
  return add_persona(std::move(owner), std::move(device), now);
}

Result<std::vector<DeviceId>, DirectoryError> Directory::remove_persona(const PersonaId& id) {
  const Persona* leaving = persona(id);
  if (leaving == nullptr) return Failure{DirectoryError::not_found};
  if (leaving->role == Role::owner && owners() == 1) return Failure{DirectoryError::last_owner};
  Batch batch;
  batch.erase(key_of(id));
  std::vector<DeviceId> devices;
  for (const Device* each : devices_of(id)) {
    batch.erase(key_of(each->id));
    devices.push_back(each->id);
  }
  HEARTH_CHECK(write(batch));
  names_.erase(leaving->name);
  for (const DeviceId& each : devices) devices_.erase(each);
  personas_.erase(id);
  return devices;
}

Result<Unit, DirectoryError> Directory::set_credentials(const PersonaId& id,
                                                        Credentials credentials) {
  return change_persona(id,
                        [&](Persona& persona) { persona.credentials = std::move(credentials); });
}

Result<Unit, DirectoryError> Directory::set_appliance_certificate(const PersonaId& id,
                                                                  Bytes certificate) {
  return change_persona(
      id, [&](Persona& persona) { persona.appliance_certificate = std::move(certificate); });
}

const Device* Directory::device(const DeviceId& id) const {
  const auto found = devices_.find(id);
  return found == devices_.end() ? nullptr : &found->second.device;
}

std::vector<const Device*> Directory::devices_of(const PersonaId& persona) const {
  std::vector<const Device*> all;
  for (const auto& [id, entry] : devices_)
    if (entry.device.persona == persona) all.push_back(&entry.device);
  std::ranges::sort(all, {},
                    [](const Device* device) { return std::tie(device->added, device->id); });
  return all;
}

Result<Unit, DirectoryError> Directory::add_device(Device device, Instant now) {
  if (!personas_.contains(device.persona)) return Failure{DirectoryError::not_found};
  const auto old = devices_.find(device.id);
  const bool is_theirs = old != devices_.end() && old->second.device.persona == device.persona;
  if (!is_theirs && devices_of(device.persona).size() >= max_devices_of_persona)
    return Failure{DirectoryError::too_many};
  Batch batch;
  batch.put(key_of(device.id), device.encode());
  HEARTH_CHECK(write(batch));
  const DeviceId id = device.id;
  const std::uint64_t last_seen = device.last_seen;
  devices_.insert_or_assign(
      id, Entry{.device = std::move(device), .gone_since = now, .stored_last_seen = last_seen});
  return Unit{};
}

Result<Unit, DirectoryError> Directory::remove_device(const DeviceId& id) {
  if (!devices_.contains(id)) return Failure{DirectoryError::not_found};
  Batch batch;
  batch.erase(key_of(id));
  HEARTH_CHECK(write(batch));
  devices_.erase(id);
  return Unit{};
}

Result<Unit, DirectoryError> Directory::rename_device(const DeviceId& id, std::string name) {
  return change_device(id, [&](Device& device) { device.name = std::move(name); });
}

Result<Unit, DirectoryError> Directory::set_certificate(const DeviceId& id, Bytes certificate) {
  return change_device(id, [&](Device& device) { device.certificate = std::move(certificate); });
}

void Directory::device_came(const DeviceId& id, Timestamp wall) {
  ++connections_[id];
  if (const auto found = devices_.find(id); found != devices_.end()) saw(found->second, wall);
}

void Directory::device_gone(const DeviceId& id, Timestamp wall, Instant now) {
  if (const auto open = connections_.find(id); open != connections_.end() && --open->second == 0)
    connections_.erase(open);
  device_seen(id, wall, now);
}

void Directory::device_seen(const DeviceId& id, Timestamp wall, Instant now) {
  const auto found = devices_.find(id);
  if (found == devices_.end()) return;
  found->second.gone_since = now;
  saw(found->second, wall);
}

std::vector<DeviceId> Directory::advance(Instant now) {
  std::vector<DeviceId> forgotten;
  for (const auto& [id, entry] : devices_)
    if (!entry.device.remembered && !connections_.contains(id) &&
        now - entry.gone_since >= forget_after)
      forgotten.push_back(id);
  // One that can't be erased now stays, and is tried again at the next call.
  std::erase_if(forgotten, [&](const DeviceId& id) { return !remove_device(id); });
  return forgotten;
}

std::optional<Instant> Directory::deadline() const {
  std::optional<Instant> next;
  for (const auto& [id, entry] : devices_) {
    if (entry.device.remembered || connections_.contains(id)) continue;
    const Instant due = entry.gone_since + forget_after;
    if (!next || due < *next) next = due;
  }
  return next;
}

Result<Unit, DirectoryError> Directory::write(const Batch& batch) {
  if (!store_->write(batch)) return Failure{DirectoryError::store_failed};
  return Unit{};
}

void Directory::saw(Entry& entry, Timestamp wall) {
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wall.seconds()));
  entry.device.last_seen = std::max(entry.device.last_seen, seconds);
  if (entry.device.last_seen - entry.stored_last_seen < last_seen_slack_seconds) return;
  Batch batch;
  batch.put(key_of(entry.device.id), entry.device.encode());
  if (store_->write(batch)) entry.stored_last_seen = entry.device.last_seen;
}

std::size_t Directory::owners() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      personas_, [](const auto& entry) { return entry.second.role == Role::owner; }));
}

template <class Change>
Result<Unit, DirectoryError> Directory::change_persona(const PersonaId& id, Change change) {
  const auto found = personas_.find(id);
  if (found == personas_.end()) return Failure{DirectoryError::not_found};
  Persona changed = found->second;
  change(changed);
  Batch batch;
  batch.put(key_of(id), changed.encode());
  HEARTH_CHECK(write(batch));
  found->second = std::move(changed);
  return Unit{};
}

template <class Change>
Result<Unit, DirectoryError> Directory::change_device(const DeviceId& id, Change change) {
  const auto found = devices_.find(id);
  if (found == devices_.end()) return Failure{DirectoryError::not_found};
  Device changed = found->second.device;
  change(changed);
  Batch batch;
  batch.put(key_of(id), changed.encode());
  HEARTH_CHECK(write(batch));
  found->second.device = std::move(changed);
  found->second.stored_last_seen = found->second.device.last_seen;
  return Unit{};
}

}  // namespace hearth::access
