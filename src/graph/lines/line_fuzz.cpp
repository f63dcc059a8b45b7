// A line that is read says the same when it is written, and reads the same again.

#include <hearth/base/assert.h>
#include <hearth/graph_lines/line.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const model::SpaceId space;
  const auto line = graph_lines::read_line(as_text(std::as_bytes(std::span{data, size})), space);
  if (!line) return 0;
  const std::string written = graph_lines::write_line(*line);
  const auto again = graph_lines::read_line(written, space);
  HEARTH_ASSERT(again && *again == *line);
  HEARTH_ASSERT(graph_lines::write_line(*again) == written);
  return 0;
}
