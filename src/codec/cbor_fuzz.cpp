// A document that reads to its end writes to the same bytes again.
#include <hearth/base/assert.h>
#include <hearth/codec/cbor.h>

using namespace hearth;
using namespace hearth::codec;

namespace {

// False at the first error.
bool copy_item(CborReader& reader, CborWriter& writer) {
  const auto kind = reader.peek();
  if (!kind) return false;
  const auto copy_items = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      if (!copy_item(reader, writer)) return false;
    return true;
  };
  switch (*kind) {
    case CborKind::uint:
      if (const auto value = reader.uint()) return writer.uint(*value), true;
      return false;
    case CborKind::negative:
      if (const auto value = reader.integer()) return writer.integer(*value), true;
      return false;
    case CborKind::bytes:
      if (const auto value = reader.bytes()) return writer.bytes(*value), true;
      return false;
    case CborKind::text:
      if (const auto value = reader.text()) return writer.text(*value), true;
      return false;
    case CborKind::boolean:
      if (const auto value = reader.boolean()) return writer.boolean(*value), true;
      return false;
    case CborKind::null:
      if (reader.null()) return writer.null(), true;
      return false;
    case CborKind::floating:
      if (const auto value = reader.floating()) return writer.floating(*value), true;
      return false;
    case CborKind::array:
      if (const auto items = reader.array()) return writer.array(*items), copy_items(*items);
      return false;
    case CborKind::map:
      if (const auto pairs = reader.map()) return writer.map(*pairs), copy_items(*pairs * 2);
      return false;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView document = std::as_bytes(std::span{data, size});
  CborReader reader{document};
  CborWriter writer;
  if (copy_item(reader, writer) && reader.done()) HEARTH_ASSERT(equal(writer.take(), document));
  return 0;
}
