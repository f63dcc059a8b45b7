#include <utility>

#include "library.h"
#include <hearth/crypto/x25519.h>

namespace hearth::crypto {

X25519PrivateKey::X25519PrivateKey(Secret<32> secret) : secret_(std::move(secret)) {
  ensure_sodium();
  crypto_scalarmult_base(raw(MutableBytes{public_key_}), raw(BytesView{secret_.bytes()}));
}

X25519PrivateKey X25519PrivateKey::generate(Entropy& entropy) {
  return X25519PrivateKey{Secret<32>::generate(entropy)};
}

Result<X25519PrivateKey, KeyError> X25519PrivateKey::from_bytes(BytesView bytes) {
  if (bytes.size() != 32) return Failure{KeyError::wrong_size};
  return X25519PrivateKey{Secret<32>{bytes.first<32>()}};
}

X25519PrivateKey X25519PrivateKey::clone() const {
  return X25519PrivateKey{secret_.clone()};
}

Result<Secret<32>, KeyError> X25519PrivateKey::agree(BytesView peer) const {
  if (peer.size() != 32) return Failure{KeyError::wrong_size};
  Secret<32> shared;
  if (crypto_scalarmult(raw(MutableBytes{shared.mutable_bytes()}), raw(BytesView{secret_.bytes()}),
                        raw(peer)) != 0)
    return Failure{KeyError::weak_agreement};
  return shared;
}

}  // namespace hearth::crypto
