#pragma once
// Self-describing hashes: uvarint code, uvarint length, digest.
// https://github.com/multiformats/multihash

#include <cstddef>
#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

enum class HashCode : std::uint64_t { identity = 0x00, sha2_256 = 0x12, sha2_512 = 0x13 };

/// The parts of one multihash; `digest` points into what it was read from.
struct Multihash {
  HashCode code = HashCode::identity;
  BytesView digest;
};

inline constexpr std::size_t max_multihash_digest = 128;

/// A whole multihash and nothing after it. Codes without an entry above are passed through.
/// Errors: truncated, not_minimal, too_large, trailing_bytes, bad_length (a SHA-2 digest of another
/// size).
[[nodiscard]] Result<Multihash, CodecError> read_multihash(BytesView bytes);

[[nodiscard]] Bytes encode_multihash(HashCode code, BytesView digest);

}  // namespace hearth::codec
