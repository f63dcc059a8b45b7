// Fragments in any order, contradicting each other, given up and reset. What is held is accounted
// to the byte, and nothing is left at the end.
#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/sctp/ranges.h>
#include <hearth/sctp/reassembly.h>

using namespace hearth;
using namespace hearth::sctp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t longest = 200;
  Reader choices{std::as_bytes(std::span{data, size})};
  const bool interleaved = choices.u8().value_or(0) % 2 == 1;
  Reassembly reassembly{longest};
  Ranges taken;
  static const Bytes content(300, std::byte{7});
  while (!choices.empty()) {
    const std::uint8_t action = choices.u8().value_or(0);
    const std::uint8_t a = choices.u8().value_or(0);
    const std::uint8_t b = choices.u8().value_or(0);
    const StreamId stream{static_cast<std::uint16_t>(action >> 6)};
    if (action % 16 == 0) {
      reassembly.reset(stream);
    } else if (action % 16 == 1) {
      (void)reassembly.poll();
    } else if (action % 16 == 2) {
      const Tsn to = widened_base + a;
      taken.add({widened_base, to}, [](Range) {});
      reassembly.skip(
          to, {.cumulative = to_wire(to), .skipped = {{stream, (action & 32) != 0, b % 16u}}},
          interleaved);
    } else {
      const Tsn tsn = widened_base + a;
      if (!taken.add(tsn)) continue;  // the association lets each through once
      const DataChunk chunk{.interleaved = interleaved,
                            .begins = (b & 1) != 0,
                            .ends = (b & 2) != 0,
                            .unordered = (action & 32) != 0,
                            .tsn = to_wire(tsn),
                            .stream = stream,
                            .message = (b >> 2) % 8u,
                            .fragment = (b & 1) != 0 ? 0 : a % 8u,
                            .ppid = Ppid{53},
                            .payload = BytesView{content}.first(1 + (b >> 5) * 9u)};
      if (!reassembly.add(tsn, chunk)) return 0;  // too long: the association ends
    }
    HEARTH_ASSERT(reassembly.held() <= 256 * (64 + Reassembly::overhead));
  }
  while (const auto message = reassembly.poll()) HEARTH_ASSERT(message->payload.size() <= longest);
  reassembly.reset_all();
  HEARTH_ASSERT(reassembly.held() == 0);
  return 0;
}
