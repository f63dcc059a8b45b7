// A value that reads writes to the same bytes, and its order against another is no accident of
// their places.
#include <hearth/base/assert.h>
#include <hearth/model/value.h>

using namespace hearth;
using namespace hearth::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView document = std::as_bytes(std::span{data, size});
  codec::CborReader reader{document};
  const auto first = read_value(reader);
  if (!first) return 0;
  HEARTH_ASSERT(is_valid(*first));
  codec::CborWriter writer;
  write(writer, *first);
  HEARTH_ASSERT(equal(writer.take(), document.first(reader.position())));

  codec::CborReader rest{document.subspan(reader.position())};
  const auto second = read_value(rest);
  if (!second) return 0;
  HEARTH_ASSERT(compare(*first, *second) == 0 <=> compare(*second, *first));
  HEARTH_ASSERT((compare(*first, *second) == 0) == (*first == *second));
  return 0;
}
