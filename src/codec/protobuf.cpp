#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>

namespace hearth::codec {
namespace {

constexpr std::uint32_t max_field_number = (1U << 29) - 1;

// Protobuf's varints differ from multiformats': 10 bytes, all 64 bits, and need not be minimal.
void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

Result<std::uint64_t, CodecError> read_varint(Reader& reader) {
  std::uint64_t value = 0;
  for (int i = 0; i < 10; ++i) {
    const auto byte = reader.u8();
    if (!byte) return Failure{CodecError::truncated};
    if (i == 9 && *byte > 1) return Failure{CodecError::too_large};
    value |= static_cast<std::uint64_t>(*byte & 0x7f) << (7 * i);
    if (*byte < 0x80) return value;
  }
  return Failure{CodecError::too_large};
}

Result<std::uint64_t, CodecError> read_little_endian(Reader& reader, std::size_t size) {
  const auto digits = reader.bytes(size);
  if (!digits) return Failure{CodecError::truncated};
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::to_integer<std::uint64_t>((*digits)[i]) << (8 * i);
  return value;
}

}  // namespace

ProtoWriter& ProtoWriter::varint(std::uint32_t field, std::uint64_t value) {
  HEARTH_ASSERT(field >= 1);
  HEARTH_ASSERT(field <= max_field_number);
  append_varint(out_, std::uint64_t{field} << 3);
  append_varint(out_, value);
  return *this;
}

ProtoWriter& ProtoWriter::bytes(std::uint32_t field, BytesView value) {
  HEARTH_ASSERT(field >= 1);
  HEARTH_ASSERT(field <= max_field_number);
  append_varint(out_, (std::uint64_t{field} << 3) | 2);
  append_varint(out_, value.size());
  append(out_, value);
  return *this;
}

Result<std::uint64_t, CodecError> ProtoField::varint() const {
  if (type != WireType::varint) return Failure{CodecError::wrong_type};
  return number_value;
}

Result<BytesView, CodecError> ProtoField::bytes() const {
  if (type != WireType::bytes) return Failure{CodecError::wrong_type};
  return bytes_value;
}

Result<std::string_view, CodecError> ProtoField::text() const {
  HEARTH_TRY(const BytesView value, bytes());
  if (!is_utf8(value)) return Failure{CodecError::bad_character};
  return as_text(value);
}

Result<std::optional<ProtoField>, CodecError> ProtoReader::next() {
  if (reader_.empty()) return std::optional<ProtoField>{};
  HEARTH_TRY(const std::uint64_t key, read_varint(reader_));
  const std::uint64_t number = key >> 3;
  if (number == 0 || number > max_field_number) return Failure{CodecError::too_large};
  ProtoField field{.number = static_cast<std::uint32_t>(number),
                   .type = static_cast<WireType>(key & 7)};
  switch (field.type) {
    case WireType::varint: {
      HEARTH_TRY(field.number_value, read_varint(reader_));
      break;
    }
    case WireType::fixed64: {
      HEARTH_TRY(field.number_value, read_little_endian(reader_, 8));
      break;
    }
    case WireType::fixed32: {
      HEARTH_TRY(field.number_value, read_little_endian(reader_, 4));
      break;
    }
    case WireType::bytes: {
      HEARTH_TRY(const std::uint64_t size, read_varint(reader_));
      if (size > reader_.remaining()) return Failure{CodecError::truncated};
      field.bytes_value = *reader_.bytes(static_cast<std::size_t>(size));
      break;
    }
    default:
      return Failure{CodecError::wrong_type};
  }
  return std::optional{field};
}

}  // namespace hearth::codec
