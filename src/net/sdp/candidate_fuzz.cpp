// Any text: no crash, and what was read is written and read as the same.
#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/sdp/candidate.h>

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto candidate = sdp::parse_candidate(as_text(std::as_bytes(std::span{data, size})));
  if (candidate) HEARTH_ASSERT(sdp::parse_candidate(sdp::to_string(*candidate)) == candidate);
  return 0;
}
