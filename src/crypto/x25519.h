#pragma once
// X25519 key agreement (RFC 7748).

#include <array>
#include <cstddef>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/key_error.h>
#include <hearth/crypto/secret.h>

namespace hearth::crypto {

using X25519PublicKey = std::array<std::byte, 32>;

/// Move-only and wiped.
class X25519PrivateKey {
 public:
  [[nodiscard]] static X25519PrivateKey generate(Entropy& entropy);
  /// 32 bytes, clamped where used; `wrong_size` alone.
  [[nodiscard]] static Result<X25519PrivateKey, KeyError> from_bytes(BytesView bytes);
  [[nodiscard]] X25519PrivateKey clone() const;

  [[nodiscard]] const X25519PublicKey& public_key() const { return public_key_; }
  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView bytes() const { return secret_.bytes(); }
  /// The shared secret with the peer's 32 bytes; `wrong_size` or `weak_agreement`.
  [[nodiscard]] Result<Secret<32>, KeyError> agree(BytesView peer) const;

 private:
  explicit X25519PrivateKey(Secret<32> secret);
  Secret<32> secret_;
  X25519PublicKey public_key_{};
};

}  // namespace hearth::crypto
