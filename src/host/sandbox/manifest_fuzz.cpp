#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/sandbox/file.h>
#include <hearth/sandbox/manifest.h>

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)sandbox::parse_manifest(as_text(std::as_bytes(std::span{data, size})));
  } catch (const sandbox::Trouble&) {
    // The only way to refuse.
  }
  return 0;
}
