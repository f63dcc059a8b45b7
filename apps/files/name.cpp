#include "name.h"

#include <algorithm>
#include <array>
#include <utility>

#include <hearth/base/bytes.h>

namespace hearth::files {
namespace {

// One code point from well-formed UTF-8, and its length.
std::pair<std::uint32_t, std::size_t> decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[i])};
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (length > text.size()) return {first, 1};
  std::uint32_t point = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3F);
  return {point, length};
}

void encode(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

constexpr bool within(std::uint32_t point, std::uint32_t first, std::uint32_t last) {
  return point >= first && point <= last;
}

// The simple lower-case mappings of Unicode for these blocks; no locale, no table of the whole of
// it.
std::uint32_t lower(std::uint32_t c) {
  if (within(c, 'A', 'Z')) return c + 32;
  if (c < 0xC0) return c;
  if (within(c, 0xC0, 0xDE)) return c == 0xD7 ? c : c + 32;
  if (within(c, 0x100, 0x12F) || within(c, 0x132, 0x137) || within(c, 0x14A, 0x177)) return c | 1;
  if (within(c, 0x139, 0x148) || within(c, 0x179, 0x17E)) return (c & 1) != 0 ? c + 1 : c;
  if (c == 0x178) return 0xFF;
  if (c == 0x386) return 0x3AC;
  if (within(c, 0x388, 0x38A)) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (within(c, 0x38E, 0x38F)) return c + 63;
  if (within(c, 0x391, 0x3AB) && c != 0x3A2) return c + 32;
  if (c == 0x3C2) return 0x3C3;
  if (within(c, 0x400, 0x40F)) return c + 80;
  if (within(c, 0x410, 0x42F)) return c + 32;
  if (within(c, 0x460, 0x480) || within(c, 0x48A, 0x4BF) || within(c, 0x4D0, 0x52F)) return c | 1;
  return c;
}

}  // namespace

Result<Unit, PathError> check_name(std::string_view name) {
  if (name.empty()) return Failure{PathError::empty_part};
  if (name.size() > max_name_bytes) return Failure{PathError::too_long};
  if (name == "." || name == "..") return Failure{PathError::dot_part};
  for (const char c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/')
      return Failure{PathError::bad_character};
  if (!is_utf8(as_bytes(name))) return Failure{PathError::not_utf8};
  return Unit{};
}

Result<Path, PathError> Path::parse(std::string_view text) {
  if (text.empty()) return Path{};
  if (text.size() > max_path_bytes) return Failure{PathError::too_long};
  std::size_t parts = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    HEARTH_CHECK(check_name(text.substr(at, end - at)));
    if (++parts > max_path_parts) return Failure{PathError::too_deep};
    at = end + 1;
  }
  return Path{std::string{text}};
}

std::string_view Path::name() const {
  const auto slash = text_.rfind('/');
  return std::string_view{text_}.substr(slash == std::string::npos ? 0 : slash + 1);
}

Path Path::parent() const {
  const auto slash = text_.rfind('/');
  return slash == std::string::npos ? Path{} : Path{text_.substr(0, slash)};
}

bool Path::is_within(const Path& other) const {
  return other.is_top() || text_ == other.text_ ||
         (text_.starts_with(other.text_) && text_[other.text_.size()] == '/');
}

Result<Path, PathError> Path::join(std::string_view name) const {
  HEARTH_CHECK(check_name(name));
  return parse(is_top() ? std::string{name} : text_ + "/" + std::string{name});
}

