#include <algorithm>

#include "library.h"
#include <hearth/crypto/ed25519.h>

namespace hearth::crypto {

namespace {

// Keys found valid of late. The same peers come again, and looking at a point costs more than a
// signature's check: it is multiplied by the group's order. Whoever fills this with his own keys
// has paid for each.
class ValidKeys {
 public:
  using Key = std::array<std::byte, Ed25519PublicKey::size>;
  // A place is empty while it holds a key that belongs into another.
  constexpr ValidKeys() { keys_[0][0] = std::byte{1}; }
  [[nodiscard]] bool contain(const Key& key) const { return place(key) == key; }
  void add(const Key& key) { keys_[index(key)] = key; }

 private:
  static std::size_t index(const Key& key) { return std::to_integer<std::size_t>(key[0]); }
  [[nodiscard]] const Key& place(const Key& key) const { return keys_[index(key)]; }
  std::array<Key, 256> keys_{};
};

// NOLINTNEXTLINE: what it knows changes no answer.
constinit thread_local ValidKeys valid_keys;

}  // namespace

Result<Ed25519PublicKey, KeyError> Ed25519PublicKey::create(BytesView bytes) {
  ensure_sodium();
  if (bytes.size() != size) return Failure{KeyError::wrong_size};
  Ed25519PublicKey key;
  std::ranges::copy(bytes, key.bytes_.begin());
  if (valid_keys.contain(key.bytes_)) return key;
  if (crypto_core_ed25519_is_valid_point(raw(bytes)) != 1) return Failure{KeyError::invalid_point};
  valid_keys.add(key.bytes_);
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
