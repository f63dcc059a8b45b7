#pragma once
// CRC-32 (ISO-HDLC, as in zip and Ethernet): for STUN's FINGERPRINT (RFC 8489 §14.7).

#include <cstdint>

#include <hearth/base/bytes.h>

namespace hearth::crypto {

[[nodiscard]] std::uint32_t crc32(BytesView data);

}  // namespace hearth::crypto
