#include <algorithm>
#include <array>
#include <climits>

#include <openssl/evp.h>

#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/chacha20_poly1305.h>

// OpenSSL's code for this cipher is several times as fast as libsodium's, and every byte of every
// connection passes through it.

namespace hearth::crypto {
namespace {

void update(evp_cipher_ctx_st* context, unsigned char* out, BytesView in) {
  HEARTH_ASSERT(in.size() <= INT_MAX);
  int written = 0;
  HEARTH_ASSERT(EVP_CipherUpdate(context, out, &written, raw(in), static_cast<int>(in.size())) ==
                1);
}

/// Starts the next message under `nonce`.
void start(evp_cipher_ctx_st* context, ChaCha20Poly1305::Nonce nonce, BytesView ad) {
  HEARTH_ASSERT(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, raw(nonce), -1) == 1);
  if (!ad.empty()) update(context, nullptr, ad);
}

}  // namespace

void ChaCha20Poly1305::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

ChaCha20Poly1305::ChaCha20Poly1305(BytesView key) {
  HEARTH_ASSERT(key.size() == key_size);
  key_ = Secret<key_size>{key.first<key_size>()};
}

ChaCha20Poly1305::Context ChaCha20Poly1305::make(int encrypt) const {
  Context context{EVP_CIPHER_CTX_new()};
  HEARTH_ASSERT(context != nullptr);
  HEARTH_ASSERT(EVP_CipherInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr,
                                  raw(BytesView{key_.bytes()}), nullptr, encrypt) == 1);
  return context;
}

void ChaCha20Poly1305::seal(Nonce nonce, BytesView ad, BytesView plaintext, MutableBytes out) {
  HEARTH_ASSERT(out.size() == plaintext.size() + tag_size);
  if (!seal_) seal_ = make(1);
  start(seal_.get(), nonce, ad);
  if (!plaintext.empty()) update(seal_.get(), raw(out), plaintext);
  const MutableBytes tag = out.last(tag_size);
  int written = 0;
  HEARTH_ASSERT(EVP_CipherFinal_ex(seal_.get(), raw(tag), &written) == 1);
  HEARTH_ASSERT(EVP_CIPHER_CTX_ctrl(seal_.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, raw(tag)) == 1);
}

bool ChaCha20Poly1305::open(Nonce nonce, BytesView ad, BytesView ciphertext, MutableBytes out) {
  if (ciphertext.size() < tag_size) return false;
  HEARTH_ASSERT(out.size() == ciphertext.size() - tag_size);
  if (!open_) open_ = make(0);
  // Copied: the library wants a pointer to mutable bytes, and the caller's may be overwritten
  // below.
  std::array<std::byte, tag_size> tag;
  std::ranges::copy(ciphertext.last(tag_size), tag.begin());
  start(open_.get(), nonce, ad);
  if (!out.empty()) update(open_.get(), raw(out), ciphertext.first(out.size()));
  HEARTH_ASSERT(EVP_CIPHER_CTX_ctrl(open_.get(), EVP_CTRL_AEAD_SET_TAG, tag_size,
                                    raw(MutableBytes{tag})) == 1);
  int written = 0;
  std::byte unused{};
  if (EVP_CipherFinal_ex(open_.get(), raw(MutableBytes{&unused, 1}), &written) == 1) return true;
  wipe(out);
  return false;
}

}  // namespace hearth::crypto
