#include <hearth/base/assert.h>
#include <hearth/websocket/frames.h>

// The same bytes in one piece or in two give the same messages, none of them larger than allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const BytesView all = std::as_bytes(std::span{data, size});
  const auto read = [](std::initializer_list<BytesView> pieces) {
    websocket::FrameReader reader{200};
    std::string log;
    for (const BytesView piece : pieces) {
      reader.feed(piece);
      while (true) {
        const auto message = reader.next();
        if (!message) return log + "!";
        if (!*message) break;
        HEARTH_ASSERT((*message)->payload.size() <= 200);
        log += static_cast<char>((*message)->opcode);
        log += std::to_string((*message)->payload.size());
        log += (*message)->payload;
      }
    }
    return log;
  };
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  HEARTH_ASSERT(read({all}) == read({all.first(cut), all.subspan(cut)}));
  return 0;
}
