// A device shows itself on the loopback port, which knows no PeerIds.

#include "fields.h"
#include "handlers.h"
#include <hearth/identity/proof.h>

namespace hearth::appliance {

Answered open_session(State& state, const Call& call) {
  if (call.caller.peer || call.caller.console)
    return refuse(ErrorCode::not_found, "Sessions are for the loopback port.");
  HEARTH_TRY(const auto device, id_field<DeviceId>(call.body, "device"));
  HEARTH_TRY(const auto nonce, array_field<32>(call.body, "nonce"));
  HEARTH_TRY(const auto signature, array_field<64>(call.body, "signature"));
  if (call.host.size() > 255) return bad_field("Host");
  if (!state.nonces.take(nonce, call.owner(), state.now()))
    return refuse(ErrorCode::expired, "That took too long. Ask for another nonce.");
  if (state.directory.device(device) == nullptr ||
      !device.key().verify(identity::session_message(state.root(), nonce, call.host), signature))
    return refuse(ErrorCode::unauthorized, "This device isn't logged in here. Log in.");
  const auto token = state.sessions.open(device, state.entropy(), state.now());
  const auto lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(access::Sessions::lifetime).count();
  return Answer{.body = {{"token", token},
                         {"expires", state.seconds() + static_cast<std::uint64_t>(lifetime)}}};
}

}  // namespace hearth::appliance
