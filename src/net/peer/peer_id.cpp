#include <hearth/codec/base58.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/codec/multihash.h>
#include <hearth/crypto/sha2.h>
#include <hearth/peer/peer_id.h>

namespace hearth::peer {
namespace {

using codec::HashCode;

// Keys up to this size are their own hash.
constexpr std::size_t max_inline_key = 42;

}  // namespace

PeerId PeerId::from_public_key(const crypto::Ed25519PublicKey& key) {
  return PeerId{codec::encode_multihash(HashCode::identity, encode_public_key(key))};
}

Result<PeerId, PeerError> PeerId::parse(std::string_view text) {
  const auto bytes = codec::parse_peer_id(text);
  if (!bytes) return Failure{PeerError::malformed};
  return from_bytes(*bytes);
}

Result<PeerId, PeerError> PeerId::from_bytes(BytesView multihash) {
  const auto hash = codec::read_multihash(multihash);
  if (!hash) return Failure{PeerError::malformed};
  if (hash->code == HashCode::identity) {
    if (hash->digest.size() > max_inline_key) return Failure{PeerError::malformed};
    HEARTH_CHECK(read_public_key(hash->digest));
  } else if (hash->code != HashCode::sha2_256) {
    return Failure{PeerError::malformed};
  }
  return PeerId{to_bytes(multihash)};
}

Result<PeerId, PeerError> PeerId::from_encoded_key(BytesView encoded_key) {
  HEARTH_CHECK(read_public_key(encoded_key));
  if (encoded_key.size() <= max_inline_key)
    return PeerId{codec::encode_multihash(HashCode::identity, encoded_key)};
  return PeerId{codec::encode_multihash(HashCode::sha2_256, crypto::sha256(encoded_key))};
}

std::string PeerId::to_string() const {
  return codec::base58_encode(bytes_);
}

std::optional<crypto::Ed25519PublicKey> PeerId::ed25519() const {
  const auto hash = codec::read_multihash(bytes_);
  if (!hash || hash->code != HashCode::identity) return std::nullopt;
  const auto key = decode_public_key(hash->digest);
  if (!key) return std::nullopt;
  return *key;
}

}  // namespace hearth::peer
