// Signed statements: what verifies encodes again, under a key nobody has here, only to itself; so
// the check is that nothing crashes and nothing verifies but what the seeds hold.

#include <cstdint>
#include <cstdlib>

#include <hearth/identity/statement.h>

using namespace hearth;
using namespace hearth::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span{data, size});
  int kinds = 0;
  kinds += HostCertificate::verify(bytes).has_value();
  kinds += NameRecord::verify(bytes).has_value();
  kinds += NameTransfer::verify(bytes).has_value();
  kinds += DeviceCertificate::verify(bytes).has_value();
  if (kinds > 1) std::abort();
  return 0;
}
