#include "library.h"
#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/secret.h>

namespace hearth::crypto {

void wipe(MutableBytes bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

bool constant_time_equal(BytesView a, BytesView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace hearth::crypto
