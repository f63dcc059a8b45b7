#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>
#include <hearth/identity/name.h>

namespace hearth::appliance {
namespace {

bool is_current(const Call& call, const access::Device& device) {
  return call.asker().device && call.asker().device->id == device.id;
}

/// One of the asker's own persona; others' don't exist for them. On the console, anybody's.
Result<const access::Device*, ApiError> own_device(const State& state, const Call& call) {
  const auto id = DeviceId::parse(call.argument);
  if (!id) return bad_field("device");
  const access::Device* device = state.directory.device(*id);
  const bool visible =
      device != nullptr && (!call.asker().persona || call.asker().persona->id == device->persona);
  if (!visible) return refuse(ErrorCode::not_found, "You have no such device.");
  return device;
}

}  // namespace

Answered list_devices(State& state, const Call& call) {
  nlohmann::json list = nlohmann::json::array();
  const auto add_all = [&](const access::Persona& persona) {
    for (const access::Device* each : state.directory.devices_of(persona.id))
      list.push_back(to_json(*each, is_current(call, *each)));
    list.push_back(appliance_device(state, persona));
  };
  if (call.asker().persona) {
    add_all(*call.asker().persona);
  } else {
    for (const access::Persona* each : state.directory.personas()) add_all(*each);
  }
  return Answer{.body = {{"devices", std::move(list)}}};
}

Answered rename_device(State& state, const Call& call) {
  HEARTH_TRY(const access::Device* device, own_device(state, call));
  HEARTH_TRY(auto name, text_field(call.body, "name", 64));
  if (!identity::is_display_name(name)) return bad_field("name");
  if (const auto renamed = state.directory.rename_device(device->id, std::move(name)); !renamed)
    return refuse(renamed.error());
  state.changed("devices");
  return Answer{.body = to_json(*device, is_current(call, *device))};
}

Answered remove_device(State& state, const Call& call) {
  HEARTH_TRY(const access::Device* device, own_device(state, call));
  const DeviceId id = device->id;
  if (const auto removed = state.directory.remove_device(id); !removed)
    return refuse(removed.error());
  state.options.log.info("device.revoked", {{"device", id.to_string()}});
  state.revoke(id);
  return Answer{.status = 204};
}

/// The device's own certificate, or the one by which its persona takes the appliance in.
Answered put_certificate(State& state, const Call& call) {
  if (!call.asker().device) return refuse(ErrorCode::not_found, "The console is nobody's device.");
  HEARTH_TRY(auto bytes, binary_field(call.body, "certificate", identity::max_statement_size));
  const auto certificate = identity::DeviceCertificate::verify(bytes);
  if (!certificate || certificate->persona != call.asker().persona->id)
    return bad_field("certificate");
  const access::Device& asking = *call.asker().device;
  const bool is_own = certificate->device == asking.id && certificate->kind == asking.kind;
  const bool is_appliance = certificate->device == state.keys().device() &&
                            certificate->kind == identity::DeviceKind::appliance &&
                            certificate->issuer.empty();
  if (!is_own && !is_appliance) return bad_field("certificate");
  const auto set =
      is_own ? state.directory.set_certificate(asking.id, std::move(bytes))
             : state.directory.set_appliance_certificate(certificate->persona, std::move(bytes));
  if (!set) return refuse(set.error());
  state.changed("devices");
  return Answer{.status = 204};
}

}  // namespace hearth::appliance
