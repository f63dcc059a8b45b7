#pragma once
// HKDF (RFC 5869) over SHA-256 and SHA-512.

#include <cstddef>

#include <hearth/base/bytes.h>
#include <hearth/crypto/sha2.h>

namespace hearth::crypto {

[[nodiscard]] Sha256Digest hkdf_sha256_extract(BytesView salt, BytesView ikm);
/// `size` at most 255 * 32.
[[nodiscard]] Bytes hkdf_sha256_expand(BytesView prk, BytesView info, std::size_t size);

[[nodiscard]] Sha512Digest hkdf_sha512_extract(BytesView salt, BytesView ikm);
/// `size` at most 255 * 64.
[[nodiscard]] Bytes hkdf_sha512_expand(BytesView prk, BytesView info, std::size_t size);

}  // namespace hearth::crypto
