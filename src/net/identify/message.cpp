#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>
#include <hearth/identify/message.h>

namespace hearth::identify {
namespace {

enum Field : std::uint32_t {
  public_key = 1,
  listen_address = 2,
  protocol = 3,
  observed_address = 4,
  protocol_version = 5,
  agent_version = 6,
  signed_peer_record = 8,
};

// Packs whole fields into as few frames as it takes.
class FrameWriter {
 public:
  void field(Field number, BytesView value) {
    const Bytes encoded = codec::ProtoWriter{}.bytes(number, value).take();
    HEARTH_ASSERT(encoded.size() <= max_frame);
    if (frame_.size() + encoded.size() > max_frame) flush();
    append(frame_, encoded);
  }
  void field(Field number, const std::optional<std::string>& value) {
    if (value) field(number, as_bytes(*value));
  }
  Bytes take() {
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    codec::append_length_prefixed(out_, frame_);
    frame_.clear();
  }

  Bytes frame_;
  Bytes out_;
};

Result<std::string, IdentifyError> short_text(BytesView value) {
  if (value.size() > max_text) return Failure{IdentifyError::too_large};
  if (!is_utf8(value)) return Failure{IdentifyError::malformed};
  return to_text(value);
}

Result<Unit, IdentifyError> read_field(Field number, BytesView value, Message& message) {
  switch (number) {
    case public_key:
      message.public_key = to_bytes(value);
      break;
    case signed_peer_record:
      message.signed_peer_record = to_bytes(value);
      break;
    case listen_address: {
      if (message.listen_addresses.size() == max_addresses) break;
      auto address = codec::Multiaddr::from_bytes(value);
      if (address && !address->empty()) message.listen_addresses.push_back(std::move(*address));
      break;
    }
    case observed_address: {
      auto address = codec::Multiaddr::from_bytes(value);
      if (address && !address->empty()) message.observed_address = std::move(*address);
      break;
    }
    case protocol: {
      if (message.protocols.size() == max_protocols) return Failure{IdentifyError::too_large};
      HEARTH_TRY(std::string text, short_text(value));
      message.protocols.push_back(std::move(text));
      break;
    }
    case protocol_version: {
      HEARTH_TRY(message.protocol_version, short_text(value));
      break;
    }
    case agent_version: {
      HEARTH_TRY(message.agent_version, short_text(value));
      break;
    }
  }
  return Unit{};
}

}  // namespace

Bytes encode_frames(const Message& message) {
  FrameWriter writer;
  if (message.public_key) writer.field(public_key, *message.public_key);
  for (const codec::Multiaddr& address : message.listen_addresses)
    writer.field(listen_address, address.bytes());
  for (const std::string& id : message.protocols) writer.field(protocol, as_bytes(id));
  if (message.observed_address) writer.field(observed_address, message.observed_address->bytes());
  writer.field(protocol_version, message.protocol_version);
  writer.field(agent_version, message.agent_version);
  if (message.signed_peer_record) writer.field(signed_peer_record, *message.signed_peer_record);
  return writer.take();
}

Result<Message, IdentifyError> decode_message(BytesView body) {
  Message message;
  codec::ProtoReader reader{body};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{IdentifyError::malformed};
    if (!*next) return message;
    const std::uint32_t number = (*next)->number;
    if (number < public_key || number == 7 || number > signed_peer_record) continue;
    const auto value = (*next)->bytes();
    if (!value) return Failure{IdentifyError::malformed};
    HEARTH_CHECK(read_field(static_cast<Field>(number), *value, message));
  }
}

Result<Unit, IdentifyError> MessageReader::receive(BytesView bytes) {
  append(partial_, bytes);
  Reader reader{partial_};
  while (!reader.empty()) {
    const auto frame = codec::read_length_prefixed(reader, max_frame);
    if (!frame && frame.error() == codec::CodecError::truncated) break;
    if (!frame)
      return Failure{frame.error() == codec::CodecError::too_large ? IdentifyError::too_large
                                                                   : IdentifyError::malformed};
    if (++frames_ > max_frames) return Failure{IdentifyError::too_large};
    append(body_, *frame);
  }
  partial_ = to_bytes(reader.rest());
  return Unit{};
}

Result<Message, IdentifyError> MessageReader::finish() const {
  if (!partial_.empty() || frames_ == 0) return Failure{IdentifyError::malformed};
  return decode_message(body_);
}

}  // namespace hearth::identify
