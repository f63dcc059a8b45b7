#include "test_box.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <hearth/codec/base64.h>
#include <hearth/identity/proof.h>
#include <hearth/identity/vault.h>

namespace hearth::appliance {

using identity::PersonaId;
using nlohmann::json;

namespace {

template <class T>
T run(http::Task<T> task) {
  boost::asio::io_context context;
  std::optional<T> result;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
    failure = error;
    result.emplace(std::move(value));
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

crypto::Ed25519PrivateKey key_of(int seed) {
  Bytes bytes(32, std::byte{0x5a});
  bytes[0] = static_cast<std::byte>(seed & 0xff);
  bytes[1] = static_cast<std::byte>(seed >> 8 & 0xff);
  return crypto::Ed25519PrivateKey::from_seed(bytes).value();
}

}  // namespace

std::string b64(BytesView bytes) {
  return codec::base64url_encode(bytes);
}
Bytes unb64(const json& text) {
  return codec::base64url_decode(text.get<std::string>()).value();
}

std::string Reply::code() const {
  return body.contains("error") ? body["error"]["code"].get<std::string>() : std::string{};
}

TestBox::TestBox() {
  keys_directory = directory.emplace().path();
  restart();
}

TestBox::TestBox(const std::filesystem::path& keys_directory_, storage::Store& given)
    : keys_directory(keys_directory_), used_store(&given) {
  restart();
}

void TestBox::restart() {
  api.reset();
  keys = std::make_unique<Keys>(
      Keys::open(keys_directory, entropy, Timestamp::from_seconds(wall_seconds)));
  api = std::make_unique<Api>(
      ApiOptions{.store = *used_store,
                 .keys = *keys,
                 .entropy = entropy,
                 .log = log,
                 .now = [this] { return now; },
                 .wall = [this] { return Timestamp::from_seconds(wall_seconds); },
                 .addresses =
                     [] {
                       return Addresses{.flock = "/dns4/flock.example/tcp/443/wss",
                                        .flocks = {"/dns4/flock.example/tcp/443/wss"},
                                        .own = {"/ip4/192.0.2.1/tcp/4001"}};
                     },
                 .version = "0.1.0"},
      ApiEvents{
          .on_device_revoked = [this](const identity::DeviceId& id) { revoked.push_back(id); },
          .on_changed = [this](std::string_view topic) { changed.emplace_back(topic); },
          .on_setup_code =
              [this](const identity::SetupCode& code) { codes.push_back(code.to_string()); },
          .on_host_key_rotated = [this] { ++rotations; }});
}

Reply TestBox::ask(const Caller& caller, std::string_view method, std::string_view path,
                   const json& body, const http::Headers& headers) {
  http::Request request;
  request.method = method;
  request.target = "/api/v1/" + std::string{path};
  request.headers = headers;
  if (!body.is_null()) {
    if (!headers.has("content-type")) request.headers.set("Content-Type", "application/json");
    sent += body.dump() + "\n";
    request.body = http::make_body(body.dump());
  }
  http::Response response = run(api->handle(std::move(request), caller));
  const std::string text = run(http::read_all(*response.body, 1 << 20));
  return {.status = response.status,
          .body = text.empty() ? json{} : json::parse(text),
          .headers = response.headers};
}

void TestBox::pass(Duration time) {
  now += time;
  wall_seconds += std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

TestClient::TestClient(TestBox& box_, int seed, Over over)
    : box(box_),
      entropy(static_cast<std::uint64_t>(seed)),
      key(key_of(seed)),
      persona_key(key_of(seed + 10'000)) {
  if (over == Over::libp2p) {
    caller.peer = identity::peer_of(id());
    caller.transport = "webrtc";
  }
}

json TestClient::description() const {
  return {
      {"id", id().to_string()}, {"name", "A browser"}, {"kind", "browser"}, {"remember", remember}};
}

Reply TestClient::ask(std::string_view method, std::string_view path, const json& body) {
  http::Headers headers;
  if (!token.empty()) headers.set("Authorization", "Hearth " + token);
  return box.ask(caller, method, path, body, headers);
}

json TestClient::register_record(const PersonaId& persona, std::string_view password,
                                 BytesView persona_seed, const Reply& started,
                                 const opaque::ClientRegistration& client) {
  const std::string persona_text = persona.to_string();
  const std::string root_text = box.keys->root().to_string();
  const auto response =
      opaque::RegistrationResponse::parse(unb64(started.body["registration_response"]));
  const auto finished = client.finish(
      as_bytes(password), response.value(),
      {.client_identity = as_bytes(persona_text), .server_identity = as_bytes(root_text)}, cheap,
      entropy);
  export_key = to_bytes(finished->export_key.bytes());
  const Bytes vault =
      identity::seal_vault(finished->export_key.bytes(), persona_seed.first<32>(), entropy);
  json body{{"registration_record", b64(finished->record.encode())}, {"vault", b64(vault)}};
  if (started.body.contains("setup")) body["setup"] = started.body["setup"];
  return body;
}

Reply TestClient::set_up(std::string_view code, std::string_view name, std::string_view password) {
  const PersonaId persona{persona_key.public_key()};
  const auto client = opaque::ClientRegistration::start(as_bytes(password), entropy);
  const Reply started = ask("POST", "setup/start",
                            {{"code", code},
                             {"persona", persona.to_string()},
                             {"registration_request", b64(client->request().encode())}});
  if (started.status != 200) return started;
  json body = register_record(persona, password, persona_key.seed(), started, *client);
  body["code"] = code;
  body["name"] = name;
  body["display_name"] = "Anna";
  body["device"] = description();
  return ask("POST", "setup/finish", body);
}

Reply TestClient::log_in(std::string_view name, std::string_view password) {
  const auto client = opaque::ClientLogin::start(as_bytes(password), entropy);
  const Reply started =
      ask("POST", "login/start", {{"name", name}, {"ke1", b64(client->ke1().encode())}});
  if (started.status != 200) return started;
  const auto persona_text = started.body["persona"].get<std::string>();
  const std::string root_text = box.keys->root().to_string();
  const auto finished = client->finish(
      as_bytes(password), opaque::Ke2::parse(unb64(started.body["ke2"])).value(),
      {.client_identity = as_bytes(persona_text), .server_identity = as_bytes(root_text)}, cheap);
  json body{{"login", started.body["login"]}, {"device", description()}};
  if (!finished) {
    // A stock client would stop here; a guesser goes on.
    body["ke3"] = b64(Bytes(64));
    body["proof"] = b64(Bytes(32));
    return ask("POST", "login/finish", body);
  }
  export_key = to_bytes(finished->export_key.bytes());
  const identity::LoginTranscript transcript{
      .client = identity::peer_of(id()),
      .server = believed_server.value_or(box.keys->peer_id()),
      .root = box.keys->root(),
      .persona = PersonaId::parse(persona_text).value(),
      .device = id()};
  body["ke3"] = b64(finished->ke3.encode());
  body["proof"] =
      b64(identity::login_proof(finished->session_key.bytes(), identity::Side::client, transcript));
  Reply reply = ask("POST", "login/finish", body);
  if (reply.status == 200) {
    const auto expected =
        identity::login_proof(finished->session_key.bytes(), identity::Side::server, transcript);
    EXPECT_EQ(reply.body["proof"], b64(expected));
  }
  return reply;
}

Reply TestClient::pair(const json& opened) {
  const auto secret = crypto::Ed25519PrivateKey::from_seed(unb64(opened["secret"])).value();
  const Reply made = ask("POST", "nonce", json::object());
  identity::ProofNonce nonce;
  std::ranges::copy(unb64(made.body["nonce"]), nonce.begin());
  const Bytes message = identity::pairing_message(
      identity::peer_of(id()), believed_server.value_or(box.keys->peer_id()), nonce, id());
  return ask("POST", "pair",
             {{"pairing", b64(secret.public_key().bytes())},
              {"nonce", made.body["nonce"]},
              {"signature", b64(secret.sign(message))},
              {"device", description()}});
}

Reply TestClient::change_password(std::string_view present, std::string_view next) {
  const auto client = opaque::ClientLogin::start(as_bytes(present), entropy);
  const Reply started = ask("POST", "password/start", {{"ke1", b64(client->ke1().encode())}});
  if (started.status != 200) return started;
  const auto persona_text = started.body["persona"].get<std::string>();
  const std::string root_text = box.keys->root().to_string();
  const auto shown = client->finish(
      as_bytes(present), opaque::Ke2::parse(unb64(started.body["ke2"])).value(),
      {.client_identity = as_bytes(persona_text), .server_identity = as_bytes(root_text)}, cheap);
  const auto registration = opaque::ClientRegistration::start(as_bytes(next), entropy);
  const Reply verified = ask("POST", "password/verify",
                             {{"ke3", b64(shown ? shown->ke3.encode() : Bytes(64))},
                              {"registration_request", b64(registration->request().encode())}});
  if (verified.status != 200) return verified;
  const auto seed = identity::open_vault(shown->export_key.bytes(), unb64(verified.body["vault"]));
  return ask("POST", "password/finish",
             register_record(PersonaId::parse(persona_text).value(), next, seed.value().bytes(),
                             verified, *registration));
}

Reply TestClient::add_persona(std::string_view name, std::string_view password,
                              std::string_view role) {
  const auto theirs = crypto::Ed25519PrivateKey::generate(entropy);
  const PersonaId persona{theirs.public_key()};
  const auto client = opaque::ClientRegistration::start(as_bytes(password), entropy);
  const Reply started = ask("POST", "personas/start",
                            {{"persona", persona.to_string()},
                             {"registration_request", b64(client->request().encode())}});
  if (started.status != 200) return started;
  json body = register_record(persona, password, theirs.seed(), started, *client);
  body["name"] = name;
  body["display_name"] = "Somebody";
  body["role"] = role;
  return ask("POST", "personas/finish", body);
}

Reply TestClient::open_session(std::string_view host) {
  const Reply made = ask("POST", "nonce", json::object());
  identity::ProofNonce nonce;
  std::ranges::copy(unb64(made.body["nonce"]), nonce.begin());
  const Bytes message = identity::session_message(box.keys->root(), nonce, host);
  Reply reply = box.ask(caller, "POST", "session",
                        {{"device", id().to_string()},
                         {"nonce", made.body["nonce"]},
                         {"signature", b64(key.sign(message))}},
                        {{"Host", std::string{host}}});
  if (reply.status == 200) token = reply.body["token"].get<std::string>();
  return reply;
}

}  // namespace hearth::appliance
