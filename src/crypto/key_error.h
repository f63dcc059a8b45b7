#pragma once

#include <cstdint>

namespace hearth::crypto {

enum class KeyError : std::uint8_t {
  wrong_size,
  /// Not on the curve, not canonical, of small order, or outside the prime-order group.
  invalid_point,
  /// A scalar that is zero or not reduced.
  invalid_scalar,
  /// A key agreement that yields all zeros: the peer's point has small order (RFC 7748 §6.1).
  weak_agreement,
};

}  // namespace hearth::crypto
