#include <hearth/codec/protobuf.h>
#include <hearth/peer/public_key.h>

namespace hearth::peer {

Result<KeyParts, PeerError> read_public_key(BytesView encoded) {
  if (encoded.size() > max_public_key_size) return Failure{PeerError::malformed};
  codec::ProtoReader reader{encoded};
  const auto type = reader.next();
  if (!type || !*type || (*type)->number != 1) return Failure{PeerError::malformed};
  const auto data = reader.next();
  if (!data || !*data || (*data)->number != 2) return Failure{PeerError::malformed};
  const auto type_value = (*type)->varint();
  const auto data_value = (*data)->bytes();
  if (!type_value || !data_value || *type_value > 3) return Failure{PeerError::malformed};
  const KeyParts parts{.type = static_cast<KeyType>(*type_value), .data = *data_value};
  const Bytes canonical = codec::ProtoWriter{}.varint(1, *type_value).bytes(2, parts.data).take();
  if (!equal(canonical, encoded)) return Failure{PeerError::malformed};
  if (parts.type == KeyType::ed25519 && parts.data.size() != crypto::Ed25519PublicKey::size)
    return Failure{PeerError::malformed};
  if (parts.type == KeyType::secp256k1 && parts.data.size() != 33)
    return Failure{PeerError::malformed};
  return parts;
}

Bytes encode_public_key(const crypto::Ed25519PublicKey& key) {
  return codec::ProtoWriter{}
      .varint(1, static_cast<std::uint64_t>(KeyType::ed25519))
      .bytes(2, key.bytes())
      .take();
}

Result<crypto::Ed25519PublicKey, PeerError> decode_public_key(BytesView encoded) {
  HEARTH_TRY(const KeyParts parts, read_public_key(encoded));
  if (parts.type != KeyType::ed25519) return Failure{PeerError::unsupported_key};
  const auto key = crypto::Ed25519PublicKey::create(parts.data);
  if (!key) return Failure{PeerError::bad_key};
  return *key;
}

}  // namespace hearth::peer
