#include <openssl/evp.h>

#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/sha1.h>

namespace hearth::crypto {

Sha1Digest sha1(BytesView data) {
  Sha1Digest digest;
  unsigned int size = 0;
  HEARTH_ASSERT(EVP_Digest(raw(data), data.size(), raw(MutableBytes{digest}), &size, EVP_sha1(),
                           nullptr) == 1 &&
                size == digest.size());
  return digest;
}

}  // namespace hearth::crypto
