// The first owner, by the code on the console: once, and never again.

#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>

namespace hearth::appliance {
namespace {

/// As somebody types it, or the bytes of a setup link as base64url (7 characters, not 8).
std::optional<identity::SetupCode> parse_code(std::string_view text) {
  if (auto typed = identity::SetupCode::parse(text)) return typed;
  const auto bytes = codec::base64url_decode(text);
  if (!bytes) return std::nullopt;
  return identity::SetupCode::from_bytes(*bytes);
}

Result<Unit, ApiError> check_code(State& state, const Call& call) {
  HEARTH_TRY(const std::string text, text_field(call.body, "code", 64));
  const auto code = parse_code(text);
  const auto checked =
      code ? state.gate.check(*code, state.now())
           : Result<Unit, access::SetupError>{Failure{state.gate.wrong(state.now())}};
  if (state.gate.take_changed() && state.events.on_setup_code && state.gate.code())
    state.events.on_setup_code(*state.gate.code());
  if (checked) return Unit{};
  switch (checked.error()) {
    case access::SetupError::closed:
      return refuse(ErrorCode::setup_closed, "This box has an owner. Log in, or ask them.");
    case access::SetupError::rate_limited:
      return refuse(ErrorCode::rate_limited, "Too many tries. Wait a moment.",
                    access::SetupGate::try_refill);
    case access::SetupError::wrong_code:
      break;
  }
  return refuse(ErrorCode::wrong_code, "That isn't the code on the box's console. Look again.");
}

}  // namespace

Answered start_setup(State& state, const Call& call) {
  HEARTH_CHECK(check_code(state, call));
  HEARTH_TRY(const auto persona, id_field<PersonaId>(call.body, "persona"));
  return start_registration(state, call, persona);
}

Answered finish_setup(State& state, const Call& call) {
  HEARTH_CHECK(check_code(state, call));
  HEARTH_TRY(const auto persona_id, take_registration(state, call));
  HEARTH_TRY(auto persona, described_persona(state, call.body, persona_id, access::Role::owner));
  HEARTH_TRY(auto device, described_device(state, call, persona_id, access::Enrolled::setup));
  const DeviceId device_id = device.id;
  if (const auto claimed =
          state.directory.claim(std::move(persona), std::move(device), state.now());
      !claimed)
    return refuse(claimed.error());
  state.gate.close();
  state.options.log.info("setup.claimed", {{"persona", persona_id.to_string()}});
  state.changed("personas");
  state.changed("devices");
  const access::Persona& owner = *state.directory.persona(persona_id);
  return Answer{.status = 201,
                .body = {{"persona", to_json(owner)},
                         {"device", to_json(*state.directory.device(device_id), true)},
                         {"appliance_device", appliance_device(state, owner)}}};
}

}  // namespace hearth::appliance
