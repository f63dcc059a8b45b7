#pragma once
// The recovery kit: the root's seed as 24 words (BIP 39's English list and checksum).

#include <array>
#include <span>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/secret.h>
#include <hearth/identity/error.h>

namespace hearth::identity {

inline constexpr std::size_t recovery_word_count = 24;
using RecoveryWords = std::array<std::string_view, recovery_word_count>;

/// The words are secret as the seed is; the views point into the list, for good.
[[nodiscard]] RecoveryWords recovery_words(std::span<const std::byte, 32> seed);

/// Of words in any case, separated by anything but letters. `malformed` (another number of words),
/// `unknown_word` or `bad_checksum` (a word is wrong or two have changed places).
[[nodiscard]] Result<crypto::Secret<32>, IdentityError> seed_from_words(std::string_view text);

}  // namespace hearth::identity
