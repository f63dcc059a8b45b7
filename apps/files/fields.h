#pragma once
// Header fields that this service reads itself: tus' (tus.io 1.0.0), ranges and conditions (RFC
// 9110).

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>

namespace hearth::files {

/// Decimal digits only, no sign, no space; nothing when it doesn't fit.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// Standard base64 with padding, strictly; nothing otherwise.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// Upload-Metadata: "key base64,key base64,key". At most 32 keys of 64 bytes, 8 KiB in all; keys
/// not twice.
[[nodiscard]] std::optional<std::map<std::string, std::string>> parse_metadata(
    std::string_view field);

/// "sha256 <base64 of 32 bytes>". `known` is false for another algorithm.
struct Checksum {
  bool known = false;
  std::array<std::byte, 32> digest{};
};
[[nodiscard]] std::optional<Checksum> parse_checksum(std::string_view field);

/// Bytes `first` to `last`, both included, of a whole of some length.
struct ByteRange {
  std::uint64_t first = 0, last = 0;
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};
enum class RangeKind : std::uint8_t { whole, part, unsatisfiable };
struct RangeChoice {
  RangeKind kind = RangeKind::whole;
  ByteRange range;
};
/// RFC 9110 14.1.2. What isn't understood, and more than one range, means the whole.
[[nodiscard]] RangeChoice choose_range(std::string_view field, std::uint64_t length);

/// Whether `field` (If-Match, If-None-Match) holds `etag` or is "*"; weak comparison ignores "W/".
[[nodiscard]] bool lists_etag(std::string_view field, std::string_view etag, bool weak);

/// "Sun, 06 Nov 1994 08:49:37 GMT"; the two old forms are not read.
[[nodiscard]] std::string http_date(std::int64_t seconds);
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

/// Every byte but unreserved ones and '/' as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// RFC 6266: attachment with an ASCII form for old readers and the name itself in UTF-8.
[[nodiscard]] std::string attachment(std::string_view name);

}  // namespace hearth::files
