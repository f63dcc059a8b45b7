#pragma once
// Names and paths as people give them: what is allowed, how they sort, what "the same but for case"
// means.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>

namespace hearth::files {

enum class PathError : std::uint8_t {
  too_long,
  too_deep,
  empty_part,
  dot_part,
  bad_character,
  not_utf8
};

inline constexpr std::size_t max_path_bytes = 4096;
inline constexpr std::size_t max_path_parts = 64;
inline constexpr std::size_t max_name_bytes = 255;

/// One name: 1 to 255 bytes of UTF-8, not "." or "..", without '/', NUL and other control
/// characters.
[[nodiscard]] Result<Unit, PathError> check_name(std::string_view name);

/// A checked path below the top folder, which is "".
class Path {
 public:
  Path() = default;
  [[nodiscard]] static Result<Path, PathError> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_top() const { return text_.empty(); }
  /// The last part; empty for the top.
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] Path parent() const;
  /// Whether this is `other` or below it.
  [[nodiscard]] bool is_within(const Path& other) const;
  [[nodiscard]] Result<Path, PathError> join(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> parts() const;
  friend auto operator<=>(const Path&, const Path&) = default;

 private:
  explicit Path(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// "a.jpg" as "a (2).jpg"; "a (2).jpg" as "a (3).jpg" for number 3; cut at a character so that it
/// stays a valid name.
[[nodiscard]] std::string numbered(std::string_view name, int number);

/// Lower case of ASCII, Latin, Greek and Cyrillic letters, byte for byte valid UTF-8 in and out;
/// everything else unchanged.
[[nodiscard]] std::string folded(std::string_view utf8);

/// Compare these by bytes to sort names as people count: folded, "a2" before "a10".
[[nodiscard]] std::string sort_key(std::string_view name);

/// By the name's extension; "application/octet-stream" for what isn't known.
[[nodiscard]] std::string_view media_type(std::string_view name);

}  // namespace hearth::files
