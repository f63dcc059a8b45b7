#include <bit>
#include <cstring>

#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/codec/jsnumber.h>

// Any text: what is read is written so that it reads back the same. Any double: it survives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  const auto same = [](double value) {
    const auto back = codec::parse_js_number(codec::js_number(value));
    HEARTH_ASSERT(back.has_value() && *back == value);
  };
  if (const auto value = codec::parse_js_number(text)) same(*value);
  if (size >= 8) {
    double value = 0;
    std::memcpy(&value, data, 8);
    if (value - value == 0) same(value);  // finite
  }
  return 0;
}
