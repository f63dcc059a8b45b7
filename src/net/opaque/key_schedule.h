#pragma once
// What client and server derive alike (RFC 9807 §4.1, §6.3.2, §6.4.2). Private to this module.

#include <array>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/crypto/secret.h>
#include <hearth/opaque/messages.h>
#include <hearth/opaque/parameters.h>

namespace hearth::opaque {

/// §4: the identities as they enter MACs, each defaulting to the public key.
struct Identities {
  BytesView client;
  BytesView server;
};
[[nodiscard]] Identities identities_of(const Parameters& parameters,
                                       const Ristretto255Element& client_public_key,
                                       const Ristretto255Element& server_public_key);

/// §6.4.1, DeriveDiffieHellmanKeyPair.
[[nodiscard]] crypto::Ristretto255Scalar derive_diffie_hellman_key(BytesView seed);

/// §6.3.2.2: masks or unmasks (it is its own inverse) the server's key and the envelope.
[[nodiscard]] std::array<std::byte, Ke2::masked_size> mask(
    BytesView masking_key, const Nonce& masking_nonce,
    const std::array<std::byte, Ke2::masked_size>& response);

/// §6.4.2.1. `ke2`'s server_mac is left out of it.
[[nodiscard]] Bytes preamble(const Identities& identities, BytesView context, const Ke1& ke1,
                             const Ke2& ke2);

/// §6.4.2.2, with both MACs computed.
struct SessionKeys {
  Mac server_mac;
  Mac client_mac;
  crypto::Secret<64> session_key;
};
[[nodiscard]] SessionKeys derive_keys(const Ristretto255Element& dh1,
                                      const Ristretto255Element& dh2,
                                      const Ristretto255Element& dh3, BytesView preamble);

}  // namespace hearth::opaque
