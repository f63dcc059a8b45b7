#include <algorithm>
#include <utility>

#include "key_schedule.h"
#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/crypto/hmac.h>
#include <hearth/opaque/client.h>
#include <hearth/opaque/oprf.h>

namespace hearth::opaque {
namespace {

using crypto::Ristretto255Scalar;
using crypto::Secret;

Secret<64> expand(BytesView key, BytesView nonce, std::string_view label) {
  Bytes info = to_bytes(nonce);
  append(info, as_bytes(label));
  Bytes expanded = crypto::hkdf_sha512_expand(key, info, 64);
  Secret<64> secret{BytesView{expanded}.first<64>()};
  crypto::wipe(expanded);
  return secret;
}

/// The password's stretched OPRF output (RFC 9807 §5.2.3).
Result<Secret<64>, Error> randomized_password(BytesView password, const Ristretto255Scalar& blind,
                                              const Ristretto255Element& evaluated,
                                              const KeyStretching& stretching) {
  const Secret<64> output = oprf_finalize(password, blind, evaluated);
  Bytes ikm = to_bytes(output.bytes());
  if (stretching) {
    // RFC 9807 §7 fixes the salt: zeros. The OPRF has salted the password already.
    constexpr std::array<std::byte, 16> salt{};
    auto stretched = crypto::argon2id(output.bytes(), salt, *stretching, 64);
    if (!stretched) return Failure{Error::key_stretching};
    append(ikm, *stretched);
    crypto::wipe(*stretched);
  } else {
    append(ikm, output.bytes());
  }
  crypto::Sha512Digest prk = crypto::hkdf_sha512_extract({}, ikm);
  Secret<64> result{prk};
  crypto::wipe(ikm);
  crypto::wipe(prk);
  return result;
}

/// What a randomized password and an envelope's nonce give (RFC 9807 §4.1.2 and §4.1.3).
struct Opened {
  Secret<64> auth_key;
  Secret<64> export_key;
  Ristretto255Scalar private_key;
  Ristretto255Element public_key;
};

Opened open(const Secret<64>& randomized, const Nonce& nonce) {
  Bytes info = to_bytes(nonce);
  append(info, as_bytes("PrivateKey"));
  Bytes seed = crypto::hkdf_sha512_expand(randomized.bytes(), info, 32);
  Ristretto255Scalar private_key = derive_diffie_hellman_key(seed);
  crypto::wipe(seed);
  const auto public_key = Ristretto255Element::base(private_key);
  return {.auth_key = expand(randomized.bytes(), nonce, "AuthKey"),
          .export_key = expand(randomized.bytes(), nonce, "ExportKey"),
          .private_key = std::move(private_key),
          .public_key = public_key};
}

Mac envelope_tag(const Opened& opened, const Nonce& nonce,
                 const Ristretto255Element& server_public_key, const Parameters& parameters) {
  const Identities identities = identities_of(parameters, opened.public_key, server_public_key);
  Bytes data = to_bytes(nonce);
  Writer writer{data};
  writer.bytes(server_public_key.bytes());
  writer.u16_be(static_cast<std::uint16_t>(identities.server.size()));
  writer.bytes(identities.server);
  writer.u16_be(static_cast<std::uint16_t>(identities.client.size()));
  writer.bytes(identities.client);
  return crypto::hmac_sha512(opened.auth_key.bytes(), data);
}

}  // namespace

Result<ClientRegistration, Error> ClientRegistration::start(BytesView password, Entropy& entropy) {
  auto blind = Ristretto255Scalar::generate(entropy);
  HEARTH_TRY(const auto blinded, oprf_blind(password, blind));
  return ClientRegistration{std::move(blind), RegistrationRequest{.blinded = blinded}};
}

Result<ClientRegistration::Finished, Error> ClientRegistration::finish(
    BytesView password, const RegistrationResponse& response, const Parameters& parameters,
    const KeyStretching& stretching, Entropy& entropy) const {
  HEARTH_TRY(const auto randomized,
             randomized_password(password, blind_, response.evaluated, stretching));
  const Nonce nonce = entropy.array<32>();
  Opened opened = open(randomized, nonce);
  const Secret<64> masking_key = expand(randomized.bytes(), {}, "MaskingKey");
  RegistrationRecord record{.client_public_key = opened.public_key};
  std::ranges::copy(masking_key.bytes(), record.masking_key.begin());
  record.envelope = {
      .nonce = nonce,
      .auth_tag = envelope_tag(opened, nonce, response.server_public_key, parameters)};
  return Finished{.record = record, .export_key = std::move(opened.export_key)};
}

Result<ClientLogin, Error> ClientLogin::start(BytesView password, Entropy& entropy) {
  auto blind = Ristretto255Scalar::generate(entropy);
  HEARTH_TRY(const auto blinded, oprf_blind(password, blind));
  const Nonce nonce = entropy.array<32>();
  const auto seed = Secret<32>::generate(entropy);
  auto secret = derive_diffie_hellman_key(seed.bytes());
  const Ke1 ke1{.blinded = blinded,
                .client_nonce = nonce,
                .client_keyshare = Ristretto255Element::base(secret)};
  return ClientLogin{std::move(blind), std::move(secret), ke1};
}

Result<ClientLogin::Finished, Error> ClientLogin::finish(BytesView password, const Ke2& ke2,
                                                         const Parameters& parameters,
                                                         const KeyStretching& stretching) const {
  HEARTH_TRY(const auto randomized,
             randomized_password(password, blind_, ke2.evaluated, stretching));
  const Secret<64> masking_key = expand(randomized.bytes(), {}, "MaskingKey");
  const auto response = mask(masking_key.bytes(), ke2.masking_nonce, ke2.masked_response);
  const BytesView unmasked{response};
  // Under a wrong password this is noise: not even a group element, mostly.
  const auto server_public_key = Ristretto255Element::create(unmasked.first(32));
  if (!server_public_key) return Failure{Error::envelope_recovery};
  Envelope envelope;
  std::ranges::copy(unmasked.subspan(32, 32), envelope.nonce.begin());
  std::ranges::copy(unmasked.subspan(64), envelope.auth_tag.begin());

  Opened opened = open(randomized, envelope.nonce);
  if (!crypto::constant_time_equal(
          envelope.auth_tag, envelope_tag(opened, envelope.nonce, *server_public_key, parameters)))
    return Failure{Error::envelope_recovery};

  const Identities identities = identities_of(parameters, opened.public_key, *server_public_key);
  SessionKeys keys =
      derive_keys(ke2.server_keyshare.multiply(secret_), server_public_key->multiply(secret_),
                  ke2.server_keyshare.multiply(opened.private_key),
                  preamble(identities, parameters.context, ke1_, ke2));
  if (!crypto::constant_time_equal(ke2.server_mac, keys.server_mac))
    return Failure{Error::server_authentication};
  return Finished{.ke3 = {.client_mac = keys.client_mac},
                  .session_key = std::move(keys.session_key),
                  .export_key = std::move(opened.export_key)};
}

}  // namespace hearth::opaque
