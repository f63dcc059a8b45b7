#pragma once
// Bytes: views, owned buffers, and a bounds-checked reader and writer.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>

namespace hearth {

using BytesView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Bytes = std::vector<std::byte>;

/// The bytes of a text, viewed. Borrowed: lives as long as the text.
[[nodiscard]] inline BytesView as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Bytes viewed as text. Says nothing about their encoding.
[[nodiscard]] inline std::string_view as_text(BytesView bytes) {
  // char may alias anything.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Bytes to_bytes(BytesView bytes) {
  return {bytes.begin(), bytes.end()};
}
[[nodiscard]] inline Bytes to_bytes(std::string_view text) {
  return to_bytes(as_bytes(text));
}
[[nodiscard]] inline std::string to_text(BytesView bytes) {
  return std::string{as_text(bytes)};
}

inline void append(Bytes& to, BytesView bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// Byte-wise equality. Not for secrets: see crypto/constant_time.h.
[[nodiscard]] bool equal(BytesView a, BytesView b);

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(BytesView bytes);
/// Both cases accepted; nothing when the length is odd or a digit is wrong.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// Whether `bytes` is well-formed UTF-8: no surrogates, no overlong forms, at most U+10FFFF.
[[nodiscard]] bool is_utf8(BytesView bytes);

enum class ReadError : std::uint8_t { truncated };

/// Reads from a view, front to back; every read is checked. A failed read consumes nothing.
class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes), size_(bytes.size()) {}

  [[nodiscard]] Result<std::uint8_t, ReadError> u8();
  [[nodiscard]] Result<std::uint16_t, ReadError> u16_be();
  [[nodiscard]] Result<std::uint32_t, ReadError> u32_be();
  [[nodiscard]] Result<std::uint64_t, ReadError> u64_be();
  /// A view into the input; no copy.
  [[nodiscard]] Result<BytesView, ReadError> bytes(std::size_t count);

  [[nodiscard]] BytesView rest() const { return rest_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  [[nodiscard]] std::size_t position() const { return size_ - rest_.size(); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  template <class T>
  Result<T, ReadError> big_endian();

  BytesView rest_;
  std::size_t size_;
};

/// Appends to an owned buffer. For fixed output buffers write into a MutableBytes by hand.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(std::byte{value}); }
  void u16_be(std::uint16_t value) { big_endian(value, 2); }
  void u32_be(std::uint32_t value) { big_endian(value, 4); }
  void u64_be(std::uint64_t value) { big_endian(value, 8); }
  void bytes(BytesView bytes) { append(out_, bytes); }
  void text(std::string_view text) { append(out_, as_bytes(text)); }

 private:
  void big_endian(std::uint64_t value, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::byte>((value >> shift) & 0xff));
  }

  Bytes& out_;
};

}  // namespace hearth
