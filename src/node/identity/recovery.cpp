#include <algorithm>
#include <cstdint>

#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/sha2.h>
#include <hearth/identity/recovery.h>

namespace hearth::identity {
namespace {

constexpr std::array<std::string_view, 2048> word_list{
#include "english_words.inc"
};
static_assert(std::ranges::is_sorted(word_list));

constexpr std::size_t bits_per_word = 11;
constexpr std::size_t longest_word = 8;

/// Seed and checksum, 33 bytes: 24 words of 11 bits.
crypto::Secret<33> with_checksum(std::span<const std::byte, 32> seed) {
  crypto::Secret<33> bits;
  std::ranges::copy(seed, bits.mutable_bytes().begin());
  bits.mutable_bytes()[32] = crypto::sha256(seed)[0];
  return bits;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Takes the next word off `text`, lower-cased into `buffer`; empty at the end or when too long.
std::string_view next_word(std::string_view& text, std::array<char, longest_word>& buffer) {
  while (!text.empty() && !is_letter(text.front())) text.remove_prefix(1);
  std::size_t size = 0;
  for (; !text.empty() && is_letter(text.front()); text.remove_prefix(1)) {
    if (size == buffer.size()) return {};
    const char c = text.front();
    buffer[size++] = c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return {buffer.data(), size};
}

}  // namespace

RecoveryWords recovery_words(std::span<const std::byte, 32> seed) {
  const auto secret = with_checksum(seed);
  const auto bits = secret.bytes();
  RecoveryWords words;
  std::size_t at = 0;
  for (std::string_view& word : words) {
    std::size_t index = 0;
    for (std::size_t i = 0; i < bits_per_word; ++i, ++at)
      index = index << 1 | (std::to_integer<std::size_t>(bits[at / 8]) >> (7 - at % 8) & 1);
    word = word_list[index];
  }
  return words;
}

Result<crypto::Secret<32>, IdentityError> seed_from_words(std::string_view text) {
  crypto::Secret<33> secret;
  const auto bits = secret.mutable_bytes();
  std::array<char, longest_word> buffer{};
  std::size_t at = 0;
  for (std::size_t count = 0; count < recovery_word_count; ++count) {
    const bool more = std::ranges::any_of(text, is_letter);
    if (!more) return Failure{IdentityError::malformed};
    const std::string_view word = next_word(text, buffer);
    const auto found = std::ranges::lower_bound(word_list, word);
    if (found == word_list.end() || *found != word) return Failure{IdentityError::unknown_word};
    const auto index = static_cast<std::size_t>(found - word_list.begin());
    for (std::size_t i = 0; i < bits_per_word; ++i, ++at)
      if (index >> (bits_per_word - 1 - i) & 1) bits[at / 8] |= std::byte(0x80 >> (at % 8));
  }
  crypto::wipe(std::as_writable_bytes(std::span{buffer}));
  if (std::ranges::any_of(text, is_letter)) return Failure{IdentityError::malformed};
  crypto::Secret<32> seed{secret.bytes().first<32>()};
  if (!crypto::constant_time_equal(with_checksum(seed.bytes()).bytes(), secret.bytes()))
    return Failure{IdentityError::bad_checksum};
  return seed;
}

}  // namespace hearth::identity
