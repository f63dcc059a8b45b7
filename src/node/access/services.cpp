#include <algorithm>
#include <utility>

#include <hearth/access/services.h>
#include <hearth/codec/cbor.h>
#include <hearth/identity/name.h>

namespace hearth::access {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::string_view prefix = "service/";

std::string key_of(std::uint16_t port) {
  return std::string{prefix} + std::to_string(port);
}

template <class T, class E>
Result<T, RecordError> field(Result<T, E> read) {
  if (!read) return Failure{RecordError::malformed};
  return std::move(*read);
}

}  // namespace

Bytes Service::encode() const {
  codec::CborWriter writer;
  writer.array(5).uint(version).uint(port).text(name).uint(added).array(personas.size());
  for (const PersonaId& persona : personas) writer.bytes(persona.bytes());
  return writer.take();
}

Result<Service, RecordError> decode_service(BytesView bytes) {
  codec::CborReader reader{bytes};
  HEARTH_TRY(const auto items, field(reader.array()));
  if (items == 0) return Failure{RecordError::malformed};
  HEARTH_TRY(const auto said, field(reader.uint()));
  if (said != version) return Failure{RecordError::unsupported_version};
  if (items != 5) return Failure{RecordError::malformed};
  Service service;
  HEARTH_TRY(const auto port, field(reader.uint()));
  if (port == 0 || port > 65535) return Failure{RecordError::malformed};
  service.port = static_cast<std::uint16_t>(port);
  HEARTH_TRY(const auto name, field(reader.text()));
  if (!name.empty() && !identity::is_display_name(name)) return Failure{RecordError::malformed};
  service.name = name;
  HEARTH_TRY(service.added, field(reader.uint()));
  if (service.added > identity::max_number) return Failure{RecordError::malformed};
  HEARTH_TRY(const auto count, field(reader.array()));
  if (count > Service::max_personas) return Failure{RecordError::malformed};
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_TRY(const auto key, field(reader.bytes(32)));
    HEARTH_TRY(const auto persona, field(PersonaId::from_bytes(key)));
    if (!service.personas.empty() && !(service.personas.back() < persona))
      return Failure{RecordError::malformed};
    service.personas.push_back(persona);
  }
  HEARTH_CHECK(field(reader.done()));
  return service;
}

Result<Services, storage::StoreError> Services::load(storage::Store& store) {
  Services services{store};
  bool readable = true;
  HEARTH_CHECK(store.scan(prefix, [&](std::string_view key, BytesView value) {
    auto service = decode_service(value);
    readable = service.has_value() && key == key_of(service->port);
    if (readable) services.services_.emplace(service->port, std::move(*service));
    return readable;
  }));
  if (!readable) return Failure{storage::StoreError::corrupt};
  return services;
}

std::vector<const Service*> Services::all() const {
  std::vector<const Service*> all;
  all.reserve(services_.size());
  for (const auto& [port, service] : services_) all.push_back(&service);
  return all;
}

const Service* Services::find(std::uint16_t port) const {
  const auto found = services_.find(port);
  return found == services_.end() ? nullptr : &found->second;
}

bool Services::may_reach(std::uint16_t port, const PersonaId& persona, Role role) const {
  const Service* service = find(port);
  return service != nullptr &&
         (role == Role::owner || std::ranges::binary_search(service->personas, persona));
}

Result<Unit, ServicesError> Services::put(Service service) {
  if (!services_.contains(service.port) && services_.size() >= max_services)
    return Failure{ServicesError::too_many};
  std::ranges::sort(service.personas);
  const auto repeated = std::ranges::unique(service.personas);
  service.personas.erase(repeated.begin(), repeated.end());
  if (service.personas.size() > Service::max_personas) return Failure{ServicesError::too_many};
  if (!store_->put(key_of(service.port), service.encode()))
    return Failure{ServicesError::store_failed};
  const std::uint16_t port = service.port;
  services_.insert_or_assign(port, std::move(service));
  return Unit{};
}

Result<Unit, ServicesError> Services::remove(std::uint16_t port) {
  if (!services_.contains(port)) return Failure{ServicesError::not_found};
  if (!store_->erase(key_of(port))) return Failure{ServicesError::store_failed};
  services_.erase(port);
  return Unit{};
}

}  // namespace hearth::access
