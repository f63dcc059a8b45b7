// Any bytes: no crash; a decision stands whatever follows; what is undecided is short.

#include <hearth/base/assert.h>
#include <hearth/sniff/protocol.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const BytesView bytes = std::as_bytes(std::span{data, size});
  const auto all = sniff::recognize(bytes);
  HEARTH_ASSERT(all != sniff::Spoken::undecided || size < sniff::max_sniffed_bytes);
  for (std::size_t some = 0; some < size; some += 1 + some / 8) {
    const auto early = sniff::recognize(bytes.first(some));
    HEARTH_ASSERT(early == sniff::Spoken::undecided || early == all);
  }
  return 0;
}
