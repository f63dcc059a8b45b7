#pragma once
// SHA-256 and SHA-512 (FIPS 180-4), at once or piece by piece.

#include <array>
#include <cstddef>

#include <hearth/base/bytes.h>

namespace hearth::crypto {

using Sha256Digest = std::array<std::byte, 32>;
using Sha512Digest = std::array<std::byte, 64>;

[[nodiscard]] Sha256Digest sha256(BytesView data);
[[nodiscard]] Sha512Digest sha512(BytesView data);

/// Copyable: a copy goes on from the same point.
class Sha256 {
 public:
  Sha256();
  void update(BytesView data);
  /// Once; then the object is as newly made.
  [[nodiscard]] Sha256Digest finish();

 private:
  alignas(8) std::array<std::byte, 104> state_;
};

class Sha512 {
 public:
  Sha512();
  void update(BytesView data);
  /// Once; then the object is as newly made.
  [[nodiscard]] Sha512Digest finish();

 private:
  alignas(8) std::array<std::byte, 208> state_;
};

}  // namespace hearth::crypto
