#include "sha256.h"

// OpenSSL 3 would have us go through EVP, whose providers make a static program five times its
// size.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <new>

#include <openssl/sha.h>

namespace hearth::files {

static_assert(sizeof(SHA256_CTX) <= 128);

Sha256::Sha256() {
  SHA256_Init(new (state_.data()) SHA256_CTX);
}

void Sha256::update(BytesView bytes) {
  SHA256_Update(std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())), bytes.data(),
                bytes.size());
}

std::array<std::byte, 32> Sha256::digest() const {
  SHA256_CTX copy = *std::launder(reinterpret_cast<const SHA256_CTX*>(state_.data()));
  std::array<std::byte, 32> result;
  SHA256_Final(reinterpret_cast<unsigned char*>(result.data()), &copy);
  return result;
}

}  // namespace hearth::files
