#include "fields.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace hearth::files {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `each` with the trimmed pieces between commas until it says false.
template <class Each>
void split(std::string_view text, Each each) {
  for (;;) {
    const auto comma = text.find(',');
    if (!each(trimmed(text.substr(0, comma))) || comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string result;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const auto group = text.substr(at, 4);
    const std::size_t padding = group.ends_with("==") ? 2 : group.ends_with('=') ? 1 : 0;
    if (padding != 0 && at + 4 != text.size()) return std::nullopt;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = i < 4 - padding ? alphabet.find(group[i]) : 0;
      if (value == std::string_view::npos) return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    if ((padding == 1 && (bits & 0xFF) != 0) || (padding == 2 && (bits & 0xFFFF) != 0))
      return std::nullopt;
    for (std::size_t i = 0; i < 3 - padding; ++i)
      result.push_back(static_cast<char>(bits >> (16 - 8 * i) & 0xFF));
  }
  return result;
}

std::string base64_encode(std::string_view bytes) {
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits =
          bits << 8 | (i < group.size() ? std::uint32_t{static_cast<unsigned char>(group[i])} : 0);
    for (std::size_t i = 0; i < 4; ++i)
      result.push_back(i <= group.size() ? alphabet[bits >> (18 - 6 * i) & 0x3F] : '=');
  }
  return result;
}

std::optional<std::map<std::string, std::string>> parse_metadata(std::string_view field) {
  std::map<std::string, std::string> result;
  if (field.size() > 8192) return std::nullopt;
  if (trimmed(field).empty()) return result;
  bool good = true;
  split(field, [&](std::string_view item) {
    const auto space = item.find(' ');
    const auto key = item.substr(0, space);
    const auto value = space == std::string_view::npos ? std::optional{std::string{}}
                                                       : base64_decode(item.substr(space + 1));
    const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
    good = !key.empty() && key.size() <= 64 && printable && value && result.size() < 32 &&
           result.emplace(key, *value).second;
    return good;
  });
  if (!good) return std::nullopt;
  return result;
}

std::optional<Checksum> parse_checksum(std::string_view field) {
  const auto space = field.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  Checksum result;
  if (field.substr(0, space) != "sha256") return result;
  const auto digest = base64_decode(field.substr(space + 1));
  if (!digest || digest->size() != result.digest.size()) return std::nullopt;
  std::ranges::copy(as_bytes(*digest), result.digest.begin());
  result.known = true;
  return result;
}

RangeChoice choose_range(std::string_view field, std::uint64_t length) {
  field = trimmed(field);
  if (field.size() < 6 ||
      !std::ranges::equal(field.substr(0, 6), std::string_view{"bytes="},
                          [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }))
    return {};
  const auto spec = trimmed(field.substr(6));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.contains(',')) return {};
  const auto left = spec.substr(0, dash);
  const auto right = spec.substr(dash + 1);
  const auto first = parse_number(left);
  const auto last = parse_number(right);
  if ((!left.empty() && !first) || (!right.empty() && !last) || (left.empty() && right.empty()))
    return {};
  if (left.empty()) {
    if (*last == 0 || length == 0) return {RangeKind::unsatisfiable, {}};
    return {RangeKind::part, {length - std::min(*last, length), length - 1}};
  }
  if (last && *last < *first) return {};
  if (*first >= length) return {RangeKind::unsatisfiable, {}};
  return {RangeKind::part, {*first, last ? std::min(*last, length - 1) : length - 1}};
}

bool lists_etag(std::string_view field, std::string_view etag, bool weak) {
  bool found = false;
  split(field, [&](std::string_view item) {
    if (weak && item.starts_with("W/")) item.remove_prefix(2);
    found = item == "*" || item == etag;
    return !found;
  });
  return found;
}

std::string http_date(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  if (text.size() != 29) return std::nullopt;
  std::tm parts{};
  const std::string copy{text};
  const char* const end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

std::string percent_encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view{"-._~/"}.contains(c);
    if (plain) {
      result.push_back(c);
      continue;
    }
    char escaped[4];
    (void)std::snprintf(escaped, sizeof escaped, "%%%02X",
                        static_cast<unsigned>(static_cast<unsigned char>(c)));
    result += escaped;
  }
  return result;
}

std::string attachment(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && (byte & 0xC0) == 0x80) continue;  // the rest of a character
    plain.push_back(byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '%' ? '_' : c);
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + percent_encode(name);
}

}  // namespace hearth::files
