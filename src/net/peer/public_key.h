#pragma once
// A public key as libp2p writes it: protobuf {1: type, 2: data}, always in the same bytes.
// https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md

#include <cstdint>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>

namespace hearth::peer {

/// What can be wrong with keys, ids and signed statements from peers.
enum class PeerError : std::uint8_t {
  malformed,        ///< not the encoding it should be, or not the only one allowed
  unsupported_key,  ///< a well-formed key of a type we can't verify with
  bad_key,          ///< not a usable point
  bad_signature,
  wrong_payload,  ///< a signed envelope about something else
  wrong_peer,     ///< signed by another peer than the one it speaks of
};

enum class KeyType : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

/// Largest encoding we read: an RSA key of 8192 bits.
inline constexpr std::size_t max_public_key_size = 1100;

struct KeyParts {
  KeyType type{};
  BytesView data;  ///< points into the input
};

/// Takes the canonical form only, so that a key has one encoding and thus one peer id. Error:
/// malformed.
[[nodiscard]] Result<KeyParts, PeerError> read_public_key(BytesView encoded);

/// 36 bytes: 08 01 12 20 and the key.
[[nodiscard]] Bytes encode_public_key(const crypto::Ed25519PublicKey& key);

/// Errors: malformed, unsupported_key, bad_key.
[[nodiscard]] Result<crypto::Ed25519PublicKey, PeerError> decode_public_key(BytesView encoded);

}  // namespace hearth::peer
