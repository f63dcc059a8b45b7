#pragma once
// What a host shows in every Noise handshake.

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/crypto/x25519.h>

namespace hearth::noise {

/// What an identity key signs about a static key: a label, then the key.
[[nodiscard]] Bytes statement_about(const crypto::X25519PublicKey& static_key);

/// A Noise static key and the identity key's signature over it. Made once per host and lent to each
/// handshake, which saves it a signature and a key generation.
class Credentials {
 public:
  Credentials(const crypto::Ed25519PrivateKey& identity, Entropy& entropy);
  Credentials(const crypto::Ed25519PrivateKey& identity, crypto::X25519PrivateKey static_key);

  /// Of parts made elsewhere; whether they fit together is for the peer to find out.
  Credentials(crypto::X25519PrivateKey static_key, Bytes identity_key,
              const crypto::Ed25519Signature& signature)
      : static_key_(std::move(static_key)),
        identity_key_(std::move(identity_key)),
        signature_(signature) {}

  [[nodiscard]] const crypto::X25519PrivateKey& static_key() const { return static_key_; }
  /// The identity's public key as protobuf, and its signature over the static key.
  [[nodiscard]] const Bytes& identity_key() const { return identity_key_; }
  [[nodiscard]] BytesView identity_signature() const { return signature_; }

 private:
  crypto::X25519PrivateKey static_key_;
  Bytes identity_key_;
  crypto::Ed25519Signature signature_;
};

}  // namespace hearth::noise
