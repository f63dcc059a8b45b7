// Reading ends, and what was read of varints and bytes writes and reads the same.
#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>

using namespace hearth;
using namespace hearth::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input = std::as_bytes(std::span{data, size});
  ProtoReader reader{input};
  for (;;) {
    const auto next = reader.next();
    if (!next || !*next) break;
    const ProtoField& field = **next;
    ProtoWriter writer;
    if (field.type == WireType::varint) writer.varint(field.number, field.number_value);
    if (field.type == WireType::bytes) writer.bytes(field.number, field.bytes_value);
    if (writer.view().empty()) continue;
    const auto again = ProtoReader{writer.view()}.next();
    HEARTH_ASSERT(again && *again && (*again)->number == field.number);
    HEARTH_ASSERT((*again)->number_value == field.number_value);
    HEARTH_ASSERT(equal((*again)->bytes_value, field.bytes_value));
    (void)field.text();
  }

  Reader varints{input};
  const auto value = read_uvarint(varints);
  if (value) {
    Bytes again;
    append_uvarint(again, *value);
    HEARTH_ASSERT(equal(again, input.first(varints.position())));
  }
  return 0;
}
