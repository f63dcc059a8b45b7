#include <hearth/codec/base64.h>
#include <hearth/identity/id.h>

namespace hearth::identity {
namespace detail {

Result<crypto::Ed25519PublicKey, IdentityError> key_from_bytes(BytesView bytes) {
  auto key = crypto::Ed25519PublicKey::create(bytes);
  if (!key) return Failure{IdentityError::bad_key};
  return *key;
}

Result<crypto::Ed25519PublicKey, IdentityError> key_from_text(std::string_view text) {
  if (text.size() != RootId::text_size) return Failure{IdentityError::malformed};
  const auto bytes = codec::base64url_decode(text);
  if (!bytes) return Failure{IdentityError::malformed};
  return key_from_bytes(*bytes);
}

std::string key_to_text(const crypto::Ed25519PublicKey& key) {
  return codec::base64url_encode(key.bytes());
}

}  // namespace detail

peer::PeerId peer_of(const DeviceId& device) {
  return peer::PeerId::from_public_key(device.key());
}

std::optional<DeviceId> device_of(const peer::PeerId& peer) {
  const auto key = peer.ed25519();
  if (!key) return std::nullopt;
  return DeviceId{*key};
}

}  // namespace hearth::identity
