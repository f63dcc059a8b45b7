// Whatever bytes come, chunks are read within their bounds; and what was read, written again, reads
// the same.
#include <hearth/base/assert.h>
#include <hearth/sctp/packet.h>

using namespace hearth;
using namespace hearth::sctp;

namespace {

void check_init(BytesView value) {
  const auto init = parse_init(value);
  if (!init || init->cookie.size() > 60'000) return;
  const Bytes again = encode_init(*init);
  const auto same = parse_init(again);
  HEARTH_ASSERT(same && same->tag == init->tag && same->window == init->window &&
                same->outbound_streams == init->outbound_streams &&
                same->inbound_streams == init->inbound_streams &&
                same->first_tsn == init->first_tsn && same->extensions == init->extensions &&
                equal(same->cookie, init->cookie));
}

void check_data(const Chunk& chunk) {
  const auto data = parse_data(chunk);
  if (!data) return;
  HEARTH_ASSERT(!data->payload.empty());
  Bytes out(chunk.value.size() + 64);
  PacketWriter packet{out, 1};
  packet.add(*data);
  const auto again = ChunkReader{BytesView{out}.first(packet.size())}.next();
  HEARTH_ASSERT(again);
  const auto same = parse_data(*again);
  HEARTH_ASSERT(same && same->tsn == data->tsn && same->stream == data->stream &&
                same->message == data->message && same->fragment == data->fragment &&
                same->ppid == data->ppid && same->begins == data->begins &&
                same->ends == data->ends && same->unordered == data->unordered &&
                equal(same->payload, data->payload));
}

void check(const Chunk& chunk) {
  switch (chunk.type) {
    case ChunkType::init:
    case ChunkType::init_ack:
      return check_init(chunk.value);
    case ChunkType::data:
    case ChunkType::i_data:
      return check_data(chunk);
    case ChunkType::sack: {
      Sack sack;
      Sack same;
      if (!parse_sack(chunk.value, sack)) return;
      HEARTH_ASSERT(parse_sack(encode_sack(sack), same));
      HEARTH_ASSERT(same.blocks == sack.blocks && same.duplicates == sack.duplicates);
      return;
    }
    case ChunkType::forward_tsn:
    case ChunkType::i_forward_tsn: {
      const auto forward = parse_forward_tsn(chunk);
      if (!forward) return;
      const bool interleaved = chunk.type == ChunkType::i_forward_tsn;
      const Bytes again = encode_forward_tsn(*forward, interleaved);
      const auto same = parse_forward_tsn({chunk.type, 0, again});
      HEARTH_ASSERT(same && same->skipped == forward->skipped);
      return;
    }
    case ChunkType::reconfig: {
      const auto reconfig = parse_reconfig(chunk.value);
      if (!reconfig || !reconfig->reset) return;
      const auto same = parse_reconfig(encode_reset_request(*reconfig->reset));
      HEARTH_ASSERT(same && same->reset && same->reset->streams == reconfig->reset->streams);
      return;
    }
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView packet = std::as_bytes(std::span{data, size});
  if (!parse_common_header(packet)) return 0;
  ChunkReader reader{packet};
  while (!reader.empty()) {
    const auto chunk = reader.next();
    if (!chunk) break;
    check(*chunk);
  }
  HEARTH_ASSERT(reader.empty() || !reader.next());
  return 0;
}
