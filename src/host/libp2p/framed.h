#pragma once
// Messages behind a uvarint of their size, on a byte stream.

#include <cstddef>

#include <hearth/base/bytes.h>
#include <hearth/loop/byte_stream.h>

namespace hearth::libp2p {

/// Reads one message and nothing beyond it. Throws system_error: message_size above `max_bytes` or
/// for a size that isn't one, eof, or what the stream throws. The caller bounds the time.
loop::Task<Bytes> read_framed(loop::ByteStream& stream, std::size_t max_bytes);
loop::Task<void> write_framed(loop::ByteStream& stream, Bytes message);

}  // namespace hearth::libp2p
