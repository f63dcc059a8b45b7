#pragma once
// The oblivious pseudorandom function of RFC 9497, mode OPRF (0x00), ristretto255-SHA512.
//
// The client learns PRF(key, input) and the server learns nothing about the input.

#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/crypto/secret.h>
#include <hearth/opaque/error.h>

namespace hearth::opaque {

/// RFC 9380 §5.3.1, expand_message_xmd with SHA-512. `dst` at most 255 bytes, `size` at most 255
/// * 64.
[[nodiscard]] Bytes expand_message_xmd(BytesView message, BytesView dst, std::size_t size);

/// RFC 9497 §3.2.1, DeriveKeyPair; the public key is Ristretto255Element::base of the result.
[[nodiscard]] crypto::Ristretto255Scalar derive_private_key(BytesView seed, std::string_view info);

/// RFC 9497 §3.3.1, Blind. `invalid_password` when the input hashes to the identity.
[[nodiscard]] Result<crypto::Ristretto255Element, Error> oprf_blind(
    BytesView input, const crypto::Ristretto255Scalar& blind);

/// RFC 9497 §3.3.1, BlindEvaluate.
[[nodiscard]] crypto::Ristretto255Element oprf_evaluate(const crypto::Ristretto255Scalar& key,
                                                        const crypto::Ristretto255Element& blinded);

/// RFC 9497 §3.3.1, Finalize: the function's 64 bytes. `input` at most 65,535 bytes.
[[nodiscard]] crypto::Secret<64> oprf_finalize(BytesView input,
                                               const crypto::Ristretto255Scalar& blind,
                                               const crypto::Ristretto255Element& evaluated);

}  // namespace hearth::opaque
