#pragma once
// Ed25519 signatures (RFC 8032) under one strict rule, the same everywhere in this project.
//
// A public key is the canonical encoding of a point in the prime-order group: encodings that are
// not reduced, points of small order and points with a small-order part are refused when the key is
// made. A signature's S is below the group order, its R is the canonical encoding that
// verification recomputes (no cofactor). So a message, a key and a signature are either valid for
// all or for nobody, and no second signature can be made out of a first.

#include <array>
#include <compare>
#include <cstddef>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/key_error.h>
#include <hearth/crypto/secret.h>

namespace hearth::crypto {

using Ed25519Signature = std::array<std::byte, 64>;

class Ed25519PublicKey {
 public:
  static constexpr std::size_t size = 32;

  /// `wrong_size` or `invalid_point`.
  [[nodiscard]] static Result<Ed25519PublicKey, KeyError> create(BytesView bytes);
  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView bytes() const { return bytes_; }
  /// False for a signature of another length, too.
  [[nodiscard]] bool verify(BytesView message, BytesView signature) const;

  friend auto operator<=>(const Ed25519PublicKey&, const Ed25519PublicKey&) = default;

 private:
  friend class Ed25519PrivateKey;
  Ed25519PublicKey() = default;
  std::array<std::byte, size> bytes_{};
};

/// Move-only and wiped. The seed is the private key of RFC 8032 §5.1.5.
class Ed25519PrivateKey {
 public:
  static constexpr std::size_t seed_size = 32;

  /// `wrong_size` alone.
  [[nodiscard]] static Result<Ed25519PrivateKey, KeyError> from_seed(BytesView seed);
  [[nodiscard]] static Ed25519PrivateKey generate(Entropy& entropy);
  [[nodiscard]] Ed25519PrivateKey clone() const;

  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView seed() const { return BytesView{secret_.bytes()}.first(seed_size); }
  [[nodiscard]] const Ed25519PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Ed25519Signature sign(BytesView message) const;

 private:
  Ed25519PrivateKey() = default;
  Secret<64> secret_;  // seed, then public key, as the library wants it
  Ed25519PublicKey public_key_;
};

}  // namespace hearth::crypto
