// Any text: no crash, and what was read is written and read as the same.
#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/sdp/description.h>

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto description = sdp::parse_description(as_text(std::as_bytes(std::span{data, size})));
  if (description)
    HEARTH_ASSERT(sdp::parse_description(sdp::to_string(*description)) == description);
  return 0;
}
