#include <algorithm>

#include "library.h"
#include <hearth/crypto/ed25519.h>

namespace hearth::crypto {

Result<Ed25519PublicKey, KeyError> Ed25519PublicKey::create(BytesView bytes) {
  ensure_sodium();
  if (bytes.size() != size) return Failure{KeyError::wrong_size};
  if (crypto_core_ed25519_is_valid_point(raw(bytes)) != 1) return Failure{KeyError::invalid_point};
  Ed25519PublicKey key;
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

bool Ed25519PublicKey::verify(BytesView message, BytesView signature) const {
  ensure_sodium();
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(raw(signature), raw(message), message.size(),
                                     raw(BytesView{bytes_})) == 0;
}

Result<Ed25519PrivateKey, KeyError> Ed25519PrivateKey::from_seed(BytesView seed) {
  ensure_sodium();
  if (seed.size() != seed_size) return Failure{KeyError::wrong_size};
  Ed25519PrivateKey key;
  crypto_sign_seed_keypair(raw(MutableBytes{key.public_key_.bytes_}),
                           raw(MutableBytes{key.secret_.mutable_bytes()}), raw(seed));
  return key;
}

Ed25519PrivateKey Ed25519PrivateKey::generate(Entropy& entropy) {
  const auto seed = Secret<seed_size>::generate(entropy);
  return *from_seed(seed.bytes());
}

Ed25519PrivateKey Ed25519PrivateKey::clone() const {
  Ed25519PrivateKey key;
  key.secret_ = secret_.clone();
  key.public_key_ = public_key_;
  return key;
}

Ed25519Signature Ed25519PrivateKey::sign(BytesView message) const {
  Ed25519Signature signature;
  crypto_sign_detached(raw(MutableBytes{signature}), nullptr, raw(message), message.size(),
                       raw(BytesView{secret_.bytes()}));
  return signature;
}

}  // namespace hearth::crypto
