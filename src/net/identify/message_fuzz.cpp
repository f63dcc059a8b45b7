// A stream's bytes: what is read encodes and reads the same, and can be applied to a snapshot.
#include <hearth/base/assert.h>
#include <hearth/codec/multihash.h>
#include <hearth/identify/message.h>
#include <hearth/identify/peer_info.h>

using namespace hearth;
using namespace hearth::identify;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span{data, size});
  MessageReader reader;
  for (std::size_t i = 0; i < input.size(); i += 1000)
    if (!reader.receive(input.subspan(i, std::min<std::size_t>(1000, input.size() - i)))) return 0;
  const auto message = reader.finish();
  if (!message) return 0;
  const bool fits = (!message->public_key || message->public_key->size() < 8000) &&
                    (!message->signed_peer_record || message->signed_peer_record->size() < 8000);
  if (fits) {
    MessageReader again;
    if (again.receive(encode_frames(*message))) HEARTH_ASSERT(*again.finish() == *message);
  }
  PeerInfo info{*peer::PeerId::parse("12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7")};
  (void)info.apply(*message);
  return 0;
}
