// Whatever decodes encodes to the same text again: there is one text per value.
#include <hearth/base/assert.h>
#include <hearth/codec/base32.h>
#include <hearth/codec/base58.h>
#include <hearth/codec/base64.h>

using namespace hearth;
using namespace hearth::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  if (const auto bytes = base64_decode(text)) HEARTH_ASSERT(base64_encode(*bytes) == text);
  if (const auto bytes = base64url_decode(text)) HEARTH_ASSERT(base64url_encode(*bytes) == text);
  if (const auto bytes = base32_decode(text)) HEARTH_ASSERT(base32_encode(*bytes) == text);
  if (text.size() <= 128)
    if (const auto bytes = base58_decode(text)) HEARTH_ASSERT(base58_encode(*bytes) == text);
  return 0;
}
