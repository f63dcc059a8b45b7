#include <optional>

#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>
#include <hearth/webrtc/signaling.h>

namespace hearth::webrtc {
namespace {

constexpr std::uint32_t type_field = 1;
constexpr std::uint32_t data_field = 2;

}  // namespace

Result<SignalingMessage, SignalingError> parse_signaling(BytesView message) {
  SignalingMessage parsed;
  std::optional<std::uint64_t> type;
  codec::ProtoReader reader{message};
  while (true) {
    const auto field = reader.next();
    if (!field) return Failure{SignalingError::malformed};
    if (!*field) break;
    if ((*field)->number == type_field) {
      const auto value = (*field)->varint();
      if (!value) return Failure{SignalingError::malformed};
      type = *value;
    } else if ((*field)->number == data_field) {
      const auto value = (*field)->text();
      if (!value) return Failure{SignalingError::malformed};
      parsed.data = std::string{*value};
    }
  }
  if (!type || *type > static_cast<std::uint64_t>(SignalingMessage::Type::ice_candidate))
    return Failure{SignalingError::unknown_type};
  parsed.type = static_cast<SignalingMessage::Type>(*type);
  return parsed;
}

Bytes encode_signaling(const SignalingMessage& message) {
  codec::ProtoWriter writer;
  writer.varint(type_field, static_cast<std::uint64_t>(message.type))
      .text(data_field, message.data);
  Bytes out;
  codec::append_length_prefixed(out, writer.view());
  return out;
}

}  // namespace hearth::webrtc
