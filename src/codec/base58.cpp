#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/codec/base58.h>

namespace hearth::codec {
namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// A big number, least significant digit first, times `factor` plus `summand`.
void multiply_add(std::vector<std::uint8_t>& digits, std::uint32_t base, std::uint32_t factor,
                  std::uint32_t summand) {
  std::uint32_t carry = summand;
  for (std::uint8_t& digit : digits) {
    carry += digit * factor;
    digit = static_cast<std::uint8_t>(carry % base);
    carry /= base;
  }
  for (; carry > 0; carry /= base) digits.push_back(static_cast<std::uint8_t>(carry % base));
}

}  // namespace

std::string base58_encode(BytesView bytes) {
  HEARTH_ASSERT(bytes.size() <= 128);
  std::size_t zeros = 0;
  while (zeros < bytes.size() && bytes[zeros] == std::byte{0}) ++zeros;
  std::vector<std::uint8_t> digits;
  for (const std::byte byte : bytes.subspan(zeros))
    multiply_add(digits, 58, 256, std::to_integer<std::uint32_t>(byte));
  std::string text(zeros, alphabet[0]);
  std::for_each(digits.rbegin(), digits.rend(),
                [&](std::uint8_t digit) { text += alphabet[digit]; });
  return text;
}

Result<Bytes, CodecError> base58_decode(std::string_view text) {
  if (text.size() > max_base58_text) return Failure{CodecError::too_large};
  std::size_t zeros = 0;
  while (zeros < text.size() && text[zeros] == alphabet[0]) ++zeros;
  std::vector<std::uint8_t> digits;
  for (const char letter : text.substr(zeros)) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return Failure{CodecError::bad_character};
    multiply_add(digits, 256, 58, static_cast<std::uint32_t>(value));
  }
  Bytes bytes(zeros);
  bytes.reserve(zeros + digits.size());
  std::for_each(digits.rbegin(), digits.rend(),
                [&](std::uint8_t digit) { bytes.push_back(std::byte{digit}); });
  return bytes;
}

}  // namespace hearth::codec
