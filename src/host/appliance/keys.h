#pragma once
// An appliance's keys, as files of its data directory (docs/protocol/identity.md, The root's life).
//
//   root.key    the root's seed, until the owner has saved the recovery kit
//   root.pub    the root's public key, for good
//   host.key    the host key and its certificate, in one file so that they change together
//   opaque.key  the server's secrets of OPAQUE, apart from the database with the records

#include <filesystem>
#include <optional>
#include <stdexcept>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/id.h>
#include <hearth/identity/recovery.h>
#include <hearth/identity/statement.h>
#include <hearth/opaque/server.h>
#include <hearth/peer/peer_id.h>

namespace hearth::appliance {

/// The files contradict one another or are damaged: nothing is made anew in their place, since that
/// would be another appliance under the same name.
class KeysError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The key whose seed is kept at `path`; makes and keeps one when there is none. Throws KeysError
/// for a file that holds no key.
[[nodiscard]] crypto::Ed25519PrivateKey load_or_make_key(const std::filesystem::path& path,
                                                         Entropy& entropy);

class Keys {
 public:
  /// At the first start makes them all. Throws KeysError or std::system_error.
  [[nodiscard]] static Keys open(const std::filesystem::path& directory, Entropy& entropy,
                                 Timestamp wall);

  [[nodiscard]] const identity::RootId& root() const { return root_; }
  [[nodiscard]] const crypto::Ed25519PrivateKey& host() const { return host_; }
  [[nodiscard]] const peer::PeerId& peer_id() const { return certificate_.peer_id; }
  /// As the appliance of its personas: the host key.
  [[nodiscard]] identity::DeviceId device() const { return identity::DeviceId{host_.public_key()}; }
  [[nodiscard]] const identity::HostCertificate& certificate() const { return certificate_; }
  /// As signed.
  [[nodiscard]] const Bytes& host_certificate() const { return encoded_certificate_; }
  [[nodiscard]] const opaque::ServerSetup& opaque() const { return opaque_; }

  [[nodiscard]] bool root_key_is_here() const { return root_key_.has_value(); }
  /// The recovery kit; nothing once forget_root_key() was called.
  [[nodiscard]] std::optional<identity::RecoveryWords> recovery_words() const;
  /// The owner has saved the kit: wipes the private root key, from disk and from memory.
  void forget_root_key();

  /// A new host key under the next epoch, once on disk. `root_key` is this root's (from the words
  /// when it is no longer here); throws KeysError for another. The libp2p host goes on under the
  /// old key until it is started anew.
  void rotate_host_key(const crypto::Ed25519PrivateKey& root_key, Entropy& entropy, Timestamp wall);
  /// The key itself while it is here.
  [[nodiscard]] const std::optional<crypto::Ed25519PrivateKey>& root_key() const {
    return root_key_;
  }

 private:
  Keys(std::filesystem::path directory, identity::RootId root,
       std::optional<crypto::Ed25519PrivateKey> root_key, crypto::Ed25519PrivateKey host,
       Bytes certificate, opaque::ServerSetup opaque);

  std::filesystem::path directory_;
  identity::RootId root_;
  std::optional<crypto::Ed25519PrivateKey> root_key_;
  crypto::Ed25519PrivateKey host_;
  identity::HostCertificate certificate_;
  Bytes encoded_certificate_;
  opaque::ServerSetup opaque_;
};

}  // namespace hearth::appliance
