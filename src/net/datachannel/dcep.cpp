#include <hearth/base/assert.h>
#include <hearth/datachannel/dcep.h>

namespace hearth::datachannel {
namespace {

constexpr std::uint8_t ack_type = 2;
constexpr std::uint8_t open_type = 3;
constexpr std::uint8_t unordered_bit = 0x80;

template <class T>
Result<T, DcepError> need(Result<T, ReadError> read) {
  if (!read) return Failure{DcepError::truncated};
  return *read;
}

Result<Dcep, DcepError> parse_open(Reader reader) {
  Open open;
  HEARTH_TRY(const auto type, need(reader.u8()));
  HEARTH_TRY(open.priority, need(reader.u16_be()));
  HEARTH_TRY(open.reliability_parameter, need(reader.u32_be()));
  HEARTH_TRY(const auto label_size, need(reader.u16_be()));
  HEARTH_TRY(const auto protocol_size, need(reader.u16_be()));
  HEARTH_TRY(const auto label, need(reader.bytes(label_size)));
  HEARTH_TRY(const auto protocol, need(reader.bytes(protocol_size)));
  if (!reader.empty()) return Failure{DcepError::trailing_bytes};
  const unsigned kind = type & ~unsigned{unordered_bit};
  if (kind > 2) return Failure{DcepError::unknown_channel_type};
  open.ordered = (type & unordered_bit) == 0;
  open.reliability = static_cast<Reliability>(kind);
  open.label = to_text(label);
  open.protocol = to_text(protocol);
  return open;
}

Bytes encode_open(const Open& open) {
  HEARTH_ASSERT(open.label.size() <= 0xffff && open.protocol.size() <= 0xffff);
  Bytes out;
  Writer writer{out};
  writer.u8(open_type);
  writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(open.reliability) |
                                      (open.ordered ? 0U : unsigned{unordered_bit})));
  writer.u16_be(open.priority);
  writer.u32_be(open.reliability_parameter);
  writer.u16_be(static_cast<std::uint16_t>(open.label.size()));
  writer.u16_be(static_cast<std::uint16_t>(open.protocol.size()));
  writer.text(open.label);
  writer.text(open.protocol);
  return out;
}

}  // namespace

Result<Dcep, DcepError> parse_dcep(BytesView message) {
  Reader reader{message};
  HEARTH_TRY(const auto type, need(reader.u8()));
  if (type == open_type) return parse_open(reader);
  if (type != ack_type) return Failure{DcepError::unknown_message};
  if (!reader.empty()) return Failure{DcepError::trailing_bytes};
  return Ack{};
}

Bytes encode_dcep(const Dcep& message) {
  if (const auto* open = std::get_if<Open>(&message)) return encode_open(*open);
  return {std::byte{ack_type}};
}

}  // namespace hearth::datachannel
