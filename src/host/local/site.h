#pragma once
// A bundle of static files, held in memory: nothing a request says ever becomes a path on disk.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <hearth/http/message.h>

namespace hearth::local {

class Site {
 public:
  /// Reads every regular file below `directory` (64 MiB at most). `x.br` beside `x` is served to
  /// those who accept it. Throws std::filesystem::filesystem_error, or std::length_error when there
  /// is too much.
  [[nodiscard]] static Site load(const std::filesystem::path& directory);
  /// The same, but only when every file is as `SHA256SUMS` there lists it, and none is missing or
  /// more: what was built is what is served. Throws std::runtime_error that names the file, too.
  [[nodiscard]] static Site load_checked(const std::filesystem::path& directory);

  /// The file at `path`, or, for a path without one, the file `fallback` ("" for none, then 404).
  /// Answers GET and HEAD, with ETag and 304; names holding a hash (`/assets/…`) may be kept for a
  /// year.
  [[nodiscard]] http::Response get(const http::Request& request, std::string_view path,
                                   std::string_view fallback) const;
  [[nodiscard]] bool has(std::string_view path) const { return files_.contains(path); }
  /// The content of the file at `path`.
  [[nodiscard]] std::optional<std::string_view> text(std::string_view path) const;

 private:
  struct File {
    std::shared_ptr<const std::string> content;
    std::string digest;  ///< SHA-256, hexadecimal
    std::string etag;
    std::string type;
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace hearth::local
