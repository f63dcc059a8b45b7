#pragma once
// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): small things at rest, under random nonces.

#include <cstddef>
#include <optional>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>

namespace hearth::crypto {

using XChaChaKey = std::span<const std::byte, 32>;
using XChaChaNonce = std::span<const std::byte, 24>;

/// Ciphertext and tag: plaintext.size() + 16 bytes.
[[nodiscard]] Bytes xchacha20_poly1305_seal(XChaChaKey key, XChaChaNonce nonce, BytesView ad,
                                            BytesView plaintext);
/// Nothing when the tag is wrong or missing.
[[nodiscard]] std::optional<Bytes> xchacha20_poly1305_open(XChaChaKey key, XChaChaNonce nonce,
                                                           BytesView ad, BytesView ciphertext);

/// A box with its random nonce in front: 24 bytes, ciphertext, 16 bytes.
[[nodiscard]] Bytes xchacha20_poly1305_seal(XChaChaKey key, Entropy& entropy, BytesView ad,
                                            BytesView plaintext);
[[nodiscard]] std::optional<Bytes> xchacha20_poly1305_open(XChaChaKey key, BytesView ad,
                                                           BytesView box);

}  // namespace hearth::crypto