std::vector<std::string_view> Path::parts() const {
  std::vector<std::string_view> result;
  const std::string_view text{text_};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    result.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

std::string numbered(std::string_view name, int number) {
  const auto dot = name.rfind('.');
  // ".profile" has no extension, and what comes after a far-away dot isn't one.
  const bool has_extension = dot != std::string_view::npos && dot != 0 && name.size() - dot <= 16;
  std::string_view stem = has_extension ? name.substr(0, dot) : name;
  const std::string_view extension = has_extension ? name.substr(dot) : std::string_view{};
  if (stem.ends_with(')')) {
    const auto open = stem.rfind(" (");
    if (open != std::string_view::npos && open != 0 && stem.size() - open - 3 >= 1 &&
        stem.size() - open - 3 <= 6 &&
        std::ranges::all_of(stem.substr(open + 2, stem.size() - open - 3),
                            [](char c) { return c >= '0' && c <= '9'; }))
      stem = stem.substr(0, open);
  }
  const std::string suffix = " (" + std::to_string(number) + ")" + std::string{extension};
  std::size_t size = std::min(stem.size(), max_name_bytes - suffix.size());
  while (size > 0 && size < stem.size() && (static_cast<unsigned char>(stem[size]) & 0xC0) == 0x80)
    --size;
  return std::string{stem.substr(0, size)} + suffix;
}

std::string folded(std::string_view utf8) {
  std::string result;
  result.reserve(utf8.size());
  while (!utf8.empty()) {
    const auto [point, length] = decode(utf8);
    if (const auto small = lower(point); small != point)
      encode(result, small);
    else
      result.append(utf8.substr(0, length));
    utf8.remove_prefix(length);
  }
  return result;
}

std::string sort_key(std::string_view name) {
  const std::string text = folded(name);
  std::string key;
  key.reserve(text.size() + 8);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] < '0' || text[at] > '9') {
      key.push_back(text[at++]);
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    while (at + 1 < end && text[at] == '0') ++at;
    // A number sorts where digits do, first by how long it is.
    key.push_back('0');
    key.push_back(static_cast<char>(end - at));
    key.append(text, at, end - at);
    at = end;
  }
  return key;
}

std::string_view media_type(std::string_view name) {
  static constexpr std::array types = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"7z", "application/x-7z-compressed"},
      {"aac", "audio/aac"},
      {"apng", "image/apng"},
      {"avi", "video/x-msvideo"},
      {"avif", "image/avif"},
      {"bmp", "image/bmp"},
      {"c", "text/plain; charset=utf-8"},
      {"cpp", "text/plain; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"csv", "text/csv; charset=utf-8"},
      {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {"epub", "application/epub+zip"},
      {"flac", "audio/flac"},
      {"gif", "image/gif"},
      {"gz", "application/gzip"},
      {"h", "text/plain; charset=utf-8"},
      {"heic", "image/heic"},
      {"heif", "image/heif"},
      {"htm", "text/html; charset=utf-8"},
      {"html", "text/html; charset=utf-8"},
      {"ico", "image/x-icon"},
      {"jpeg", "image/jpeg"},
      {"jpg", "image/jpeg"},
      {"js", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"jxl", "image/jxl"},
      {"log", "text/plain; charset=utf-8"},
      {"m4a", "audio/mp4"},
      {"m4v", "video/mp4"},
      {"md", "text/markdown; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"mkv", "video/x-matroska"},
      {"mov", "video/quicktime"},
      {"mp3", "audio/mpeg"},
      {"mp4", "video/mp4"},
      {"mpeg", "video/mpeg"},
      {"mpg", "video/mpeg"},
      {"oga", "audio/ogg"},
      {"ogg", "audio/ogg"},
      {"ogv", "video/ogg"},
      {"opus", "audio/ogg"},
      {"otf", "font/otf"},
      {"pdf", "application/pdf"},
      {"png", "image/png"},
      {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
      {"py", "text/plain; charset=utf-8"},
      {"rar", "application/vnd.rar"},
      {"rtf", "application/rtf"},
      {"svg", "image/svg+xml"},
      {"tar", "application/x-tar"},
      {"tif", "image/tiff"},
      {"tiff", "image/tiff"},
      {"toml", "text/plain; charset=utf-8"},
      {"ts", "text/plain; charset=utf-8"},
      {"ttf", "font/ttf"},
      {"txt", "text/plain; charset=utf-8"},
      {"vtt", "text/vtt; charset=utf-8"},
      {"wasm", "application/wasm"},
      {"wav", "audio/wav"},
      {"webm", "video/webm"},
      {"webmanifest", "application/manifest+json"},
      {"webp", "image/webp"},
      {"woff", "font/woff"},
      {"woff2", "font/woff2"},
      {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {"xml", "application/xml"},
      {"yaml", "text/plain; charset=utf-8"},
      {"yml", "text/plain; charset=utf-8"},
      {"zip", "application/zip"},
  });
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  const std::string extension = folded(name.substr(dot + 1));
  const auto found =
      std::ranges::lower_bound(types, std::string_view{extension}, {},
                               &std::pair<std::string_view, std::string_view>::first);
  return found != types.end() && found->first == extension ? found->second
                                                           : "application/octet-stream";
}

}  // namespace hearth::files
