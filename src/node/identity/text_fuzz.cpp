// Links, setup codes, recovery words and ids as somebody pastes them: what parses writes itself and
// parses again to the same.

#include <cstdint>
#include <cstdlib>
#include <string>

#include <hearth/identity/link.h>
#include <hearth/identity/recovery.h>
#include <hearth/identity/setup_code.h>

using namespace hearth;
using namespace hearth::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto link = Link::parse(text)) {
    const std::string fragment = link->fragment();
    if (!text.ends_with(fragment) || Link::parse(fragment) != *link) std::abort();
  }
  if (const auto code = SetupCode::parse(text)) {
    const auto again = SetupCode::parse(code->to_string());
    if (!again || !again->matches(*code)) std::abort();
  }
  if (const auto seed = seed_from_words(text)) {
    std::string words;
    for (const auto word : recovery_words(seed->bytes())) words += std::string{word} + " ";
    if (!equal(seed_from_words(words)->bytes(), seed->bytes())) std::abort();
  }
  if (const auto root = RootId::parse(text); root && root->to_string() != text) std::abort();
  return 0;
}
