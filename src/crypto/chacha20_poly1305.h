#pragma once
// ChaCha20-Poly1305 (RFC 8439), for bulk: one key, many messages, no allocation per message.

#include <cstddef>
#include <memory>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/crypto/secret.h>

struct evp_cipher_ctx_st;

namespace hearth::crypto {

/// Move-only. The caller sees to it that a nonce is never used twice to seal under one key.
class ChaCha20Poly1305 {
 public:
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t nonce_size = 12;
  static constexpr std::size_t tag_size = 16;
  using Nonce = std::span<const std::byte, nonce_size>;

  /// `key` is exactly 32 bytes.
  explicit ChaCha20Poly1305(BytesView key);

  /// Writes ciphertext and tag to `out`, exactly plaintext.size() + 16 bytes. `out` may begin where
  /// `plaintext` does; otherwise the two don't overlap.
  void seal(Nonce nonce, BytesView ad, BytesView plaintext, MutableBytes out);

  /// Writes the plaintext to `out`, exactly ciphertext.size() - 16 bytes. `out` may begin where
  /// `ciphertext` does; otherwise the two don't overlap. False, and `out` wiped, when the tag is
  /// wrong; false when `ciphertext` is shorter than a tag.
  [[nodiscard]] bool open(Nonce nonce, BytesView ad, BytesView ciphertext, MutableBytes out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  Context make(int encrypt) const;

  Secret<key_size> key_;
  Context seal_;  // each made at its first use: most keys serve one direction
  Context open_;
};

}  // namespace hearth::crypto
