#pragma once
// CRC32C (RFC 9260 Appendix A), by the processor's instruction where there is one.

#include <cstdint>

#include <hearth/base/bytes.h>

namespace hearth::sctp {

[[nodiscard]] std::uint32_t crc32c(BytesView data);

/// Whether a packet (common header and chunks) is long enough and carries its right checksum.
[[nodiscard]] bool has_valid_checksum(BytesView packet);
/// Writes the checksum of a packet of at least 12 bytes into it.
void write_checksum(MutableBytes packet);

}  // namespace hearth::sctp
