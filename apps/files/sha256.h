#pragma once
// SHA-256 with the processor's own instructions: uploads are summed as they arrive.

#include <array>
#include <cstddef>

#include <hearth/base/bytes.h>

namespace hearth::files {

class Sha256 {
 public:
  Sha256();
  void update(BytesView bytes);
  /// Of all so far; the sum can go on.
  [[nodiscard]] std::array<std::byte, 32> digest() const;

 private:
  alignas(8) std::array<std::byte, 128> state_;
};

}  // namespace hearth::files
