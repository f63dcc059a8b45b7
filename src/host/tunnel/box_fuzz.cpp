// A box's file as somebody may have edited it: what is read is written the same way ever after.

#include <cstdint>
#include <cstdlib>

#include <hearth/tunnel/box.h>

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias anything.
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto box = tunnel::parse_box(text);
  if (!box) return 0;
  (void)box->ways();
  const std::string once = tunnel::to_json(*box);
  const auto again = tunnel::parse_box(once);
  if (!again || tunnel::to_json(*again) != once) std::abort();
  return 0;
}
