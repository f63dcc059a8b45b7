// Grants as a damaged disk might give them back: what decodes encodes to the same bytes.

#include <cstdint>
#include <cstdlib>

#include <hearth/access/services.h>

using namespace hearth;
using namespace hearth::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span{data, size});
  if (const auto service = decode_service(bytes); service && !equal(service->encode(), bytes))
    std::abort();
  return 0;
}
