#include <array>

#include <hearth/noise/cipher_state.h>

namespace hearth::noise {
namespace {

// Four zero bytes, then the counter, little endian (Noise §12.3).
std::array<std::byte, crypto::ChaCha20Poly1305::nonce_size> nonce(std::uint64_t counter) {
  std::array<std::byte, crypto::ChaCha20Poly1305::nonce_size> bytes{};
  for (std::size_t i = 0; i < 8; ++i)
    bytes[4 + i] = static_cast<std::byte>((counter >> (8 * i)) & 0xff);
  return bytes;
}

}  // namespace

// The counter cannot wrap: 2^64 frames of one byte would take centuries.
void CipherState::seal(BytesView ad, BytesView plaintext, MutableBytes out) {
  cipher_.seal(nonce(counter_++), ad, plaintext, out);
}

bool CipherState::open(BytesView ad, BytesView ciphertext, MutableBytes out) {
  if (!cipher_.open(nonce(counter_), ad, ciphertext, out)) return false;
  ++counter_;
  return true;
}

}  // namespace hearth::noise
