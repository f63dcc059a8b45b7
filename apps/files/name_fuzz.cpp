#include <cstdint>
#include <cstdlib>

#include "name.h"
#include <hearth/base/bytes.h>

using namespace hearth;

// A path that is taken can't leave its folder, and everything made of its names is a name again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(std::as_bytes(std::span{data, size}));
  const auto path = files::Path::parse(text);
  if (!path) return 0;
  std::string joined;
  for (const auto part : path->parts()) {
    if (!files::check_name(part) || !files::check_name(files::numbered(part, 2))) std::abort();
    const std::string small = files::folded(part);
    if (!is_utf8(as_bytes(small)) || files::folded(small) != small) std::abort();
    (void)files::sort_key(part);
    (void)files::media_type(part);
    joined += (joined.empty() ? "" : "/") + std::string{part};
  }
  if (joined != text || !path->is_within(path->parent())) std::abort();
  return 0;
}
