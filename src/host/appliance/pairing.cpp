// Links that let one new device in.

#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>
#include <hearth/identity/name.h>
#include <hearth/identity/proof.h>

namespace hearth::appliance {
namespace {

using access::PairingError;

Failure<ApiError> refuse(PairingError error) {
  switch (error) {
    case PairingError::expired:
      return refuse(ErrorCode::expired, "This link is too old. Make another.");
    case PairingError::used:
      return refuse(ErrorCode::used, "This link was used already. Make another.");
    case PairingError::too_many:
      return refuse(ErrorCode::conflict, "There are too many open links. Close one first.");
    case PairingError::not_found:
      break;
  }
  return refuse(ErrorCode::not_found, "There is no such link. Make another.");
}

Result<crypto::Ed25519PublicKey, ApiError> parse_key(std::string_view text) {
  const auto bytes = codec::base64url_decode(text);
  if (!bytes) return bad_field("pairing");
  const auto key = crypto::Ed25519PublicKey::create(*bytes);
  if (!key) return bad_field("pairing");
  return *key;
}

nlohmann::json to_json(const access::Pairing& pairing) {
  nlohmann::json object{{"id", codec::base64url_encode(pairing.key.bytes())},
                        {"expires", pairing.expires}};
  if (!pairing.device_name.empty()) object["device_name"] = pairing.device_name;
  return object;
}

}  // namespace

Answered use_pairing(State& state, const Call& call) {
  HEARTH_TRY(const std::string key_text, text_field(call.body, "pairing", 43));
  HEARTH_TRY(const auto key, parse_key(key_text));
  HEARTH_TRY(const auto nonce, array_field<32>(call.body, "nonce"));
  HEARTH_TRY(const auto signature, array_field<64>(call.body, "signature"));
  if (!state.nonces.take(nonce, call.owner(), state.now()))
    return refuse(ErrorCode::expired, "That took too long. Open the link again.");
  const auto pairing = state.pairings.find(key, state.now());
  if (!pairing) return refuse(pairing.error());

  HEARTH_TRY(auto device,
             described_device(state, call, (*pairing)->persona, access::Enrolled::pairing));
  const auto message =
      identity::pairing_message(call.caller.peer.value_or(identity::peer_of(device.id)),
                                state.keys().peer_id(), nonce, device.id);
  if (!key.verify(message, signature))
    return refuse(ErrorCode::denied, "This link doesn't fit this connection. Open it again.");
  HEARTH_TRY(const access::Device* enrolled, enroll(state, std::move(device)));
  state.pairings.use(key);
  const access::Persona& persona = *state.directory.persona(enrolled->persona);
  return Answer{.status = 201,
                .body = {{"persona", appliance::to_json(persona)},
                         {"device", appliance::to_json(*enrolled, true)}}};
}

Answered open_pairing(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  std::string device_name;
  if (call.body.contains("device_name")) {
    HEARTH_TRY(device_name, text_field(call.body, "device_name", 64));
    if (!device_name.empty() && !identity::is_display_name(device_name))
      return bad_field("device_name");
  }
  const auto key = crypto::Ed25519PrivateKey::generate(state.entropy());
  const auto lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(access::Pairings::lifetime).count();
  const std::uint64_t expires = state.seconds() + static_cast<std::uint64_t>(lifetime);
  const DeviceId maker = call.asker().device ? call.asker().device->id : state.keys().device();
  if (const auto opened = state.pairings.open({.key = key.public_key(),
                                               .persona = persona->id,
                                               .made_by = maker,
                                               .expires = expires,
                                               .device_name = std::move(device_name)},
                                              state.now());
      !opened)
    return refuse(opened.error());
  const Addresses addresses = state.addresses();
  nlohmann::json body{{"secret", codec::base64url_encode(key.seed())},
                      {"expires", expires},
                      {"link_root", state.root().to_string()},
                      {"multiaddrs", addresses.own}};
  if (addresses.flock) body["flock"] = *addresses.flock;
  if (addresses.shell) body["shell"] = *addresses.shell;
  return Answer{.status = 201, .body = std::move(body)};
}

Answered list_pairings(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  nlohmann::json list = nlohmann::json::array();
  for (const access::Pairing* each : state.pairings.open_of(persona->id, state.now()))
    list.push_back(to_json(*each));
  return Answer{.body = {{"pairings", std::move(list)}}};
}

Answered close_pairing(State& state, const Call& call) {
  HEARTH_TRY(const access::Persona* persona, acting_persona(state, call));
  HEARTH_TRY(const auto key, parse_key(call.argument));
  if (const auto closed = state.pairings.close(key, persona->id, state.now()); !closed)
    return refuse(closed.error());
  return Answer{.status = 204};
}

}  // namespace hearth::appliance
