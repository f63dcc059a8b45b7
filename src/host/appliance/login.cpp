// Login by password: OPAQUE, then proofs on the connection (docs/protocol/identity.md).

#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>
#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/hmac.h>
#include <hearth/identity/proof.h>

namespace hearth::appliance {
namespace {

/// The id of a name that nobody has: the same at each try, and no more telling than a real one.
PersonaId fake_persona(const State& state, std::string_view name) {
  auto seed = crypto::hmac_sha256(state.fake_key.bytes(), as_bytes(name));
  const auto key = crypto::Ed25519PrivateKey::from_seed(seed);
  crypto::wipe(seed);
  return PersonaId{key->public_key()};
}

Failure<ApiError> wrong_password() {
  return refuse(ErrorCode::wrong_password, "The name or the password is wrong.");
}

}  // namespace

Answered start_login(State& state, const Call& call) {
  HEARTH_TRY(const std::string name, text_field(call.body, "name", 64));
  HEARTH_TRY(const auto ke1, message_field<opaque::Ke1>(call.body, "ke1"));

  // From here on the known and the unknown take the same path, and are counted alike.
  const access::Persona* known = state.directory.persona_named(name);
  const PersonaId fake = fake_persona(state, name);
  const PersonaId persona = known != nullptr ? known->id : fake;
  if (const auto counted = state.guesses.guess(persona, state.now()); !counted)
    return refuse(ErrorCode::rate_limited,
                  "Too many tries. Wait, or use a device that is logged in already.",
                  counted.error().retry_after);

  std::optional<opaque::RegistrationRecord> record;
  if (known != nullptr) record = known->credentials.record;
  const std::string persona_text = persona.to_string();
  const std::string root_text = state.root().to_string();
  auto opaque = opaque::ServerLogin::start(
      state.keys().opaque(), record, as_bytes(persona_text), ke1,
      {.client_identity = as_bytes(persona_text), .server_identity = as_bytes(root_text)},
      state.entropy());
  const Bytes ke2 = opaque.ke2().encode();
  LoginStart start{.opaque = std::move(opaque), .persona = persona};
  if (record) start.record = record->encode();
  const auto id = state.logins.add(call.owner(), std::move(start), state.entropy(), state.now());
  return Answer{.body = {{"login", codec::base64url_encode(id)},
                         {"persona", persona_text},
                         {"ke2", codec::base64url_encode(ke2)},
                         {"key_stretching", to_json(known != nullptr ? known->credentials.stretching
                                                                     : standard_stretching)}}};
}

Answered finish_login(State& state, const Call& call) {
  HEARTH_TRY(const auto id, array_field<32>(call.body, "login"));
  HEARTH_TRY(const auto ke3, message_field<opaque::Ke3>(call.body, "ke3"));
  HEARTH_TRY(const auto proof, array_field<32>(call.body, "proof"));
  auto start = state.logins.take(id, call.owner(), state.now());
  if (!start) return refuse(ErrorCode::expired, "That took too long. Begin again.");
  HEARTH_TRY(auto device,
             described_device(state, call, start->persona, access::Enrolled::password));

  const auto session_key = std::move(start->opaque).finish(ke3);
  if (!session_key) return wrong_password();
  const access::Persona* persona = state.directory.persona(start->persona);
  // Removed, or its password changed, since the login began: then this one opens nothing.
  if (persona == nullptr || !start->record ||
      !equal(persona->credentials.record.encode(), *start->record))
    return wrong_password();
  state.guesses.verified(start->persona, state.now());

  const identity::LoginTranscript transcript{
      .client = call.caller.peer.value_or(identity::peer_of(device.id)),
      .server = state.keys().peer_id(),
      .root = state.root(),
      .persona = start->persona,
      .device = device.id};
  const auto expected =
      identity::login_proof(session_key->bytes(), identity::Side::client, transcript);
  if (!crypto::constant_time_equal(proof, expected)) {
    state.options.log.warning("login.proof_mismatch", {{"persona", start->persona.to_string()},
                                                       {"device", device.id.to_string()}});
    return refuse(ErrorCode::denied,
                  "Somebody stands between you and the box. Try another network.");
  }
  const auto answer_proof =
      identity::login_proof(session_key->bytes(), identity::Side::server, transcript);
  const Bytes vault = persona->credentials.vault;
  HEARTH_TRY(const access::Device* enrolled, enroll(state, std::move(device)));
  persona = state.directory.persona(start->persona);
  return Answer{.body = {{"proof", codec::base64url_encode(answer_proof)},
                         {"vault", codec::base64url_encode(vault)},
                         {"persona", to_json(*persona)},
                         {"device", to_json(*enrolled, true)}}};
}

}  // namespace hearth::appliance
