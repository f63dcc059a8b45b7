// What reads as JSON is read to its end, and a scalar's text reads as itself; what doesn't is
// nothing.
#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/codec/json.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  using codec::JsonKind;
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  if (!is_utf8(as_bytes(text))) return 0;
  codec::TextArena arena;
  codec::JsonReader skipping{text, arena};
  (void)skipping.skip();
  codec::JsonReader reader{text, arena};
  const codec::JsonValue value = reader.value();
  HEARTH_ASSERT(reader.ok() == skipping.ok());
  HEARTH_ASSERT(reader.ok() || value.kind == JsonKind::other);
  if (value.kind == JsonKind::other) return 0;

  codec::JsonReader again{value.text, arena};
  const codec::JsonValue same = again.value();
  HEARTH_ASSERT(again.ok() && again.at_end() && same.kind == value.kind && same.text == value.text);
  if (value.kind != JsonKind::string) return 0;
  std::string written;
  codec::append_json_string(written, codec::string_of(value.text, arena).value());
  HEARTH_ASSERT(written == value.text);
  return 0;
}
