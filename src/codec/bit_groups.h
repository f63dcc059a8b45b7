#pragma once
// What base32 and base64 share: bytes cut into groups of 5 or 6 bits, each a letter.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

template <int Bits>
class BitGroups {
 public:
  /// `letters` has 2^Bits entries.
  constexpr explicit BitGroups(std::string_view letters) : letters_(letters) {
    values_.fill(none);
    for (std::size_t i = 0; i < letters.size(); ++i)
      values_[static_cast<unsigned char>(letters[i])] = static_cast<std::uint8_t>(i);
  }

  [[nodiscard]] std::string encode(BytesView bytes) const {
    std::string text;
    text.reserve((bytes.size() * 8 + Bits - 1) / Bits);
    std::uint32_t held = 0;
    int held_bits = 0;
    for (const std::byte byte : bytes) {
      held = (held << 8) | std::to_integer<std::uint32_t>(byte);
      for (held_bits += 8; held_bits >= Bits; held_bits -= Bits)
        text += letters_[(held >> (held_bits - Bits)) & mask];
    }
    if (held_bits > 0) text += letters_[(held << (Bits - held_bits)) & mask];
    return text;
  }

  [[nodiscard]] Result<Bytes, CodecError> decode(std::string_view text) const {
    // What is left over after the last whole byte must be less than a letter, or the letter is
    // idle.
    if (text.size() * Bits % 8 >= Bits) return Failure{CodecError::bad_length};
    Bytes bytes;
    bytes.reserve(text.size() * Bits / 8);
    std::uint32_t held = 0;
    int held_bits = 0;
    for (const char letter : text) {
      const std::uint8_t value = values_[static_cast<unsigned char>(letter)];
      if (value == none) return Failure{CodecError::bad_character};
      held = (held << Bits) | value;
      held_bits += Bits;
      if (held_bits >= 8) {
        held_bits -= 8;
        bytes.push_back(static_cast<std::byte>((held >> held_bits) & 0xff));
      }
    }
    if ((held & ((std::uint32_t{1} << held_bits) - 1)) != 0)
      return Failure{CodecError::not_minimal};
    return bytes;
  }

 private:
  static constexpr std::uint8_t none = 0xff;
  static constexpr std::uint32_t mask = (1U << Bits) - 1;

  std::string_view letters_;
  std::array<std::uint8_t, 256> values_{};
};

}  // namespace hearth::codec
