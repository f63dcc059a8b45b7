#include <cstddef>
#include <cstdint>

#include <hearth/base/assert.h>
#include <hearth/codec/varint.h>
#include <hearth/webrtc/signaling.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const auto parsed = webrtc::parse_signaling(std::as_bytes(std::span{data, size}));
  if (!parsed) return 0;
  const Bytes written = webrtc::encode_signaling(*parsed);
  Reader reader{written};
  const auto body = codec::read_length_prefixed(reader, written.size());
  HEARTH_ASSERT(body && reader.empty());
  HEARTH_ASSERT(webrtc::parse_signaling(*body) == *parsed);
  return 0;
}
