#include <cstddef>
#include <cstdint>

#include <hearth/base/assert.h>
#include <hearth/datachannel/dcep.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const BytesView input = std::as_bytes(std::span{data, size});
  if (const auto parsed = datachannel::parse_dcep(input))
    HEARTH_ASSERT(equal(datachannel::encode_dcep(*parsed), input));
  return 0;
}
