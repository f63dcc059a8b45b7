#pragma once
// Noise_XX_25519_ChaChaPoly_SHA256 as libp2p uses it: each side proves its PeerId, and both may
// agree on a stream muxer on the way. https://github.com/libp2p/specs/tree/master/noise,
// https://noiseprotocol.org

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/crypto/sha2.h>
#include <hearth/crypto/x25519.h>
#include <hearth/noise/cipher_state.h>
#include <hearth/noise/credentials.h>
#include <hearth/peer/peer_id.h>

namespace hearth::noise {

enum class Role : std::uint8_t { initiator, responder };

enum class NoiseError : std::uint8_t {
  malformed,          ///< a message of impossible length, or a payload that doesn't parse
  frame_too_large,    ///< above `max_handshake_frame`
  decryption_failed,  ///< something was altered, or the prologues differ
  weak_key,           ///< a key of small order
  unsupported_key,    ///< an identity key that is not Ed25519
  bad_signature,      ///< the identity key didn't sign this static key
  wrong_peer,         ///< not the peer that was to be reached
};

/// A payload has a key, a signature and a short list: anything this large is hostile.
inline constexpr std::size_t max_handshake_frame = 4096;
inline constexpr std::size_t max_muxers = 16;

/// One side of one handshake, frames included. Sans-I/O: drain poll_transmit() after construction
/// and after each receive(), until done(); then take the outcome. The caller's clock bounds the
/// whole.
class Handshake {
 public:
  struct Options {
    Role role = Role::initiator;
    /// Bound into the handshake; both sides must have the same. Empty on TCP and WebSocket.
    Bytes prologue;
    /// Refuse anyone else; an initiator then reveals nothing about itself to them.
    std::optional<peer::PeerId> expected;
    /// What we can do inside, best first; empty: say nothing.
    std::vector<std::string> stream_muxers;
  };
  struct Outcome {
    peer::PeerId peer;
    crypto::Ed25519PublicKey key;
    /// The peer's list, as it sent it.
    std::vector<std::string> stream_muxers;
    CipherState send, receive;
    /// Unique to this session and known to both ends alone (channel binding, Noise §11.2).
    crypto::Sha256Digest handshake_hash;
  };

  /// `credentials` must outlive the handshake.
  Handshake(const Credentials& credentials, Options options, Entropy& entropy);

  /// Takes bytes in any portions and returns how many it used: all, or up to the end of the last
  /// frame of the handshake. After an error close the connection.
  [[nodiscard]] Result<std::size_t, NoiseError> receive(BytesView bytes);
  /// Writes what is to be sent, as much as fits; 0 when there is nothing. An initiator has
  /// something to send even when done.
  [[nodiscard]] std::size_t poll_transmit(MutableBytes out);

  [[nodiscard]] bool done() const { return step_ == Step::done; }
  /// Once, when done().
  [[nodiscard]] Outcome take();

 private:
  enum class Step : std::uint8_t { message1, message2, message3, done };

  [[nodiscard]] Result<Unit, NoiseError> on_message(BytesView message);
  [[nodiscard]] Result<Unit, NoiseError> read_message1(BytesView message);
  [[nodiscard]] Result<Unit, NoiseError> read_message2(BytesView message);
  [[nodiscard]] Result<Unit, NoiseError> read_message3(BytesView message);
  void write_message1();
  [[nodiscard]] Result<Unit, NoiseError> write_message2();
  [[nodiscard]] Result<Unit, NoiseError> write_message3();
  [[nodiscard]] Bytes payload() const;
  [[nodiscard]] Result<Unit, NoiseError> check_payload(BytesView payload);

  // SymmetricState of the Noise specification.
  void mix_hash(BytesView data);
  void mix_key(BytesView secret);
  [[nodiscard]] Result<Unit, NoiseError> mix_agreement(const crypto::X25519PrivateKey& ours,
                                                       BytesView theirs);
  void encrypt_and_hash(Bytes& out, BytesView plaintext);
  [[nodiscard]] Result<Bytes, NoiseError> decrypt_and_hash(BytesView ciphertext);
  void send_frame(BytesView message);

  const Credentials& credentials_;
  Options options_;
  Step step_ = Step::message1;
  crypto::X25519PrivateKey ephemeral_;
  crypto::X25519PublicKey remote_ephemeral_{};
  crypto::X25519PublicKey remote_static_{};
  crypto::Sha256Digest hash_{};
  crypto::Secret<32> chaining_key_;
  std::optional<CipherState> cipher_;
  std::optional<peer::PeerId> peer_;
  std::optional<crypto::Ed25519PublicKey> peer_key_;
  std::vector<std::string> remote_muxers_;
  Bytes partial_;
  Bytes outgoing_;
};

}  // namespace hearth::noise
