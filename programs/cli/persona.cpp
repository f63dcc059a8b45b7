// Making a persona and changing a password: the client's side of OPAQUE, so the password stays
// here.

#include <algorithm>

#include <unistd.h>

#include "commands.h"
#include "output.h"
#include <hearth/codec/base64.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/id.h>
#include <hearth/identity/vault.h>
#include <hearth/loop/system.h>
#include <hearth/opaque/client.h>
#include <hearth/terminal/terminal.h>

namespace hearth::cli {

using nlohmann::json;

namespace {

constexpr crypto::Argon2idCost stretching{.memory_kib = 65536, .iterations = 3};
constexpr const char* senseless = "The appliance's answer makes no sense.";

template <class T, class E>
T must(Result<T, E> result, const char* what) {
  if (!result) throw Failure{1, what};
  return std::move(*result);
}

template <class Message>
Message message(const json& answer, const char* key) {
  const auto bytes = must(codec::base64url_decode(answer.at(key).get<std::string>()), senseless);
  return must(Message::parse(bytes), senseless);
}

std::string ask(const std::string& prompt) {
  const auto password = terminal::read_password(prompt + ": ");
  if (!password || password->empty())
    throw Failure{1, "A password is needed, typed at the prompt or as one line of standard input."};
  auto normal = terminal::nfc(*password);
  if (!normal) throw Failure{1, "The password isn't UTF-8 text."};
  return std::move(*normal);
}

/// Twice at a terminal, where nobody sees what they type.
std::string ask_new(const std::string& prompt) {
  std::string password = ask(prompt);
  const auto characters = std::ranges::count_if(
      password, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  if (characters < 10) throw Failure{1, "Choose a password of at least 10 characters."};
  if (::isatty(STDIN_FILENO) != 0 && ask("The same again") != password)
    throw Failure{1, "The two differ. Nothing was changed."};
  return password;
}

/// Whose record it is, and on which box: both are bound into it.
struct Parties {
  std::string persona;
  std::string root;

  [[nodiscard]] opaque::Parameters parameters() const {
    return {.client_identity = as_bytes(persona), .server_identity = as_bytes(root), .context = {}};
  }
};

std::string root_of(const Context& context) {
  return context.client.call("GET", "/api/v1/appliance").at("root");
}

/// A new password on its way to being the persona's.
class NewPassword {
 public:
  NewPassword(std::string password, Entropy& entropy)
      : password_(std::move(password)),
        entropy_(entropy),
        registration_(must(opaque::ClientRegistration::start(as_bytes(password_), entropy),
                           "The password is too long.")) {}

  [[nodiscard]] std::string request() const {
    return codec::base64url_encode(registration_.request().encode());
  }
  /// Adds the record, and the persona's seed sealed under what only the password gives, to `body`.
  void finish(const json& answer, const Parties& parties, std::span<const std::byte, 32> seed,
              json& body) const {
    const auto response = message<opaque::RegistrationResponse>(answer, "registration_response");
    const auto finished = must(registration_.finish(as_bytes(password_), response,
                                                    parties.parameters(), stretching, entropy_),
                               "There is not enough memory to protect the password.");
    body["registration_record"] = codec::base64url_encode(finished.record.encode());
    body["vault"] =
        codec::base64url_encode(identity::seal_vault(finished.export_key.bytes(), seed, entropy_));
  }

 private:
  std::string password_;
  Entropy& entropy_;
  opaque::ClientRegistration registration_;
};

/// As the record says; never cheaper than what we set, and never so dear that this machine dies.
crypto::Argon2idCost told_stretching(const json& answer) {
  const json& told = answer.at("key_stretching").at("argon2id-custom");
  const crypto::Argon2idCost cost{.memory_kib = told.at("memory"),
                                  .iterations = told.at("iterations")};
  const auto fine = [](std::uint32_t value, std::uint32_t least) {
    return value >= least && value <= 4 * least;
  };
  if (!fine(cost.memory_kib, stretching.memory_kib) ||
      !fine(cost.iterations, stretching.iterations) || told.at("parallelism") != 1)
    throw Failure{1, "The appliance asks for another key stretching."};
  return cost;
}

}  // namespace

int persona_add(const Context& context, const PersonaOptions& options) {
  const std::string root =
      root_of(context);  // whether it is there at all, before anything is typed
  loop::SystemEntropy entropy;
  const NewPassword password{ask_new("Password for " + options.name), entropy};
  const auto key = crypto::Ed25519PrivateKey::generate(entropy);
  const Parties parties{.persona = identity::PersonaId{key.public_key()}.to_string(), .root = root};
  const json started = context.client.call(
      "POST", "/api/v1/personas/start",
      {{"persona", parties.persona}, {"registration_request", password.request()}});
  json body{{"setup", started.at("setup")},
            {"name", options.name},
            {"display_name", options.display_name.empty() ? options.name : options.display_name},
            {"role", options.role}};
  const crypto::Secret<32> seed{key.seed().first<32>()};
  password.finish(started, parties, seed.bytes(), body);
  const json answer = context.client.call("POST", "/api/v1/personas/finish", body);
  if (context.json)
    print_json(answer);
  else
    print("Added " + options.name + " (" + parties.persona + ").\n");
  return 0;
}

int persona_passwd(const Context& context, const std::string& name) {
  const Parties parties{.persona = find_persona(context, name).at("id"), .root = root_of(context)};
  loop::SystemEntropy entropy;
  const std::string present = ask("Present password for " + name);
  const NewPassword next{ask_new("New password"), entropy};

  const auto login =
      must(opaque::ClientLogin::start(as_bytes(present), entropy), "The password is too long.");
  const json started = context.client.call(
      "POST", "/api/v1/password/start",
      {{"persona", parties.persona}, {"ke1", codec::base64url_encode(login.ke1().encode())}});
  const auto known = must(login.finish(as_bytes(present), message<opaque::Ke2>(started, "ke2"),
                                       parties.parameters(), told_stretching(started)),
                          "The present password is wrong.");
  const json verified = context.client.call("POST", "/api/v1/password/verify",
                                            {{"persona", parties.persona},
                                             {"ke3", codec::base64url_encode(known.ke3.encode())},
                                             {"registration_request", next.request()}});
  const auto vault =
      must(codec::base64url_decode(verified.at("vault").get<std::string>()), senseless);
  const auto seed = identity::open_vault(known.export_key.bytes(), vault);
  if (!seed) throw Failure{1, "The vault doesn't open. Nothing was changed."};
  const auto key = crypto::Ed25519PrivateKey::from_seed(seed->bytes());
  if (!key || identity::PersonaId{key->public_key()}.to_string() != parties.persona)
    throw Failure{1, "The vault holds another persona's key. Nothing was changed."};

  json body{{"persona", parties.persona}};
  next.finish(verified, parties, seed->bytes(), body);
  context.client.call("POST", "/api/v1/password/finish", body);
  if (context.json)
    print_json({{"changed", parties.persona}});
  else
    print("Changed. Devices that are signed in stay so.\n");
  return 0;
}

}  // namespace hearth::cli
