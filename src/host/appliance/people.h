#pragma once
// Personas and devices in JSON, and the steps that several nouns share.

#include <nlohmann/json.hpp>

#include "handlers.h"

namespace hearth::appliance {

/// The cost of every new record: docs/protocol/identity.md.
inline constexpr crypto::Argon2idCost standard_stretching{.memory_kib = 65536, .iterations = 3};

[[nodiscard]] nlohmann::json to_json(const access::Persona& persona);
/// `current`: whether it is the one that asks.
[[nodiscard]] nlohmann::json to_json(const access::Device& device, bool current);
[[nodiscard]] nlohmann::json to_json(const crypto::Argon2idCost& cost);
/// The appliance itself, as a device of that persona.
[[nodiscard]] nlohmann::json appliance_device(const State& state, const access::Persona& persona);
/// The appliance's certificate from this persona, if it has given one to the present host key.
[[nodiscard]] std::optional<identity::DeviceCertificate> appliance_certificate(
    const State& state, const access::Persona& persona);

/// A device as a request describes it: `{id, name, kind, remember}`. On a libp2p connection it can
/// only be the one at its other end.
[[nodiscard]] Result<access::Device, ApiError> described_device(const State& state,
                                                                const Call& call,
                                                                const PersonaId& persona,
                                                                access::Enrolled how);
/// Enrolls it, with a certificate when the appliance may give one.
[[nodiscard]] Result<const access::Device*, ApiError> enroll(State& state, access::Device device);
/// Puts the certificate on that the appliance may give; unchanged when it may give none.
void certify(const State& state, const access::Persona& persona, access::Device& device);

/// `{registration_record, vault}`.
[[nodiscard]] Result<access::Credentials, ApiError> credentials_field(const nlohmann::json& body);
/// A new persona: `{name, display_name}` and its credentials.
[[nodiscard]] Result<access::Persona, ApiError> described_persona(const State& state,
                                                                  const nlohmann::json& body,
                                                                  const PersonaId& id,
                                                                  access::Role role);
/// OPAQUE's first step for a persona of that id: a waiting registration and its response.
[[nodiscard]] Answered start_registration(State& state, const Call& call, const PersonaId& persona);
[[nodiscard]] Result<PersonaId, ApiError> take_registration(State& state, const Call& call);

/// Whom the request is about: the asker's persona, or on the console the one it names by `persona`.
[[nodiscard]] Result<const access::Persona*, ApiError> acting_persona(const State& state,
                                                                      const Call& call);

[[nodiscard]] Failure<ApiError> refuse(access::DirectoryError error);

}  // namespace hearth::appliance
