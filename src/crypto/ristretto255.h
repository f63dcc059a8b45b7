#pragma once
// The ristretto255 group (RFC 9496): prime order, one encoding per element.

#include <array>
#include <cstddef>
#include <span>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/key_error.h>
#include <hearth/crypto/secret.h>

namespace hearth::crypto {

/// An integer modulo the group's order, from 1 to order - 1. Secret: move-only and wiped.
class Ristretto255Scalar {
 public:
  static constexpr std::size_t size = 32;

  /// 32 bytes, little endian, reduced and not zero; `wrong_size` or `invalid_scalar`.
  [[nodiscard]] static Result<Ristretto255Scalar, KeyError> create(BytesView bytes);
  /// 64 uniform bytes, little endian, reduced; `invalid_scalar` when the result is zero (never by
  /// chance).
  [[nodiscard]] static Result<Ristretto255Scalar, KeyError> reduce(
      std::span<const std::byte, 64> bytes);
  /// Uniform: 64 bytes of entropy, reduced.
  [[nodiscard]] static Ristretto255Scalar generate(Entropy& entropy);

  [[nodiscard]] Ristretto255Scalar clone() const;
  [[nodiscard]] Ristretto255Scalar inverse() const;
  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView bytes() const { return bytes_.bytes(); }

 private:
  Ristretto255Scalar() = default;
  Secret<size> bytes_;
};

/// An element other than the identity.
class Ristretto255Element {
 public:
  static constexpr std::size_t size = 32;

  /// The canonical 32 bytes; `wrong_size`, or `invalid_point` (the identity is refused, too).
  [[nodiscard]] static Result<Ristretto255Element, KeyError> create(BytesView bytes);
  /// The one-way map of RFC 9496 §4.3.4, from 64 uniform bytes; `invalid_point` for the identity.
  [[nodiscard]] static Result<Ristretto255Element, KeyError> map(
      std::span<const std::byte, 64> uniform);
  /// scalar * generator.
  [[nodiscard]] static Ristretto255Element base(const Ristretto255Scalar& scalar);

  [[nodiscard]] Ristretto255Element multiply(const Ristretto255Scalar& scalar) const;
  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView bytes() const { return bytes_; }

  friend bool operator==(const Ristretto255Element&, const Ristretto255Element&) = default;

 private:
  Ristretto255Element() = default;
  std::array<std::byte, size> bytes_{};
};

}  // namespace hearth::crypto
