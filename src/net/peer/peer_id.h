#pragma once
// PeerId: libp2p's name of a host, the multihash of its public key.
// https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/peer/public_key.h>

namespace hearth::peer {

/// Small keys (Ed25519) stand in it whole, as an identity multihash; of large ones (RSA) it has the
/// SHA-256. Never empty. Text and bytes map one to one; equal ids are equal keys.
class PeerId {
 public:
  [[nodiscard]] static PeerId from_public_key(const crypto::Ed25519PublicKey& key);
  /// Base58 (`12D3KooW…`, `Qm…`), or CIDv1 of a libp2p key (`bafzaa…`). Error: malformed.
  [[nodiscard]] static Result<PeerId, PeerError> parse(std::string_view text);
  /// The binary multihash, whole. Error: malformed.
  [[nodiscard]] static Result<PeerId, PeerError> from_bytes(BytesView multihash);
  /// Of an encoded public key of any type. Error: malformed.
  [[nodiscard]] static Result<PeerId, PeerError> from_encoded_key(BytesView encoded_key);

  /// The binary multihash: 38 bytes for Ed25519.
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  /// Base58.
  [[nodiscard]] std::string to_string() const;
  /// The key, when the id holds one that is Ed25519 and a valid point.
  [[nodiscard]] std::optional<crypto::Ed25519PublicKey> ed25519() const;

  friend auto operator<=>(const PeerId&, const PeerId&) = default;

 private:
  explicit PeerId(Bytes bytes) : bytes_(std::move(bytes)) {}
  Bytes bytes_;
};

}  // namespace hearth::peer

template <>
struct std::hash<hearth::peer::PeerId> {
  std::size_t operator()(const hearth::peer::PeerId& id) const {
    return std::hash<std::string_view>{}(hearth::as_text(id.bytes()));
  }
};
