#include <hearth/base/assert.h>
#include <hearth/codec/varint.h>

namespace hearth::codec {

std::size_t uvarint_size(std::uint64_t value) {
  HEARTH_ASSERT(value <= max_uvarint);
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void append_uvarint(Bytes& out, std::uint64_t value) {
  HEARTH_ASSERT(value <= max_uvarint);
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

Result<std::uint64_t, CodecError> read_uvarint(Reader& reader) {
  const BytesView input = reader.rest();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < max_uvarint_size; ++i) {
    if (i == input.size()) return Failure{CodecError::truncated};
    const auto byte = std::to_integer<std::uint64_t>(input[i]);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) return Failure{CodecError::not_minimal};
      (void)reader.bytes(i + 1);
      return value;
    }
  }
  return Failure{CodecError::too_large};
}

void append_length_prefixed(Bytes& out, BytesView bytes) {
  append_uvarint(out, bytes.size());
  append(out, bytes);
}

Result<BytesView, CodecError> read_length_prefixed(Reader& reader, std::size_t max_size) {
  Reader ahead = reader;
  HEARTH_TRY(const std::uint64_t size, read_uvarint(ahead));
  if (size > max_size) return Failure{CodecError::too_large};
  const auto body = ahead.bytes(static_cast<std::size_t>(size));
  if (!body) return Failure{CodecError::truncated};
  reader = ahead;
  return *body;
}

}  // namespace hearth::codec
