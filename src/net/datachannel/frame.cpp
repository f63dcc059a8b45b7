#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>
#include <hearth/datachannel/frame.h>

namespace hearth::datachannel {
namespace {

constexpr std::uint32_t flag_field = 1;
constexpr std::uint32_t message_field = 2;

Result<FrameDecoder::Frame, FrameError> parse_body(BytesView body) {
  FrameDecoder::Frame frame;
  codec::ProtoReader reader{body};
  while (true) {
    const auto field = reader.next();
    if (!field) return Failure{FrameError::malformed};
    if (!*field) return frame;
    if ((*field)->number == flag_field) {
      const auto value = (*field)->varint();
      if (!value) return Failure{FrameError::malformed};
      // A flag of a later version is no reason to end a stream.
      if (*value <= static_cast<std::uint64_t>(Flag::fin_ack))
        frame.flag = static_cast<Flag>(*value);
    } else if ((*field)->number == message_field) {
      const auto value = (*field)->bytes();
      if (!value) return Failure{FrameError::malformed};
      frame.data = *value;
    }
  }
}

}  // namespace

void append_frame(Bytes& out, std::optional<Flag> flag, BytesView data) {
  HEARTH_ASSERT(data.size() <= max_frame_data);
  const std::size_t size =
      (flag ? 2 : 0) + (data.empty() ? 0 : 1 + codec::uvarint_size(data.size()) + data.size());
  out.reserve(out.size() + size + 3);
  codec::append_uvarint(out, size);
  if (flag) {
    out.push_back(std::byte{flag_field << 3});
    out.push_back(static_cast<std::byte>(*flag));
  }
  if (!data.empty()) {
    out.push_back(std::byte{message_field << 3 | 2});
    codec::append_uvarint(out, data.size());
    append(out, data);
  }
}

Result<std::optional<FrameDecoder::Frame>, FrameError> FrameDecoder::next(BytesView& input) {
  if (taken_) {
    partial_.clear();
    taken_ = false;
  }
  // The usual case: the frame is whole within the message, and nothing is copied.
  const bool whole_input = partial_.empty();
  // The length's bytes one by one, then as much of the body as is there.
  while (true) {
    const BytesView have = whole_input ? input : BytesView{partial_};
    Reader reader{have};
    const auto size = codec::read_uvarint(reader);
    if (!size && size.error() != codec::CodecError::truncated)
      return Failure{FrameError::malformed};
    if (!size && have.size() >= 3) return Failure{FrameError::too_long};
    if (size && reader.position() + *size > max_frame) return Failure{FrameError::too_long};
    const std::size_t missing =
        !size ? 1
              : static_cast<std::size_t>(*size) - std::min<std::size_t>(*size, reader.remaining());
    if (missing == 0) {
      const BytesView body = reader.rest().first(static_cast<std::size_t>(*size));
      if (whole_input) {
        input = input.subspan(reader.position() + body.size());
      } else {
        taken_ = true;
      }
      HEARTH_TRY(const Frame frame, parse_body(body));
      return frame;
    }
    const std::size_t count = whole_input ? input.size() : std::min(missing, input.size());
    append(partial_, input.first(count));
    input = input.subspan(count);
    if (whole_input || count == 0) return std::nullopt;
  }
}

}  // namespace hearth::datachannel
