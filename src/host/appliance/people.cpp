#include "people.h"

#include "fields.h"
#include <hearth/base/assert.h>
#include <hearth/codec/base64.h>
#include <hearth/identity/name.h>
#include <hearth/identity/vault.h>

namespace hearth::appliance {

using access::Device;
using access::DirectoryError;
using access::Persona;
using nlohmann::json;

json to_json(const Persona& persona) {
  return {{"id", persona.id.to_string()},
          {"name", persona.name},
          {"display_name", persona.display_name},
          {"role", access::to_string(persona.role)},
          {"created", persona.created}};
}

json to_json(const Device& device, bool current) {
  json object{{"id", device.id.to_string()},
              {"persona", device.persona.to_string()},
              {"name", device.name},
              {"kind", identity::to_string(device.kind)},
              {"added", device.added},
              {"last_seen", device.last_seen},
              {"how", access::to_string(device.how)},
              {"current", current},
              {"remembered", device.remembered}};
  if (!device.certificate.empty())
    object["certificate"] = codec::base64url_encode(device.certificate);
  return object;
}

json to_json(const crypto::Argon2idCost& cost) {
  return {{"argon2id-custom",
           {{"memory", cost.memory_kib}, {"iterations", cost.iterations}, {"parallelism", 1}}}};
}

std::optional<identity::DeviceCertificate> appliance_certificate(const State& state,
                                                                 const Persona& persona) {
  auto certificate = identity::DeviceCertificate::verify(persona.appliance_certificate);
  // After a rotation the persona's certificate is that of another host key.
  if (!certificate || certificate->device != state.keys().device()) return std::nullopt;
  return std::move(*certificate);
}

json appliance_device(const State& state, const Persona& persona) {
  Device device{.id = state.keys().device(),
                .persona = persona.id,
                .name = state.name,
                .kind = identity::DeviceKind::appliance,
                .added = persona.created,
                .last_seen = state.seconds(),
                .how = access::Enrolled::setup};
  if (appliance_certificate(state, persona)) device.certificate = persona.appliance_certificate;
  return to_json(device, /*current=*/false);
}

Result<Device, ApiError> described_device(const State& state, const Call& call,
                                          const PersonaId& persona, access::Enrolled how) {
  const auto described = call.body.find("device");
  if (described == call.body.end() || !described->is_object()) return bad_field("device");
  HEARTH_TRY(const auto id, id_field<DeviceId>(*described, "id"));
  if (call.caller.peer && call.caller.peer != identity::peer_of(id))
    return refuse(ErrorCode::denied, "A device can only be added over its own connection.");
  if (id == state.keys().device()) return bad_field("device");
  HEARTH_TRY(auto name, text_field(*described, "name", 64));
  if (!identity::is_display_name(name)) return bad_field("name");
  HEARTH_TRY(const auto kind_text, text_field(*described, "kind", 16));
  const auto kind = identity::parse_device_kind(kind_text);
  if (!kind || *kind == identity::DeviceKind::appliance) return bad_field("kind");
  const auto remember = described->find("remember");
  if (remember == described->end() || !remember->is_boolean()) return bad_field("remember");
  return Device{.id = id,
                .persona = persona,
                .name = std::move(name),
                .kind = *kind,
                .added = state.seconds(),
                .last_seen = state.seconds(),
                .how = how,
                .remembered = remember->get<bool>()};
}

void certify(const State& state, const Persona& persona, Device& device) {
  if (!appliance_certificate(state, persona)) return;
  const identity::DeviceCertificate certificate{.persona = persona.id,
                                                .device = device.id,
                                                .kind = device.kind,
                                                .issued = state.seconds(),
                                                .issuer = persona.appliance_certificate};
  device.certificate = certificate.sign(state.keys().host());
}

Result<const Device*, ApiError> enroll(State& state, Device device) {
  const Persona* persona = state.directory.persona(device.persona);
  if (persona == nullptr) return refuse(DirectoryError::not_found);
  certify(state, *persona, device);
  const DeviceId id = device.id;
  if (const auto added = state.directory.add_device(std::move(device), state.now()); !added)
    return refuse(added.error());
  state.changed("devices");
  return state.directory.device(id);
}

Result<access::Credentials, ApiError> credentials_field(const json& body) {
  HEARTH_TRY(const auto record,
             message_field<opaque::RegistrationRecord>(body, "registration_record"));
  HEARTH_TRY(auto vault, binary_field(body, "vault", identity::vault_size));
  if (vault.size() != identity::vault_size) return bad_field("vault");
  return access::Credentials{
      .record = record, .stretching = standard_stretching, .vault = std::move(vault)};
}

Result<Persona, ApiError> described_persona(const State& state, const json& body,
                                            const PersonaId& id, access::Role role) {
  HEARTH_TRY(auto name, text_field(body, "name", 32));
  if (!identity::is_persona_name(name))
    return refuse(ErrorCode::bad_request,
                  "A name has 1 to 32 small letters, digits, hyphens, underscores and dots.");
  HEARTH_TRY(auto display_name, text_field(body, "display_name", 64));
  if (!identity::is_display_name(display_name)) return bad_field("display_name");
  HEARTH_TRY(auto credentials, credentials_field(body));
  return Persona{.id = id,
                 .name = std::move(name),
                 .display_name = std::move(display_name),
                 .role = role,
                 .created = state.seconds(),
                 .credentials = std::move(credentials)};
}

Answered start_registration(State& state, const Call& call, const PersonaId& persona) {
  HEARTH_TRY(const auto request,
             message_field<opaque::RegistrationRequest>(call.body, "registration_request"));
  const auto response =
      opaque::register_credential(state.keys().opaque(), as_bytes(persona.to_string()), request);
  const auto id = state.registrations.add(call.owner(), Registration{.persona = persona},
                                          state.entropy(), state.now());
  return Answer{.body = {{"setup", codec::base64url_encode(id)},
                         {"registration_response", codec::base64url_encode(response.encode())}}};
}

Result<PersonaId, ApiError> take_registration(State& state, const Call& call) {
  HEARTH_TRY(const auto id, array_field<32>(call.body, "setup"));
  const auto registration = state.registrations.take(id, call.owner(), state.now());
  if (!registration) return refuse(ErrorCode::expired, "That took too long. Begin again.");
  return registration->persona;
}

Result<const Persona*, ApiError> acting_persona(const State& state, const Call& call) {
  if (call.asker().persona) return state.directory.persona(call.asker().persona->id);
  HEARTH_TRY(const auto id, id_field<PersonaId>(call.body, "persona"));
  const Persona* persona = state.directory.persona(id);
  if (persona == nullptr) return refuse(ErrorCode::not_found, "There is no such person here.");
  return persona;
}

Failure<ApiError> refuse(DirectoryError error) {
  switch (error) {
    case DirectoryError::store_failed:
      return refuse(ErrorCode::unavailable,
                    "The box couldn't write to its disk. See whether it is full.");
    case DirectoryError::not_found:
      return refuse(ErrorCode::not_found, "That isn't here any more.");
    case DirectoryError::name_taken:
      return refuse(ErrorCode::conflict, "Somebody here has that name. Choose another.");
    case DirectoryError::exists:
      return refuse(ErrorCode::conflict, "That person is here already.");
    case DirectoryError::too_many:
      return refuse(ErrorCode::conflict, "There are too many already. Remove one first.");
    case DirectoryError::last_owner:
      return refuse(ErrorCode::conflict,
                    "This is the last owner. Make somebody else an owner first.");
  }
  HEARTH_ASSERT(false);
}

}  // namespace hearth::appliance
