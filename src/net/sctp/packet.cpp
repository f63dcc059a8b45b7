#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/sctp/packet.h>

namespace hearth::sctp {
namespace {

// Parameters of INIT and INIT ACK.
constexpr std::uint16_t state_cookie = 7;
constexpr std::uint16_t zero_checksum_acceptable = 0x8001;
constexpr std::uint16_t supported_extensions = 0x8008;
constexpr std::uint16_t forward_tsn_supported = 0xc000;
constexpr std::uint32_t by_dtls = 1;  // RFC 9653 §4's method of noticing errors
// Of RE-CONFIG.
constexpr std::uint16_t outgoing_reset = 13;
constexpr std::uint16_t response = 16;
constexpr std::uint16_t last_request = 18;

constexpr std::uint8_t ends_flag = 1;
constexpr std::uint8_t begins_flag = 2;
constexpr std::uint8_t unordered_flag = 4;
constexpr std::uint8_t immediate_flag = 8;

constexpr auto truncated = Failure{PacketError::truncated};
constexpr auto malformed = Failure{PacketError::malformed};

// A field whose absence is the only thing that can be wrong with it.
#define READ(declaration, expression)    \
  const auto declaration = (expression); \
  if (!declaration) return truncated

struct Parameter {
  std::uint16_t type;
  BytesView value;
};

Result<Parameter, PacketError> next_parameter(Reader& reader) {
  READ(type, reader.u16_be());
  READ(size, reader.u16_be());
  if (*size < 4) return malformed;
  READ(value, reader.bytes(*size - 4u));
  // The last one's padding may be missing.
  (void)reader.bytes(std::min(padded(*size) - *size, reader.remaining()));
  return Parameter{*type, *value};
}

void note_extension(std::byte type, Extensions& into) {
  switch (static_cast<ChunkType>(type)) {
    case ChunkType::reconfig:
      into.reconfiguration = true;
      break;
    case ChunkType::forward_tsn:
      into.partial_reliability = true;
      break;
    case ChunkType::i_data:
      into.interleaving = true;
      break;
    default:
      break;
  }
}

std::uint8_t flags_of(const DataChunk& data) {
  return static_cast<std::uint8_t>((data.ends ? ends_flag : 0) | (data.begins ? begins_flag : 0) |
                                   (data.unordered ? unordered_flag : 0) |
                                   (data.immediate ? immediate_flag : 0));
}

Result<OutgoingResetRequest, PacketError> parse_reset_request(BytesView value) {
  Reader reader{value};
  READ(request, reader.u32_be());
  READ(answered, reader.u32_be());
  READ(last, reader.u32_be());
  OutgoingResetRequest reset{
      .request = *request, .response = *answered, .last_tsn = *last, .streams = {}};
  while (!reader.empty()) {
    READ(stream, reader.u16_be());
    reset.streams.emplace_back(*stream);
  }
  return reset;
}

}  // namespace

Result<CommonHeader, PacketError> parse_common_header(BytesView packet) {
  if (packet.size() < common_header_size) return truncated;
  Reader reader{packet};
  return CommonHeader{*reader.u16_be(), *reader.u16_be(), *reader.u32_be()};
}

Result<Chunk, PacketError> ChunkReader::next() {
  Reader reader{std::exchange(rest_, {})};
  READ(type, reader.u8());
  READ(flags, reader.u8());
  READ(size, reader.u16_be());
  if (*size < chunk_header_size) return malformed;
  READ(value, reader.bytes(*size - chunk_header_size));
  (void)reader.bytes(std::min(padded(*size) - *size, reader.remaining()));
  rest_ = reader.rest();
  return Chunk{static_cast<ChunkType>(*type), *flags, *value};
}

Result<Init, PacketError> parse_init(BytesView value) {
  Reader reader{value};
  READ(tag, reader.u32_be());
  READ(window, reader.u32_be());
  READ(outbound, reader.u16_be());
  READ(inbound, reader.u16_be());
  READ(first_tsn, reader.u32_be());
  if (*tag == 0 || *outbound == 0 || *inbound == 0) return malformed;
  Init init{.tag = *tag,
            .window = *window,
            .outbound_streams = *outbound,
            .inbound_streams = *inbound,
            .first_tsn = *first_tsn,
            .extensions = {},
            .cookie = {}};
  while (!reader.empty()) {
    const auto parameter = next_parameter(reader);
    if (!parameter) return Failure{parameter.error()};
    switch (parameter->type) {
      case state_cookie:
        init.cookie = parameter->value;
        break;
      case supported_extensions:
        for (const std::byte type : parameter->value) note_extension(type, init.extensions);
        break;
      case forward_tsn_supported:
        init.extensions.partial_reliability = true;
        break;
      case zero_checksum_acceptable: {
        Reader method{parameter->value};
        init.extensions.zero_checksum = method.u32_be() == by_dtls;
        break;
      }
      default:  // addresses, ECN and the like mean nothing over DTLS
        break;
    }
  }
  return init;
}

Result<DataChunk, PacketError> parse_data(const Chunk& chunk) {
  Reader reader{chunk.value};
  DataChunk data{.interleaved = chunk.type == ChunkType::i_data,
                 .begins = (chunk.flags & begins_flag) != 0,
                 .ends = (chunk.flags & ends_flag) != 0,
                 .unordered = (chunk.flags & unordered_flag) != 0,
                 .immediate = (chunk.flags & immediate_flag) != 0,
                 .stream = {},
                 .ppid = {},
                 .payload = {}};
  READ(tsn, reader.u32_be());
  READ(stream, reader.u16_be());
  READ(short_message, reader.u16_be());  // reserved in I-DATA
  data.tsn = *tsn;
  data.stream = StreamId{*stream};
  data.message = *short_message;
  if (data.interleaved) {
    READ(message, reader.u32_be());
    data.message = *message;
  }
  READ(last, reader.u32_be());
  if (data.interleaved && !data.begins) {
    data.fragment = *last;
  } else {
    data.ppid = Ppid{*last};
  }
  if (reader.empty()) return malformed;  // "No User Data" (RFC 9260 §3.3.10.9)
  data.payload = reader.rest();
  return data;
}

Result<Unit, PacketError> parse_sack(BytesView value, Sack& into) {
  Reader reader{value};
  READ(cumulative, reader.u32_be());
  READ(window, reader.u32_be());
  READ(block_count, reader.u16_be());
  READ(duplicate_count, reader.u16_be());
  if (reader.remaining() < (std::size_t{*block_count} + *duplicate_count) * 4) return truncated;
  into.cumulative = *cumulative;
  into.window = *window;
  into.blocks.clear();
  into.duplicates.clear();
  std::uint16_t past = 0;
  for (std::uint16_t i = 0; i < *block_count; ++i) {
    const GapBlock block{*reader.u16_be(), *reader.u16_be()};
    if (block.first <= past || block.last < block.first) return malformed;
    past = block.last;
    into.blocks.push_back(block);
  }
  for (std::uint16_t i = 0; i < *duplicate_count; ++i) into.duplicates.push_back(*reader.u32_be());
  return Unit{};
}

Result<ForwardTsn, PacketError> parse_forward_tsn(const Chunk& chunk) {
  Reader reader{chunk.value};
  ForwardTsn forward;
  READ(cumulative, reader.u32_be());
  forward.cumulative = *cumulative;
  while (!reader.empty()) {
    READ(stream, reader.u16_be());
    READ(second, reader.u16_be());
    if (chunk.type == ChunkType::i_forward_tsn) {
      READ(message, reader.u32_be());
      forward.skipped.push_back({StreamId{*stream}, (*second & 1) != 0, *message});
    } else {
      forward.skipped.push_back({StreamId{*stream}, false, *second});
    }
  }
  return forward;
}

Result<Reconfig, PacketError> parse_reconfig(BytesView value) {
  Reader reader{value};
  Reconfig reconfig;
  std::size_t responses = 0;
  for (int count = 0; !reader.empty(); ++count) {
    if (count == 2) return malformed;
    const auto parameter = next_parameter(reader);
    if (!parameter) return Failure{parameter.error()};
    Reader fields{parameter->value};
    if (parameter->type == outgoing_reset) {
      auto reset = parse_reset_request(parameter->value);
      if (!reset) return Failure{reset.error()};
      if (reconfig.reset) return malformed;
      reconfig.reset = std::move(*reset);
    } else if (parameter->type == response) {
      READ(request, fields.u32_be());
      READ(result, fields.u32_be());
      reconfig.responses[responses++] =
          ReconfigResponse{*request, static_cast<ReconfigResult>(*result)};
    } else if (parameter->type > outgoing_reset && parameter->type <= last_request) {
      READ(request, fields.u32_be());
      reconfig.other = OtherRequest{*request};
    }
  }
  return reconfig;
}

#undef READ

void FieldWriter::number(std::uint32_t value, std::size_t width) {
  HEARTH_ASSERT(rest_.size() >= width);
  for (std::size_t i = 0; i < width; ++i)
    rest_[i] = static_cast<std::byte>((value >> ((width - 1 - i) * 8)) & 0xff);
  rest_ = rest_.subspan(width);
}

void FieldWriter::bytes(BytesView bytes) {
  HEARTH_ASSERT(rest_.size() >= bytes.size());
  std::ranges::copy(bytes, rest_.begin());
  rest_ = rest_.subspan(bytes.size());
}

PacketWriter::PacketWriter(MutableBytes out, std::uint32_t verification_tag) : out_(out) {
  FieldWriter header{out.first(common_header_size)};
  header.u16(port);
  header.u16(port);
  header.u32(verification_tag);
  header.u32(0);  // the checksum, which comes last
}

std::size_t PacketWriter::room() const {
  const std::size_t left = (out_.size() - size_) & ~std::size_t{3};
  return left < chunk_header_size ? 0 : left - chunk_header_size;
}

MutableBytes PacketWriter::chunk(ChunkType type, std::uint8_t flags, std::size_t size) {
  HEARTH_ASSERT(size <= room());
  const MutableBytes whole = out_.subspan(size_, padded(chunk_header_size + size));
  FieldWriter header{whole};
  header.u8(static_cast<std::uint8_t>(type));
  header.u8(flags);
  header.u16(static_cast<std::uint16_t>(chunk_header_size + size));
  std::ranges::fill(whole.subspan(chunk_header_size + size), std::byte{0});
  size_ += whole.size();
  return whole.subspan(chunk_header_size, size);
}

void PacketWriter::add(ChunkType type, std::uint8_t flags, BytesView value) {
  std::ranges::copy(value, chunk(type, flags, value.size()).begin());
}

void PacketWriter::add(const DataChunk& data) {
  const std::size_t header = data.interleaved ? i_data_header_size : data_header_size;
  FieldWriter out{chunk(data.interleaved ? ChunkType::i_data : ChunkType::data, flags_of(data),
                        header - chunk_header_size + data.payload.size())};
  out.u32(data.tsn);
  out.u16(data.stream.value());
  if (data.interleaved) {
    out.u16(0);
    out.u32(data.message);
    out.u32(data.begins ? data.ppid.value() : data.fragment);
  } else {
    out.u16(static_cast<std::uint16_t>(data.message));
    out.u32(data.ppid.value());
  }
  out.bytes(data.payload);
}

Bytes encode_init(const Init& init) {
  Bytes value;
  Writer out{value};
  out.u32_be(init.tag);
  out.u32_be(init.window);
  out.u16_be(init.outbound_streams);
  out.u16_be(init.inbound_streams);
  out.u32_be(init.first_tsn);
  Bytes types;
  const auto list = [&types](bool wanted, ChunkType type) {
    if (wanted) types.push_back(static_cast<std::byte>(type));
  };
  list(init.extensions.reconfiguration, ChunkType::reconfig);
  list(init.extensions.partial_reliability, ChunkType::forward_tsn);
  list(init.extensions.interleaving, ChunkType::i_data);
  list(init.extensions.interleaving, ChunkType::i_forward_tsn);
  if (!types.empty()) {
    out.u16_be(supported_extensions);
    out.u16_be(static_cast<std::uint16_t>(4 + types.size()));
    out.bytes(types);
    value.resize(padded(value.size()));
  }
  if (init.extensions.partial_reliability) {
    out.u16_be(forward_tsn_supported);
    out.u16_be(4);
  }
  if (init.extensions.zero_checksum) {
    out.u16_be(zero_checksum_acceptable);
    out.u16_be(8);
    out.u32_be(by_dtls);
  }
  if (!init.cookie.empty()) {
    out.u16_be(state_cookie);
    out.u16_be(static_cast<std::uint16_t>(4 + init.cookie.size()));
    out.bytes(init.cookie);
  }
  return value;
}

Bytes encode_sack(const Sack& sack) {
  Bytes value;
  value.reserve(12 + (sack.blocks.size() + sack.duplicates.size()) * 4);
  Writer out{value};
  out.u32_be(sack.cumulative);
  out.u32_be(sack.window);
  out.u16_be(static_cast<std::uint16_t>(sack.blocks.size()));
  out.u16_be(static_cast<std::uint16_t>(sack.duplicates.size()));
  for (const GapBlock& block : sack.blocks) {
    out.u16_be(block.first);
    out.u16_be(block.last);
  }
  for (const std::uint32_t tsn : sack.duplicates) out.u32_be(tsn);
  return value;
}

Bytes encode_forward_tsn(const ForwardTsn& forward, bool interleaved) {
  Bytes value;
  Writer out{value};
  out.u32_be(forward.cumulative);
  for (const ForwardTsn::Skipped& one : forward.skipped) {
    out.u16_be(one.stream.value());
    if (interleaved) {
      out.u16_be(one.unordered ? 1 : 0);
      out.u32_be(one.message);
    } else {
      out.u16_be(static_cast<std::uint16_t>(one.message));
    }
  }
  return value;
}

Bytes encode_reset_request(const OutgoingResetRequest& request) {
  Bytes value;
  Writer out{value};
  out.u16_be(outgoing_reset);
  out.u16_be(static_cast<std::uint16_t>(16 + request.streams.size() * 2));
  out.u32_be(request.request);
  out.u32_be(request.response);
  out.u32_be(request.last_tsn);
  for (const StreamId stream : request.streams) out.u16_be(stream.value());
  return value;
}

Bytes encode_reconfig_response(const ReconfigResponse& answer) {
  Bytes value;
  Writer out{value};
  out.u16_be(response);
  out.u16_be(12);
  out.u32_be(answer.request);
  out.u32_be(static_cast<std::uint32_t>(answer.result));
  return value;
}

}  // namespace hearth::sctp
