#include "library.h"
#include <hearth/crypto/sha2.h>

namespace hearth::crypto {
namespace {

// The library's states are plain structs of integers; they live in our bytes.
crypto_hash_sha256_state* state256(std::array<std::byte, 104>& bytes) {
  static_assert(sizeof(crypto_hash_sha256_state) == 104 && alignof(crypto_hash_sha256_state) <= 8);
  return reinterpret_cast<crypto_hash_sha256_state*>(bytes.data());
}

crypto_hash_sha512_state* state512(std::array<std::byte, 208>& bytes) {
  static_assert(sizeof(crypto_hash_sha512_state) == 208 && alignof(crypto_hash_sha512_state) <= 8);
  return reinterpret_cast<crypto_hash_sha512_state*>(bytes.data());
}

}  // namespace

Sha256Digest sha256(BytesView data) {
  Sha256Digest digest;
  crypto_hash_sha256(raw(MutableBytes{digest}), raw(data), data.size());
  return digest;
}

Sha512Digest sha512(BytesView data) {
  Sha512Digest digest;
  crypto_hash_sha512(raw(MutableBytes{digest}), raw(data), data.size());
  return digest;
}

Sha256::Sha256() {
  crypto_hash_sha256_init(state256(state_));
}

void Sha256::update(BytesView data) {
  crypto_hash_sha256_update(state256(state_), raw(data), data.size());
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  crypto_hash_sha256_final(state256(state_), raw(MutableBytes{digest}));
  crypto_hash_sha256_init(state256(state_));
  return digest;
}

Sha512::Sha512() {
  crypto_hash_sha512_init(state512(state_));
}

void Sha512::update(BytesView data) {
  crypto_hash_sha512_update(state512(state_), raw(data), data.size());
}

Sha512Digest Sha512::finish() {
  Sha512Digest digest;
  crypto_hash_sha512_final(state512(state_), raw(MutableBytes{digest}));
  crypto_hash_sha512_init(state512(state_));
  return digest;
}

}  // namespace hearth::crypto
