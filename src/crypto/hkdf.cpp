#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/crypto/hmac.h>
#include <hearth/crypto/secret.h>

namespace hearth::crypto {
namespace {

/// RFC 5869 §2.3.
template <class Digest, class Hmac>
Bytes expand(Hmac hmac, BytesView info, std::size_t size) {
  HEARTH_ASSERT(size <= 255 * std::tuple_size_v<Digest>);
  Bytes okm;
  okm.reserve(size);
  Digest block;
  BytesView previous;
  for (std::byte counter{1}; okm.size() < size;
       counter = std::byte(std::to_integer<int>(counter) + 1)) {
    block = hmac({previous, info, BytesView{&counter, 1}});
    previous = block;
    append(okm, previous.first(std::min(block.size(), size - okm.size())));
  }
  wipe(block);
  return okm;
}

}  // namespace

Sha256Digest hkdf_sha256_extract(BytesView salt, BytesView ikm) {
  return hmac_sha256(salt, ikm);
}

Bytes hkdf_sha256_expand(BytesView prk, BytesView info, std::size_t size) {
  const auto hmac = [prk](std::initializer_list<BytesView> parts) {
    return hmac_sha256(prk, parts);
  };
  return expand<Sha256Digest>(hmac, info, size);
}

Sha512Digest hkdf_sha512_extract(BytesView salt, BytesView ikm) {
  return hmac_sha512(salt, ikm);
}

Bytes hkdf_sha512_expand(BytesView prk, BytesView info, std::size_t size) {
  const auto hmac = [prk](std::initializer_list<BytesView> parts) {
    return hmac_sha512(prk, parts);
  };
  return expand<Sha512Digest>(hmac, info, size);
}

}  // namespace hearth::crypto
