#pragma once
// HMAC (RFC 2104). Keys of any length.

#include <array>
#include <cstddef>
#include <initializer_list>

#include <hearth/base/bytes.h>
#include <hearth/crypto/sha2.h>

namespace hearth::crypto {

using Sha1Digest = std::array<std::byte, 20>;

/// For STUN's MESSAGE-INTEGRITY (RFC 8489 §14.5) and nothing else.
[[nodiscard]] Sha1Digest hmac_sha1(BytesView key, BytesView data);
[[nodiscard]] Sha256Digest hmac_sha256(BytesView key, BytesView data);
[[nodiscard]] Sha512Digest hmac_sha512(BytesView key, BytesView data);

/// Over the parts in order, as if they were one; nothing is copied.
[[nodiscard]] Sha256Digest hmac_sha256(BytesView key, std::initializer_list<BytesView> parts);
[[nodiscard]] Sha512Digest hmac_sha512(BytesView key, std::initializer_list<BytesView> parts);

}  // namespace hearth::crypto
