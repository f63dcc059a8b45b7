#pragma once
// Roots, personas and devices: Ed25519 public keys that are never taken for one another.

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/error.h>
#include <hearth/peer/peer_id.h>

namespace hearth::identity {

namespace detail {
[[nodiscard]] Result<crypto::Ed25519PublicKey, IdentityError> key_from_bytes(BytesView bytes);
[[nodiscard]] Result<crypto::Ed25519PublicKey, IdentityError> key_from_text(std::string_view text);
[[nodiscard]] std::string key_to_text(const crypto::Ed25519PublicKey& key);
}  // namespace detail

/// 32 bytes; as text the 43 characters of their base64url.
template <class Tag>
class Id {
 public:
  static constexpr std::size_t text_size = 43;

  explicit Id(const crypto::Ed25519PublicKey& key) : key_(key) {}
  /// `bad_key` unless 32 bytes that are a key.
  [[nodiscard]] static Result<Id, IdentityError> from_bytes(BytesView bytes) {
    HEARTH_TRY(const auto key, detail::key_from_bytes(bytes));
    return Id{key};
  }
  /// `malformed` or `bad_key`.
  [[nodiscard]] static Result<Id, IdentityError> parse(std::string_view text) {
    HEARTH_TRY(const auto key, detail::key_from_text(text));
    return Id{key};
  }

  [[nodiscard]] const crypto::Ed25519PublicKey& key() const { return key_; }
  /// 32 bytes. Borrowed.
  [[nodiscard]] BytesView bytes() const { return key_.bytes(); }
  [[nodiscard]] std::string to_string() const { return detail::key_to_text(key_); }

  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  crypto::Ed25519PublicKey key_;
};

using RootId = Id<struct RootTag>;
using PersonaId = Id<struct PersonaTag>;
using DeviceId = Id<struct DeviceTag>;

/// The PeerId of a browser or CLI is its device key, and an appliance's device key is its host key.
[[nodiscard]] peer::PeerId peer_of(const DeviceId& device);
/// Nothing for a PeerId that holds no Ed25519 key.
[[nodiscard]] std::optional<DeviceId> device_of(const peer::PeerId& peer);

}  // namespace hearth::identity

template <class Tag>
struct std::hash<hearth::identity::Id<Tag>> {
  std::size_t operator()(const hearth::identity::Id<Tag>& id) const {
    return std::hash<std::string_view>{}(hearth::as_text(id.bytes()));
  }
};
