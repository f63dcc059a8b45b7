#include <hearth/noise/credentials.h>
#include <hearth/peer/public_key.h>

namespace hearth::noise {

Bytes statement_about(const crypto::X25519PublicKey& static_key) {
  Bytes statement;
  Writer writer{statement};
  writer.text("noise-libp2p-static-key:");
  writer.bytes(static_key);
  return statement;
}

Credentials::Credentials(const crypto::Ed25519PrivateKey& identity, Entropy& entropy)
    : Credentials(identity, crypto::X25519PrivateKey::generate(entropy)) {}

Credentials::Credentials(const crypto::Ed25519PrivateKey& identity,
                         crypto::X25519PrivateKey static_key)
    : static_key_(std::move(static_key)),
      identity_key_(peer::encode_public_key(identity.public_key())),
      signature_(identity.sign(statement_about(static_key_.public_key()))) {}

}  // namespace hearth::noise
