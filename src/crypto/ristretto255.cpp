#include <algorithm>
#include <utility>

#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/ristretto255.h>

namespace hearth::crypto {

Result<Ristretto255Scalar, KeyError> Ristretto255Scalar::create(BytesView bytes) {
  ensure_sodium();
  if (bytes.size() != size) return Failure{KeyError::wrong_size};
  // Reduced exactly when reducing changes nothing.
  Secret<64> wide;
  std::ranges::copy(bytes, wide.mutable_bytes().begin());
  auto scalar = reduce(wide.bytes());
  if (!scalar || sodium_memcmp(scalar->bytes().data(), bytes.data(), size) != 0)
    return Failure{KeyError::invalid_scalar};
  return scalar;
}

Result<Ristretto255Scalar, KeyError> Ristretto255Scalar::reduce(
    std::span<const std::byte, 64> bytes) {
  ensure_sodium();
  Ristretto255Scalar scalar;
  crypto_core_ristretto255_scalar_reduce(raw(MutableBytes{scalar.bytes_.mutable_bytes()}),
                                         raw(bytes));
  if (sodium_is_zero(raw(scalar.bytes()), size)) return Failure{KeyError::invalid_scalar};
  return scalar;
}

Ristretto255Scalar Ristretto255Scalar::generate(Entropy& entropy) {
  for (;;) {
    const auto wide = Secret<64>::generate(entropy);
    if (auto scalar = reduce(wide.bytes())) return std::move(*scalar);
  }
}

Ristretto255Scalar Ristretto255Scalar::clone() const {
  Ristretto255Scalar copy;
  copy.bytes_ = bytes_.clone();
  return copy;
}

Ristretto255Scalar Ristretto255Scalar::inverse() const {
  Ristretto255Scalar result;
  HEARTH_ASSERT(crypto_core_ristretto255_scalar_invert(
                    raw(MutableBytes{result.bytes_.mutable_bytes()}), raw(bytes())) == 0);
  return result;
}

Result<Ristretto255Element, KeyError> Ristretto255Element::create(BytesView bytes) {
  ensure_sodium();
  if (bytes.size() != size) return Failure{KeyError::wrong_size};
  // libsodium 1.0.18 overlooks the topmost bit, which no element's encoding has (RFC 9496
  // section 4.3.1).
  if ((bytes.back() & std::byte{0x80}) != std::byte{0}) return Failure{KeyError::invalid_point};
  if (crypto_core_ristretto255_is_valid_point(raw(bytes)) != 1 || sodium_is_zero(raw(bytes), size))
    return Failure{KeyError::invalid_point};
  Ristretto255Element element;
  std::ranges::copy(bytes, element.bytes_.begin());
  return element;
}

Result<Ristretto255Element, KeyError> Ristretto255Element::map(
    std::span<const std::byte, 64> uniform) {
  ensure_sodium();
  Ristretto255Element element;
  crypto_core_ristretto255_from_hash(raw(MutableBytes{element.bytes_}), raw(uniform));
  if (sodium_is_zero(raw(element.bytes()), size)) return Failure{KeyError::invalid_point};
  return element;
}

Ristretto255Element Ristretto255Element::base(const Ristretto255Scalar& scalar) {
  ensure_sodium();
  Ristretto255Element element;
  HEARTH_ASSERT(crypto_scalarmult_ristretto255_base(raw(MutableBytes{element.bytes_}),
                                                    raw(scalar.bytes())) == 0);
  return element;
}

Ristretto255Element Ristretto255Element::multiply(const Ristretto255Scalar& scalar) const {
  Ristretto255Element element;
  // Prime order: neither factor is zero, so the product isn't.
  HEARTH_ASSERT(crypto_scalarmult_ristretto255(raw(MutableBytes{element.bytes_}),
                                               raw(scalar.bytes()), raw(bytes())) == 0);
  return element;
}

}  // namespace hearth::crypto
