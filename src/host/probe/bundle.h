#pragma once
// A signed bundle of the shell (docs/protocol/bundle.md): which files it consists of, and who says
// so.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>

namespace hearth::probe {

struct BundleFile {
  std::string sha256;  ///< hexadecimal, lower case
  std::uint64_t size = 0;
};

struct Bundle {
  static constexpr std::size_t max_bytes = 256 << 10;
  static constexpr std::size_t max_files = 1000;
  static constexpr std::size_t max_keys = 8;
  static constexpr std::uint64_t max_total = 64 << 20;

  std::uint64_t version = 0;
  std::vector<std::string> keys;  ///< who may sign what comes after it; base64url
  std::uint64_t threshold = 1;    ///< how many of them have to
  std::map<std::string, BundleFile, std::less<>> files;  ///< by path, with /index.html and /sw.js
  std::string manifest;                                  ///< what is signed, without its label
  std::map<std::string, std::string, std::less<>> signatures;  ///< by key
};

enum class BundleError : std::uint8_t { malformed };

/// Its form alone. `text` is what a server sent.
[[nodiscard]] Result<Bundle, BundleError> parse_bundle(std::string_view text);

/// Whether as many of the keys that `trusted` names have signed `bundle` as it wants.
[[nodiscard]] bool is_signed_for(const Bundle& bundle, const Bundle& trusted);

}  // namespace hearth::probe
