#pragma once
// Bearer tokens of the loopback port, which knows no PeerIds. In memory only.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/crypto/sha2.h>
#include <hearth/identity/id.h>

namespace hearth::access {

class Sessions {
 public:
  static constexpr Duration lifetime = std::chrono::hours{12};
  static constexpr std::size_t max_of_device = 16;
  static constexpr std::size_t max_in_all = 1024;

  /// A new token: 32 bytes as base64url. The device's oldest goes when it has too many.
  [[nodiscard]] std::string open(const identity::DeviceId& device, Entropy& entropy, Instant now);
  /// Whose token this is; nothing when nobody's or expired.
  [[nodiscard]] std::optional<identity::DeviceId> device(std::string_view token, Instant now) const;
  /// All of a device's, at once.
  void close(const identity::DeviceId& device);

 private:
  struct Entry {
    identity::DeviceId device;
    Instant expires;
  };
  // Under its hash, so that looking one up takes no time that depends on a secret.
  std::map<crypto::Sha256Digest, Entry> entries_;
};

}  // namespace hearth::access
