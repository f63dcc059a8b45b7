// Making a persona and changing a password: the client's side of OPAQUE, so the password stays here.

#include <cstdio>

#include <hearth/codec/base64.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/statement.h>
#include <hearth/identity/vault.h>
#include <hearth/loop/system.h>
#include <hearth/opaque/client.h>
#include <hearth/terminal/terminal.h>

#include "commands.h"

namespace hearth::cli {

using nlohmann::json;

namespace {

constexpr opaque::KeyStretching stretching = crypto::Argon2idCost{.memory_kib = 65536, .iterations = 3};

std::string password_for(const std::string& name) {
  const auto password = terminal::read_password("Password for " + name + ": ");
  if (!password || password->empty())
    throw Failure{1, "A password is needed, typed at the prompt or as one line of standard input."};
  if (password->size() < 8) throw Failure{1, "Choose a password of at least 8 characters."};
  return *password;
}

template <class T, class E>
T must(Result<T, E> result, const char* what) {
  if (!result) throw Failure{1, what};
  return std::move(*result);
}

Bytes decode(const json& answer, const char* key) {
  return must(codec::base64url_decode(answer.at(key).get<std::string>()),
              "The appliance's answer makes no sense.");
}

struct Registered {
  std::string record;
  std::string vault;
};

/// Registers `password` and seals the persona's seed under what only the password gives.
Registered register_password(const Context& context, const std::string& start_path, json start,
                             const std::string& persona, const std::string& password,
                             std::span<const std::byte, 32> seed, json* answer) {
  loop::SystemEntropy entropy;
  const auto registration =
      must(opaque::ClientRegistration::start(as_bytes(password), entropy), "The password is too long.");
  start["registration_request"] = codec::base64url_encode(registration.request().encode());
  *answer = context.client.call("POST", start_path, start);
  const auto response = must(
      opaque::RegistrationResponse::parse(decode(*answer, "registration_response")),
      "The appliance's answer makes no sense.");
  const json appliance = context.client.call("GET", "/api/v1/appliance");
  const std::string root = appliance.at("root");
  const opaque::Parameters parameters{
      .client_identity = as_bytes(persona), .server_identity = as_bytes(root), .context = {}};
  const auto finished = must(registration.finish(as_bytes(password), response, parameters, stretching,
                                                 entropy),
                             "There is not enough memory to protect the password.");
  return {.record = codec::base64url_encode(finished.record.encode()),
          .vault = codec::base64url_encode(
              identity::seal_vault(finished.export_key.bytes(), seed, entropy))};
}

}  // namespace

int persona_add(const Context& context, const PersonaOptions& options) {
  const std::string password = password_for(options.name);
  loop::SystemEntropy entropy;
  const auto key = crypto::Ed25519PrivateKey::generate(entropy);
  const std::string persona = identity::PersonaId{key.public_key()}.to_string();
  json start;
  const Registered registered = register_password(
      context, "/api/v1/personas/start", {{"persona", persona}}, persona, password, key.seed(), &start);
  const json answer = context.client.call(
      "POST", "/api/v1/personas/finish",
      {{"setup", start.value("setup", "")},
       {"registration_record", registered.record},
       {"vault", registered.vault},
       {"name", options.name},
       {"display_name", options.display_name.empty() ? options.name : options.display_name},
       {"role", options.role}});
  if (context.json)
    std::puts(answer.dump(2).c_str());
  else
    std::printf("%s\n", persona.c_str());
  return 0;
}

}  // namespace hearth::cli
