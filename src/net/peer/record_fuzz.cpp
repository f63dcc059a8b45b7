// Keys, ids and peer records from anyone: an id that reads writes to the same bytes and text.
#include <hearth/base/assert.h>
#include <hearth/peer/peer_id.h>
#include <hearth/peer/peer_record.h>

using namespace hearth;
using namespace hearth::peer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span{data, size});
  if (const auto id = PeerId::from_bytes(input)) {
    HEARTH_ASSERT(equal(id->bytes(), input));
    const auto again = PeerId::parse(id->to_string());
    HEARTH_ASSERT(again && *again == *id);
    if (const auto key = id->ed25519()) HEARTH_ASSERT(PeerId::from_public_key(*key) == *id);
  }
  if (const auto id = PeerId::parse(as_text(input)))
    HEARTH_ASSERT(PeerId::parse(id->to_string()) == *id);
  if (const auto key = decode_public_key(input))
    HEARTH_ASSERT(equal(encode_public_key(*key), input));
  (void)open_peer_record(input);
  return 0;
}
