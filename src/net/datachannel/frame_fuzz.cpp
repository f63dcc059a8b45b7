// Splits the input at places it chooses itself; every division must give the same frames.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/datachannel/frame.h>

namespace {

using namespace hearth;
using Frames = std::vector<std::pair<std::optional<datachannel::Flag>, Bytes>>;

std::pair<Frames, bool> decode(BytesView bytes, std::size_t piece) {
  datachannel::FrameDecoder decoder;
  Frames frames;
  while (!bytes.empty()) {
    BytesView input = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(input.size());
    while (true) {
      const auto frame = decoder.next(input);
      if (!frame) return {frames, false};
      if (!*frame) break;
      frames.emplace_back((*frame)->flag, to_bytes((*frame)->data));
    }
    HEARTH_ASSERT(input.empty());
    HEARTH_ASSERT(decoder.buffered() <= datachannel::max_frame);
  }
  return {frames, true};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const BytesView input = std::as_bytes(std::span{data + 1, size - 1});
  const auto whole = decode(input, input.size() + 1);
  HEARTH_ASSERT(decode(input, std::size_t{data[0]} + 1) == whole);
  return 0;
}
