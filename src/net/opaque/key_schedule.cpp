#include "key_schedule.h"

#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/crypto/hmac.h>
#include <hearth/opaque/oprf.h>

namespace hearth::opaque {
namespace {

void append_with_length(Bytes& out, BytesView bytes) {
  HEARTH_ASSERT(bytes.size() <= 0xffff);
  Writer writer{out};
  writer.u16_be(static_cast<std::uint16_t>(bytes.size()));
  writer.bytes(bytes);
}

/// Derive-Secret, §6.4.2.1; 64 bytes.
crypto::Secret<64> derive_secret(BytesView secret, std::string_view label, BytesView context) {
  Bytes info;
  Writer writer{info};
  writer.u16_be(64);
  writer.u8(static_cast<std::uint8_t>(7 + label.size()));
  writer.text("OPAQUE-");
  writer.text(label);
  writer.u8(static_cast<std::uint8_t>(context.size()));
  writer.bytes(context);
  Bytes expanded = crypto::hkdf_sha512_expand(secret, info, 64);
  crypto::Secret<64> derived{BytesView{expanded}.first<64>()};
  crypto::wipe(expanded);
  return derived;
}

}  // namespace

Identities identities_of(const Parameters& parameters, const Ristretto255Element& client_public_key,
                         const Ristretto255Element& server_public_key) {
  return {.client = parameters.client_identity.value_or(client_public_key.bytes()),
          .server = parameters.server_identity.value_or(server_public_key.bytes())};
}

crypto::Ristretto255Scalar derive_diffie_hellman_key(BytesView seed) {
  return derive_private_key(seed, "OPAQUE-DeriveDiffieHellmanKeyPair");
}

std::array<std::byte, Ke2::masked_size> mask(
    BytesView masking_key, const Nonce& masking_nonce,
    const std::array<std::byte, Ke2::masked_size>& response) {
  Bytes info = to_bytes(masking_nonce);
  append(info, as_bytes("CredentialResponsePad"));
  const Bytes pad = crypto::hkdf_sha512_expand(masking_key, info, Ke2::masked_size);
  std::array<std::byte, Ke2::masked_size> masked;
  std::ranges::transform(response, pad, masked.begin(), std::bit_xor<>{});
  return masked;
}

Bytes preamble(const Identities& identities, BytesView context, const Ke1& ke1, const Ke2& ke2) {
  Bytes out = to_bytes("OPAQUEv1-");
  append_with_length(out, context);
  append_with_length(out, identities.client);
  append(out, ke1.encode());
  append_with_length(out, identities.server);
  const Bytes response = ke2.encode();
  append(out, BytesView{response}.first(Ke2::size - sizeof(Mac)));
  return out;
}

SessionKeys derive_keys(const Ristretto255Element& dh1, const Ristretto255Element& dh2,
                        const Ristretto255Element& dh3, BytesView preamble) {
  Bytes ikm = to_bytes(dh1.bytes());
  append(ikm, dh2.bytes());
  append(ikm, dh3.bytes());
  crypto::Sha512Digest prk = crypto::hkdf_sha512_extract({}, ikm);
  crypto::wipe(ikm);

  const crypto::Sha512Digest transcript = crypto::sha512(preamble);
  const auto handshake_secret = derive_secret(prk, "HandshakeSecret", transcript);
  auto session_key = derive_secret(prk, "SessionKey", transcript);
  crypto::wipe(prk);
  const auto km2 = derive_secret(handshake_secret.bytes(), "ServerMAC", {});
  const auto km3 = derive_secret(handshake_secret.bytes(), "ClientMAC", {});

  const Mac server_mac = crypto::hmac_sha512(km2.bytes(), transcript);
  crypto::Sha512 with_mac;
  with_mac.update(preamble);
  with_mac.update(server_mac);
  return {.server_mac = server_mac,
          .client_mac = crypto::hmac_sha512(km3.bytes(), with_mac.finish()),
          .session_key = std::move(session_key)};
}

}  // namespace hearth::opaque
