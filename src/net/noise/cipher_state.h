#pragma once
// The transport phase of Noise: one direction's key and counter.

#include <cstddef>
#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/crypto/chacha20_poly1305.h>

namespace hearth::noise {

inline constexpr std::size_t tag_size = crypto::ChaCha20Poly1305::tag_size;
/// A frame on the wire is a length (2 bytes, big endian) and at most this many bytes.
inline constexpr std::size_t max_frame = 65535;
inline constexpr std::size_t length_size = 2;
/// The plaintext that fits one frame.
inline constexpr std::size_t max_plaintext = max_frame - tag_size;

/// CipherState of the Noise specification, for ChaChaPoly. Move-only; the key is wiped.
class CipherState {
 public:
  /// `key` is 32 bytes.
  explicit CipherState(BytesView key) : cipher_(key) {}

  /// Writes plaintext.size() + 16 bytes to `out`, which may begin where `plaintext` does.
  void seal(BytesView plaintext, MutableBytes out) { seal({}, plaintext, out); }
  void seal(BytesView ad, BytesView plaintext, MutableBytes out);
  /// Writes ciphertext.size() - 16 bytes to `out`, which may begin where `ciphertext` does. False
  /// when it was altered, repeated or left out: no frame after that can be read either.
  [[nodiscard]] bool open(BytesView ciphertext, MutableBytes out) {
    return open({}, ciphertext, out);
  }
  [[nodiscard]] bool open(BytesView ad, BytesView ciphertext, MutableBytes out);

 private:
  crypto::ChaCha20Poly1305 cipher_;
  std::uint64_t counter_ = 0;
};

}  // namespace hearth::noise
