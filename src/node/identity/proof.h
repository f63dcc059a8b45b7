#pragma once
// What is signed or MACed to prove a key on one connection (docs/protocol/identity.md).
//
// Both PeerIds are in it, so a middleman, who has another, can't pass a proof on.

#include <array>
#include <span>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/crypto/sha2.h>
#include <hearth/identity/id.h>
#include <hearth/peer/peer_id.h>

namespace hearth::identity {

using ProofNonce = std::array<std::byte, 32>;

/// Who a login is about.
struct LoginTranscript {
  peer::PeerId client;
  peer::PeerId server;
  RootId root;
  PersonaId persona;
  DeviceId device;
};

enum class Side : std::uint8_t { client, server };

/// HMAC-SHA-256 under OPAQUE's session key; compare in constant time.
[[nodiscard]] crypto::Sha256Digest login_proof(std::span<const std::byte, 64> session_key,
                                               Side side, const LoginTranscript& transcript);

/// What a pairing key signs.
[[nodiscard]] Bytes pairing_message(const peer::PeerId& client, const peer::PeerId& server,
                                    const ProofNonce& nonce, const DeviceId& device);

/// What a device key signs for a session on the loopback port; `host` is the Host header.
[[nodiscard]] Bytes session_message(const RootId& root, const ProofNonce& nonce,
                                    std::string_view host);

}  // namespace hearth::identity
