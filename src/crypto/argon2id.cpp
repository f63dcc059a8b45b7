#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/argon2id.h>

namespace hearth::crypto {

Result<Bytes, Argon2idError> argon2id(BytesView password, std::span<const std::byte, 16> salt,
                                      Argon2idCost cost, std::size_t size) {
  ensure_sodium();
  HEARTH_ASSERT(size >= 16 && size <= 1024);
  if (cost.memory_kib < 8 || cost.memory_kib > 4'194'303 || cost.iterations < 1 ||
      cost.iterations > 1'000)
    return Failure{Argon2idError::cost_out_of_range};
  Bytes out(size);
  if (crypto_pwhash(raw(MutableBytes{out}), size, reinterpret_cast<const char*>(raw(password)),
                    password.size(), raw(salt), cost.iterations,
                    std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Failure{Argon2idError::no_memory};
  return out;
}

}  // namespace hearth::crypto
