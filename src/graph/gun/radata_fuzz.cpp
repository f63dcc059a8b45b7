#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/gun/answer.h>
#include <hearth/gun/radata.h>

// Whatever a file holds, what is said of it makes a message that the relay's own parser takes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  gun::FrameParser parser;
  (void)gun::read_rad(
      as_text(std::as_bytes(std::span{data, size})),
      [&](std::string_view soul, const gun::Property& property) {
        if (property.value.kind == gun::ValueKind::invalid) return;
        gun::GraphText graph;
        graph.add(soul, property.name, property.state, property.value.json);
        const std::string frame = "{\"put\":" + graph.finish() + "}";
        const auto messages = parser.parse(frame);
        HEARTH_ASSERT(messages.has_value() && messages->size() == 1);
        HEARTH_ASSERT(property.name == "_" || messages->front().put_error == gun::PutError::none);
      });
  return 0;
}
