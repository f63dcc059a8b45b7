#include <array>
#include <cstddef>
#include <string_view>

#include <hearth/ice/credentials.h>

namespace hearth::ice {

namespace {
std::string random_text(Entropy& entropy, std::size_t size) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::byte, 32> random;
  entropy.fill(random);
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = alphabet[std::to_integer<std::size_t>(random[i]) % alphabet.size()];
  return text;
}
}  // namespace

Credentials Credentials::generate(Entropy& entropy) {
  return {.ufrag = random_text(entropy, 8), .password = random_text(entropy, 24)};
}

}  // namespace hearth::ice
