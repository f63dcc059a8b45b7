#pragma once
// The routes' functions, one file a noun. Each takes the state and a request whose sender has the
// rights that the route table (api.cpp) asks for.

#include "state.h"

namespace hearth::appliance {

// box.cpp
Answered get_appliance(State& state, const Call& call);
Answered rename_appliance(State& state, const Call& call);
Answered make_nonce(State& state, const Call& call);
Answered get_me(State& state, const Call& call);

// setup.cpp
Answered start_setup(State& state, const Call& call);
Answered finish_setup(State& state, const Call& call);

// login.cpp
Answered start_login(State& state, const Call& call);
Answered finish_login(State& state, const Call& call);

// password.cpp
Answered start_password(State& state, const Call& call);
Answered verify_password(State& state, const Call& call);
Answered finish_password(State& state, const Call& call);

// session.cpp
Answered open_session(State& state, const Call& call);

// pairing.cpp
Answered use_pairing(State& state, const Call& call);
Answered open_pairing(State& state, const Call& call);
Answered list_pairings(State& state, const Call& call);
Answered close_pairing(State& state, const Call& call);

// devices.cpp
Answered list_devices(State& state, const Call& call);
Answered rename_device(State& state, const Call& call);
Answered remove_device(State& state, const Call& call);
Answered put_certificate(State& state, const Call& call);

// personas.cpp
Answered list_personas(State& state, const Call& call);
Answered start_persona(State& state, const Call& call);
Answered finish_persona(State& state, const Call& call);
Answered remove_persona(State& state, const Call& call);

// recovery.cpp
Answered get_recovery(State& state, const Call& call);
Answered reveal_recovery(State& state, const Call& call);
Answered confirm_recovery(State& state, const Call& call);
Answered rotate_host_key(State& state, const Call& call);

}  // namespace hearth::appliance
