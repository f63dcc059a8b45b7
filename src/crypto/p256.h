#pragma once
// ECDSA over P-256 with SHA-256 (FIPS 186-5), verification only: for what others sign. Our own keys
// are Ed25519.

#include <memory>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/key_error.h>

struct evp_pkey_st;

namespace hearth::crypto {

class P256PublicKey {
 public:
  static constexpr std::size_t coordinate_size = 32;
  static constexpr std::size_t signature_size = 64;

  /// From the coordinates, big endian, 32 bytes each. Fails for a point that is not on the curve.
  [[nodiscard]] static Result<P256PublicKey, KeyError> create(BytesView x, BytesView y);

  /// `signature` is r and s, big endian, 32 bytes each. False for any other size.
  [[nodiscard]] bool verify(BytesView message, BytesView signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  explicit P256PublicKey(Handle key) : key_(std::move(key)) {}

  Handle key_;
};

}  // namespace hearth::crypto
