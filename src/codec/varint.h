#pragma once
// Unsigned varints of multiformats: 7 bits a byte, least significant first, minimal, 9 bytes at
// most. https://github.com/multiformats/unsigned-varint

#include <cstddef>
#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

inline constexpr std::size_t max_uvarint_size = 9;
inline constexpr std::uint64_t max_uvarint = (std::uint64_t{1} << 63) - 1;

/// Bytes that `value` takes: 1 to 9. `value` is at most `max_uvarint`.
[[nodiscard]] std::size_t uvarint_size(std::uint64_t value);

/// `value` is at most `max_uvarint`.
void append_uvarint(Bytes& out, std::uint64_t value);

/// Errors: truncated (more bytes are needed), not_minimal, too_large. A failed read consumes
/// nothing.
[[nodiscard]] Result<std::uint64_t, CodecError> read_uvarint(Reader& reader);

/// `bytes` behind its length as a uvarint.
void append_length_prefixed(Bytes& out, BytesView bytes);

/// A view of what append_length_prefixed wrote, of `max_size` bytes at most. A failed read consumes
/// nothing.
[[nodiscard]] Result<BytesView, CodecError> read_length_prefixed(Reader& reader,
                                                                 std::size_t max_size);

}  // namespace hearth::codec
