#include <cstdint>
#include <cstdlib>

#include <hearth/sandbox/order.h>

using namespace hearth;

// Whatever is taken must be what it would be written as: one meaning, one form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto frame = std::as_bytes(std::span{data, size});
  if (const auto order = sandbox::decode_order(frame);
      order && !equal(BytesView{encode(*order)}.subspan(2), frame))
    std::abort();
  if (const auto reply = sandbox::decode_reply(frame);
      reply && !equal(BytesView{encode(*reply)}.subspan(2), frame))
    std::abort();
  return 0;
}
