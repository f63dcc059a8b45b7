// Any bytes: no crash, and what reads reads back the same after it was written.

#include <hearth/base/assert.h>
#include <hearth/relay/message.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const BytesView bytes = std::as_bytes(std::span{data, size});
  if (const auto hop = relay::decode_hop(bytes)) {
    const auto written = relay::encode(*hop);
    // Lengths in other encodings may be shorter than ours: then ours may be above the bound.
    if (written.size() <= relay::max_message_bytes)
      HEARTH_ASSERT(relay::decode_hop(written) == *hop);
  }
  if (const auto stop = relay::decode_stop(bytes)) {
    const auto written = relay::encode(*stop);
    if (written.size() <= relay::max_message_bytes)
      HEARTH_ASSERT(relay::decode_stop(written) == *stop);
  }
  (void)relay::open_voucher(bytes);
  return 0;
}
