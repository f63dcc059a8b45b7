#include <cstdint>
#include <cstdlib>

#include "fields.h"

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint64_t length = std::uint64_t{data[0]} << (data[1] % 56);
  const auto text = as_text(std::as_bytes(std::span{data + 2, size - 2}));
  (void)files::parse_metadata(text);
  (void)files::parse_checksum(text);
  (void)files::lists_etag(text, "\"1-2-3\"", true);
  if (const auto bytes = files::base64_decode(text); bytes && files::base64_encode(*bytes) != text)
    std::abort();
  const auto choice = files::choose_range(text, length);
  if (choice.kind == files::RangeKind::part &&
      (choice.range.first > choice.range.last || choice.range.last >= length))
    std::abort();
  if (const auto date = files::parse_http_date(text)) (void)files::http_date(*date);
  for (const char c : files::attachment(text))
    if (c == '\r' || c == '\n' || c == '\0') std::abort();
  return 0;
}
