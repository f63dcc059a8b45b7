#include "fields.h"
#include "handlers.h"
#include "people.h"

namespace hearth::appliance {

Answered list_personas(State& state, const Call&) {
  nlohmann::json list = nlohmann::json::array();
  for (const access::Persona* each : state.directory.personas()) list.push_back(to_json(*each));
  return Answer{.body = {{"personas", std::move(list)}}};
}

Answered start_persona(State& state, const Call& call) {
  // The first is made by the console's code alone, so that it is an owner with a device.
  if (!state.directory.claimed())
    return refuse(ErrorCode::conflict, "Make the first owner with the code on the console.");
  HEARTH_TRY(const auto persona, id_field<PersonaId>(call.body, "persona"));
  return start_registration(state, call, persona);
}

Answered finish_persona(State& state, const Call& call) {
  HEARTH_TRY(const auto id, take_registration(state, call));
  auto role = access::Role::member;
  if (call.body.contains("role")) {
    HEARTH_TRY(const std::string text, text_field(call.body, "role", 8));
    if (text == access::to_string(access::Role::owner))
      role = access::Role::owner;
    else if (text != access::to_string(access::Role::member))
      return bad_field("role");
  }
  HEARTH_TRY(auto persona, described_persona(state, call.body, id, role));
  if (const auto added = state.directory.add_persona(std::move(persona), std::nullopt, state.now());
      !added)
    return refuse(added.error());
  state.options.log.info("persona.added", {{"persona", id.to_string()}});
  state.changed("personas");
  const access::Persona& made = *state.directory.persona(id);
  return Answer{
      .status = 201,
      .body = {{"persona", to_json(made)}, {"appliance_device", appliance_device(state, made)}}};
}

Answered remove_persona(State& state, const Call& call) {
  const auto id = PersonaId::parse(call.argument);
  if (!id) return bad_field("persona");
  const auto removed = state.directory.remove_persona(*id);
  if (!removed) return refuse(removed.error());
  state.options.log.info("persona.removed", {{"persona", id->to_string()}});
  state.pairings.close_all_of(*id);
  for (const DeviceId& device : *removed) state.revoke(device);
  state.changed("personas");
  return Answer{.status = 204};
}

}  // namespace hearth::appliance
