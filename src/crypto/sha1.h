#pragma once
// SHA-1 (FIPS 180-4), for the WebSocket handshake (RFC 6455 section 4.2.2) and nothing else: it is
// broken for signatures.

#include <hearth/base/bytes.h>
#include <hearth/crypto/hmac.h>

namespace hearth::crypto {

[[nodiscard]] Sha1Digest sha1(BytesView data);

}  // namespace hearth::crypto
