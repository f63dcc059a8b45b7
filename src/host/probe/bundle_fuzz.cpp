#include <cstdint>
#include <cstdlib>

#include <hearth/probe/bundle.h>

using namespace hearth;

// Whatever a flock sends: what is taken keeps to its bounds, and nobody has signed it by chance.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto bundle = probe::parse_bundle(text);
  if (!bundle) return 0;
  if (bundle->version == 0 || bundle->keys.empty() || bundle->threshold > bundle->keys.size() ||
      bundle->files.size() > probe::Bundle::max_files || !bundle->files.contains("/index.html"))
    std::abort();
  (void)probe::is_signed_for(*bundle, *bundle);
  return 0;
}
