#pragma once
// Secret bytes: moved, never copied by accident, and wiped when they go.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>

namespace hearth::crypto {

/// Overwrites with zeros in a way the optimiser must keep.
void wipe(MutableBytes bytes);

/// Exactly `Size` secret bytes. Move-only; a moved-from Secret holds zeros.
template <std::size_t Size>
class Secret {
 public:
  /// All zeros, to be filled through mutable_bytes().
  Secret() = default;
  explicit Secret(std::span<const std::byte, Size> bytes) {
    std::ranges::copy(bytes, bytes_.begin());
  }
  [[nodiscard]] static Secret generate(Entropy& entropy) {
    Secret secret;
    entropy.fill(secret.bytes_);
    return secret;
  }
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  /// A second copy, on purpose.
  [[nodiscard]] Secret clone() const { return Secret{bytes()}; }
  /// Borrowed.
  [[nodiscard]] std::span<const std::byte, Size> bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::byte, Size> mutable_bytes() { return bytes_; }

 private:
  std::array<std::byte, Size> bytes_{};
};

}  // namespace hearth::crypto
