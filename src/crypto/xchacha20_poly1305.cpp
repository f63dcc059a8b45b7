#include "library.h"
#include <hearth/crypto/xchacha20_poly1305.h>

namespace hearth::crypto {

Bytes xchacha20_poly1305_seal(XChaChaKey key, XChaChaNonce nonce, BytesView ad,
                              BytesView plaintext) {
  ensure_sodium();
  Bytes out(plaintext.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(MutableBytes{out}), nullptr, raw(plaintext),
                                             plaintext.size(), raw(ad), ad.size(), nullptr,
                                             raw(nonce), raw(key));
  return out;
}

std::optional<Bytes> xchacha20_poly1305_open(XChaChaKey key, XChaChaNonce nonce, BytesView ad,
                                             BytesView ciphertext) {
  ensure_sodium();
  if (ciphertext.size() < crypto_aead_xchacha20poly1305_ietf_ABYTES) return std::nullopt;
  Bytes out(ciphertext.size() - crypto_aead_xchacha20poly1305_ietf_ABYTES);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(raw(MutableBytes{out}), nullptr, nullptr,
                                                 raw(ciphertext), ciphertext.size(), raw(ad),
                                                 ad.size(), raw(nonce), raw(key)) != 0)
    return std::nullopt;
  return out;
}

Bytes xchacha20_poly1305_seal(XChaChaKey key, Entropy& entropy, BytesView ad, BytesView plaintext) {
  const auto nonce = entropy.array<24>();
  Bytes box = to_bytes(nonce);
  append(box, xchacha20_poly1305_seal(key, nonce, ad, plaintext));
  return box;
}

std::optional<Bytes> xchacha20_poly1305_open(XChaChaKey key, BytesView ad, BytesView box) {
  if (box.size() < 24) return std::nullopt;
  return xchacha20_poly1305_open(key, box.first<24>(), ad, box.subspan(24));
}

}  // namespace hearth::crypto
