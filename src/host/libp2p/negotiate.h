#pragma once
// Agreeing on a stream's protocol (multistream-select) over any byte stream.

#include <memory>
#include <string>
#include <vector>

#include <hearth/loop/byte_stream.h>
#include <hearth/multistream/negotiator.h>

namespace hearth::libp2p {

/// Returns the agreed protocol; bytes after the agreement stay unread. Throws system_error:
/// no_protocol_option when nothing is agreed, or what the stream throws. The caller bounds the
/// time.
loop::Task<std::string> negotiate(loop::ByteStream& stream, multistream::Negotiator negotiator);

}  // namespace hearth::libp2p
