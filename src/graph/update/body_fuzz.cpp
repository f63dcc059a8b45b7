// A body that reads writes to the same bytes again, and counts its indices.
#include <hearth/base/assert.h>
#include <hearth/update/body.h>

using namespace hearth;
using namespace hearth::update;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = std::as_bytes(std::span{data, size});
  const auto body = Body::decode(bytes, model::AuthorKey{});
  if (!body) return 0;
  HEARTH_ASSERT(equal(body->encode(), bytes));
  for (const Change& change : body->changes) {
    std::size_t indices = 0;
    for (const Operation& operation : change.operations) indices += indices_of(operation);
    HEARTH_ASSERT(indices <= max_operations + max_values);
  }
  return 0;
}
