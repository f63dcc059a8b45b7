// Records as a damaged disk might give them back: what decodes encodes to the same bytes.

#include <cstdint>
#include <cstdlib>

#include <hearth/access/records.h>

using namespace hearth;
using namespace hearth::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span{data, size});
  if (const auto persona = decode_persona(bytes); persona && !equal(persona->encode(), bytes))
    std::abort();
  if (const auto device = decode_device(bytes); device && !equal(device->encode(), bytes))
    std::abort();
  return 0;
}
