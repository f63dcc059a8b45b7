#pragma once
// What a byte stream may offer besides: reading and writing without waiting.
//
// Why: a pending read needs a buffer, and thousands of idle connections would each pin one. Waiting
// for readiness first lets them all share the host's scratch buffers.

#include <cstddef>
#include <optional>

#include <hearth/loop/byte_stream.h>

namespace hearth::libp2p {

/// Found by dynamic_cast of a ByteStream.
class DirectAccess {
 public:
  virtual ~DirectAccess() = default;
  /// Returns when try_read() has something to say; may return early.
  virtual loop::Task<void> wait_readable() = 0;
  /// Nothing when it would wait; 0 at a clean end. Throws system_error on reset or loss.
  [[nodiscard]] virtual std::optional<std::size_t> try_read(MutableBytes out) = 0;
  /// How many bytes, from the front, were taken. Throws system_error on reset or loss.
  [[nodiscard]] virtual std::size_t try_write(BytesView data) = 0;
};

}  // namespace hearth::libp2p
