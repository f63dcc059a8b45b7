#pragma once
// The code on the console that makes the first owner: 40 random bits, typed by a person.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>

namespace hearth::identity {

class SetupCode {
 public:
  static constexpr std::size_t size = 5;

  [[nodiscard]] static SetupCode generate(Entropy& entropy);
  [[nodiscard]] static std::optional<SetupCode> from_bytes(BytesView bytes);
  /// Crockford's base32, as a person types it: any case, `O` for 0, `I` and `L` for 1, hyphens and
  /// spaces anywhere. Nothing unless that leaves 8 characters of it.
  [[nodiscard]] static std::optional<SetupCode> parse(std::string_view text);

  /// `XXXX-XXXX`.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] BytesView bytes() const { return bytes_; }
  /// In constant time.
  [[nodiscard]] bool matches(const SetupCode& other) const;

 private:
  SetupCode() = default;
  std::array<std::byte, size> bytes_{};
};

}  // namespace hearth::identity
