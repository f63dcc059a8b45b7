#include <algorithm>

#include <hearth/base/bytes.h>

namespace hearth {

bool equal(BytesView a, BytesView b) {
  return std::ranges::equal(a, b);
}

std::string to_hex(BytesView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    text.push_back(digits[value >> 4]);
    text.push_back(digits[value & 15]);
  }
  return text;
}

namespace {
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

bool is_utf8(BytesView bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto lead = std::to_integer<std::uint32_t>(bytes[i]);
    std::size_t length = 1;
    std::uint32_t point = lead;
    std::uint32_t lowest = 0;
    if (lead >= 0x80) {
      if ((lead & 0xe0) == 0xc0) {
        length = 2, point = lead & 0x1f, lowest = 0x80;
      } else if ((lead & 0xf0) == 0xe0) {
        length = 3, point = lead & 0x0f, lowest = 0x800;
      } else if ((lead & 0xf8) == 0xf0) {
        length = 4, point = lead & 0x07, lowest = 0x10000;
      } else {
        return false;
      }
    }
    if (bytes.size() - i < length) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = std::to_integer<std::uint32_t>(bytes[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = (point << 6) | (next & 0x3f);
    }
    if (point < lowest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

template <class T>
Result<T, ReadError> Reader::big_endian() {
  if (rest_.size() < sizeof(T)) return Failure{ReadError::truncated};
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) |
                           std::to_integer<std::uint64_t>(rest_[i]));
  rest_ = rest_.subspan(sizeof(T));
  return value;
}

Result<std::uint8_t, ReadError> Reader::u8() {
  return big_endian<std::uint8_t>();
}
Result<std::uint16_t, ReadError> Reader::u16_be() {
  return big_endian<std::uint16_t>();
}
Result<std::uint32_t, ReadError> Reader::u32_be() {
  return big_endian<std::uint32_t>();
}
Result<std::uint64_t, ReadError> Reader::u64_be() {
  return big_endian<std::uint64_t>();
}

Result<BytesView, ReadError> Reader::bytes(std::size_t count) {
  if (rest_.size() < count) return Failure{ReadError::truncated};
  const BytesView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

}  // namespace hearth
