#include <climits>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/hmac.h>

namespace hearth::crypto {

Sha1Digest hmac_sha1(BytesView key, BytesView data) {
  HEARTH_ASSERT(key.size() <= INT_MAX);
  Sha1Digest digest;
  // raw() is never null: a null key would mean "the key of last time".
  const auto* result = HMAC(EVP_sha1(), raw(key), static_cast<int>(key.size()), raw(data),
                            data.size(), raw(MutableBytes{digest}), nullptr);
  HEARTH_ASSERT(result != nullptr);
  return digest;
}

Sha256Digest hmac_sha256(BytesView key, std::initializer_list<BytesView> parts) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key), key.size());
  for (const BytesView part : parts) crypto_auth_hmacsha256_update(&state, raw(part), part.size());
  Sha256Digest digest;
  crypto_auth_hmacsha256_final(&state, raw(MutableBytes{digest}));
  sodium_memzero(&state, sizeof state);
  return digest;
}

Sha512Digest hmac_sha512(BytesView key, std::initializer_list<BytesView> parts) {
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, raw(key), key.size());
  for (const BytesView part : parts) crypto_auth_hmacsha512_update(&state, raw(part), part.size());
  Sha512Digest digest;
  crypto_auth_hmacsha512_final(&state, raw(MutableBytes{digest}));
  sodium_memzero(&state, sizeof state);
  return digest;
}

Sha256Digest hmac_sha256(BytesView key, BytesView data) {
  return hmac_sha256(key, {data});
}

Sha512Digest hmac_sha512(BytesView key, BytesView data) {
  return hmac_sha512(key, {data});
}

}  // namespace hearth::crypto
