// A new password, for who knows the present one: an open laptop is not enough.

#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>

namespace hearth::appliance {
namespace {

std::string who_asks(const Call& call) {
  return call.asker().device ? call.asker().device->id.to_string() : "console";
}

/// A change belongs to device and persona: the device may become another persona's meanwhile.
Bytes owner_of(const Call& call, const access::Persona& persona) {
  return to_bytes(who_asks(call) + "/" + persona.id.to_string());
}

opaque::Parameters parameters(const std::string& persona, const std::string& root) {
  return {.client_identity = as_bytes(persona), .server_identity = as_bytes(root)};
}

Failure<ApiError> begin_again() {
  return refuse(ErrorCode::expired, "That took too long. Begin again.");
}

/// There is one for each who asks, so it needs no id.
Result<PasswordChange, ApiError> take_change(State& state, const Call& call,
                                             const access::Persona& persona) {
  auto change = state.changes.take_newest(owner_of(call, persona), state.now());
  if (!change) return begin_again();
  return std::move(*change);
}

void keep_change(State& state, const Call& call, const access::Persona& persona,
                 PasswordChange change) {
  state.changes.add(owner_of(call, persona), std::move(change), state.entropy(), state.now());
}

}  // namespace

Answered start_password(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  HEARTH_TRY(const auto ke1, message_field<opaque::Ke1>(call.body, "ke1"));
  access::BackOff& guesses = state.change_guesses[who_asks(call)];
  if (const Duration wait = guesses.wait(state.now()); wait > Duration::zero())
    return refuse(ErrorCode::rate_limited, "Too many wrong passwords. Wait.", wait);
  guesses.count(state.now());

  const std::string persona_text = persona->id.to_string();
  const std::string root_text = state.root().to_string();
  auto opaque = opaque::ServerLogin::start(state.keys().opaque(), persona->credentials.record,
                                           as_bytes(persona_text), ke1,
                                           parameters(persona_text, root_text), state.entropy());
  const Bytes ke2 = opaque.ke2().encode();
  keep_change(state, call, *persona, {.opaque = std::move(opaque)});
  return Answer{.body = {{"persona", persona_text},
                         {"ke2", codec::base64url_encode(ke2)},
                         {"key_stretching", to_json(persona->credentials.stretching)}}};
}

Answered verify_password(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  HEARTH_TRY(const auto ke3, message_field<opaque::Ke3>(call.body, "ke3"));
  HEARTH_TRY(const auto request,
             message_field<opaque::RegistrationRequest>(call.body, "registration_request"));
  HEARTH_TRY(auto change, take_change(state, call, *persona));
  if (!change.opaque) return begin_again();
  if (!std::move(*change.opaque).finish(ke3))
    return refuse(ErrorCode::wrong_password, "The present password is wrong.");
  state.change_guesses.erase(who_asks(call));

  const auto response = opaque::register_credential(state.keys().opaque(),
                                                    as_bytes(persona->id.to_string()), request);
  keep_change(state, call, *persona, {});
  // The vault goes along, since the client seals the same seed anew.
  return Answer{.body = {{"registration_response", codec::base64url_encode(response.encode())},
                         {"vault", codec::base64url_encode(persona->credentials.vault)}}};
}

Answered finish_password(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  HEARTH_TRY(auto credentials, credentials_field(call.body));
  HEARTH_TRY(const auto change, take_change(state, call, *persona));
  if (change.opaque) return begin_again();  // the present password wasn't shown
  if (const auto set = state.directory.set_credentials(persona->id, std::move(credentials)); !set)
    return refuse(set.error());
  return Answer{.status = 204};
}

}  // namespace hearth::appliance
