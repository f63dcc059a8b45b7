#pragma once
// Open pairings: each lets one new device in, once, for ten minutes.
//
// The secret is an Ed25519 seed that goes into a link and never comes back; here is its public key.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/id.h>

namespace hearth::access {

struct Pairing {
  crypto::Ed25519PublicKey key;
  identity::PersonaId persona;
  identity::DeviceId made_by;
  std::uint64_t expires = 0;  ///< seconds since 1970, for showing
  std::string device_name;    ///< as proposed by whoever made it; may be empty
};

enum class PairingError : std::uint8_t { not_found, expired, used, too_many };

class Pairings {
 public:
  static constexpr Duration lifetime = std::chrono::minutes{10};
  /// How long a used or expired one is remembered, so that the reason can be told.
  static constexpr Duration remembered = std::chrono::hours{1};
  static constexpr std::size_t max_open_of_persona = 16;
  static constexpr std::size_t max_in_all = 1024;

  /// `too_many` open ones of this persona.
  [[nodiscard]] Result<Unit, PairingError> open(Pairing pairing, Instant now);
  /// Looks without using. `not_found`, `expired` or `used`.
  [[nodiscard]] Result<const Pairing*, PairingError> find(const crypto::Ed25519PublicKey& key,
                                                          Instant now) const;
  /// From now on it is used. Call it once find() has found it.
  void use(const crypto::Ed25519PublicKey& key);
  /// `not_found` unless it is open and this persona's.
  [[nodiscard]] Result<Unit, PairingError> close(const crypto::Ed25519PublicKey& key,
                                                 const identity::PersonaId& persona, Instant now);
  /// Soonest to expire first.
  [[nodiscard]] std::vector<const Pairing*> open_of(const identity::PersonaId& persona,
                                                    Instant now) const;
  /// Whatever a device or persona that goes away has opened goes with it.
  void close_made_by(const identity::DeviceId& device);
  void close_all_of(const identity::PersonaId& persona);

 private:
  struct Entry {
    Pairing pairing;
    Instant expires;
    bool used = false;
  };
  void forget_old(Instant now);

  std::map<crypto::Ed25519PublicKey, Entry> entries_;
};

}  // namespace hearth::access
