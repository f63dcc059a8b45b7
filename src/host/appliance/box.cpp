#include "fields.h"
#include "handlers.h"
#include "people.h"
#include <hearth/codec/base64.h>
#include <hearth/identity/name.h>

namespace hearth::appliance {

Answered get_appliance(State& state, const Call&) {
  return Answer{
      .body = {{"root", state.root().to_string()},
               {"peer_id", state.keys().peer_id().to_string()},
               {"name", state.name},
               {"version", state.options.version},
               {"host_certificate", codec::base64url_encode(state.keys().host_certificate())},
               {"claimed", state.directory.claimed()},
               {"flocks", state.addresses().flocks},
               {"time", state.seconds()}}};
}

Answered rename_appliance(State& state, const Call& call) {
  HEARTH_TRY(auto name, text_field(call.body, "name", 64));
  if (!identity::is_display_name(name)) return bad_field("name");
  if (!state.options.store.put("setting/name", to_bytes(name)))
    return refuse(access::DirectoryError::store_failed);
  state.name = std::move(name);
  state.changed("devices");
  return get_appliance(state, call);
}

Answered make_nonce(State& state, const Call& call) {
  const auto nonce = state.nonces.add(call.owner(), Unit{}, state.entropy(), state.now());
  return Answer{.body = {{"nonce", codec::base64url_encode(nonce)}}};
}

Answered get_me(State& state, const Call& call) {
  const Who& who = call.asker();
  if (!who.device) return refuse(ErrorCode::not_found, "The console is nobody's device.");
  (void)state;
  return Answer{
      .body = {{"persona", to_json(*who.persona)},
               {"device", to_json(*who.device, /*current=*/true)},
               {"connection",
                {{"transport", call.caller.transport}, {"relayed", call.caller.relayed}}}}};
}

}  // namespace hearth::appliance
