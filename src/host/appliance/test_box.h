#pragma once
// An appliance for tests, with a clock and a disk that obey, and clients that speak to its API as
// browsers do: the client's side of OPAQUE, proofs and signatures.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <hearth/appliance/api.h>
#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/identity/statement.h>
#include <hearth/opaque/client.h>
#include <hearth/storage/memory_store.h>

namespace hearth::appliance {

struct Reply {
  int status = 0;
  nlohmann::json body;
  http::Headers headers;
  /// Of an error.
  [[nodiscard]] std::string code() const;
};

class TestBox {
 public:
  TestBox();
  /// In a directory and on a store that outlive it.
  TestBox(const std::filesystem::path& keys_directory, storage::Store& given);

  /// As after a restart: everything from keys and store again.
  void restart();
  Reply ask(const Caller& caller, std::string_view method, std::string_view path,
            const nlohmann::json& body = {}, const http::Headers& headers = {});

  /// Only where none was given.
  std::optional<TemporaryDirectory> directory;
  SeededEntropy entropy{1};
  storage::MemoryStore store;
  std::filesystem::path keys_directory;
  storage::Store* used_store = &store;
  NullLog log;
  Instant now{std::chrono::hours{1000}};
  std::int64_t wall_seconds = 1'790'000'000;
  void pass(Duration time);

  std::unique_ptr<Keys> keys;
  std::unique_ptr<Api> api;
  std::vector<identity::DeviceId> revoked;
  std::vector<std::string> changed;
  std::vector<std::string> codes;
  int rotations = 0;
  /// Every body that clients sent.
  std::string sent;
};

/// The cheapest stretching that there is: these tests are about the protocol.
inline constexpr crypto::Argon2idCost cheap{.memory_kib = 8, .iterations = 1};

/// A browser: a device key and, once it knows one, a persona.
class TestClient {
 public:
  /// Over libp2p; or, without a PeerId, on the loopback port.
  enum class Over : std::uint8_t { libp2p, loopback };
  TestClient(TestBox& box, int seed, Over over = Over::libp2p);

  Reply ask(std::string_view method, std::string_view path, const nlohmann::json& body = {});
  Reply set_up(std::string_view code, std::string_view name, std::string_view password);
  Reply log_in(std::string_view name, std::string_view password);
  Reply pair(const nlohmann::json& opened);
  Reply change_password(std::string_view present, std::string_view next);
  /// By an owner, for somebody else.
  Reply add_persona(std::string_view name, std::string_view password,
                    std::string_view role = "member");
  /// On the loopback port: proves the device and keeps the token for what follows.
  Reply open_session(std::string_view host = "home.hearth.localhost:8420");

  [[nodiscard]] nlohmann::json description() const;
  [[nodiscard]] identity::DeviceId id() const { return identity::DeviceId{key.public_key()}; }
  [[nodiscard]] std::string base_path() const { return "/api/v1/"; }

  TestBox& box;
  SeededEntropy entropy;
  crypto::Ed25519PrivateKey key;
  crypto::Ed25519PrivateKey persona_key;
  Caller caller;
  bool remember = true;
  std::string token;
  /// What a middleman would make the client believe it talks to.
  std::optional<peer::PeerId> believed_server;
  /// The export key of the last registration or login.
  Bytes export_key;

 private:
  /// OPAQUE's registration after its start: what goes into `finish`.
  nlohmann::json register_record(const identity::PersonaId& persona, std::string_view password,
                                 BytesView persona_seed, const Reply& started,
                                 const opaque::ClientRegistration& client);
};

[[nodiscard]] std::string b64(BytesView bytes);
[[nodiscard]] Bytes unb64(const nlohmann::json& text);

}  // namespace hearth::appliance
