#include <hearth/codec/multihash.h>
#include <hearth/codec/varint.h>

namespace hearth::codec {

Result<Multihash, CodecError> read_multihash(BytesView bytes) {
  Reader reader{bytes};
  HEARTH_TRY(const std::uint64_t code, read_uvarint(reader));
  HEARTH_TRY(const BytesView digest, read_length_prefixed(reader, max_multihash_digest));
  if (!reader.empty()) return Failure{CodecError::trailing_bytes};
  const Multihash hash{.code = static_cast<HashCode>(code), .digest = digest};
  if (hash.code == HashCode::sha2_256 && digest.size() != 32)
    return Failure{CodecError::bad_length};
  if (hash.code == HashCode::sha2_512 && digest.size() != 64)
    return Failure{CodecError::bad_length};
  return hash;
}

Bytes encode_multihash(HashCode code, BytesView digest) {
  Bytes out;
  append_uvarint(out, static_cast<std::uint64_t>(code));
  append_length_prefixed(out, digest);
  return out;
}

}  // namespace hearth::codec
