#include <algorithm>
#include <cstdint>

#include <hearth/crypto/constant_time.h>
#include <hearth/identity/setup_code.h>

namespace hearth::identity {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t characters = 8;

std::optional<std::uint64_t> value_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const std::size_t at = alphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return at;
}

}  // namespace

SetupCode SetupCode::generate(Entropy& entropy) {
  SetupCode code;
  entropy.fill(code.bytes_);
  return code;
}

std::optional<SetupCode> SetupCode::from_bytes(BytesView bytes) {
  if (bytes.size() != size) return std::nullopt;
  SetupCode code;
  std::ranges::copy(bytes, code.bytes_.begin());
  return code;
}

std::optional<SetupCode> SetupCode::parse(std::string_view text) {
  std::uint64_t bits = 0;
  std::size_t count = 0;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const auto value = value_of(c);
    if (!value || ++count > characters) return std::nullopt;
    bits = bits << 5 | *value;
  }
  if (count != characters) return std::nullopt;
  SetupCode code;
  for (std::size_t i = size; i-- > 0; bits >>= 8)
    code.bytes_[i] = static_cast<std::byte>(bits & 0xff);
  return code;
}

std::string SetupCode::to_string() const {
  std::uint64_t bits = 0;
  for (const std::byte b : bytes_) bits = bits << 8 | std::to_integer<std::uint64_t>(b);
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    if (i == characters / 2) text += '-';
    text += alphabet[(bits >> (5 * (characters - 1 - i))) & 31];
  }
  return text;
}

bool SetupCode::matches(const SetupCode& other) const {
  return crypto::constant_time_equal(bytes_, other.bytes_);
}

}  // namespace hearth::identity
