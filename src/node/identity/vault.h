#pragma once
// The vault: a persona's seed as it lies on an appliance, which can't open it.

#include <optional>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/crypto/secret.h>

namespace hearth::identity {

/// Nonce 24, sealed seed 32, tag 16.
inline constexpr std::size_t vault_size = 72;

/// `export_key` is OPAQUE's: whoever knows the password has it, after a login.
[[nodiscard]] Bytes seal_vault(std::span<const std::byte, 64> export_key,
                               std::span<const std::byte, 32> persona_seed, Entropy& entropy);
/// Nothing when it was sealed under another key or touched.
[[nodiscard]] std::optional<crypto::Secret<32>> open_vault(
    std::span<const std::byte, 64> export_key, BytesView vault);

}  // namespace hearth::identity
