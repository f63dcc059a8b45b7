#include <algorithm>
#include <utility>

#include "key_schedule.h"
#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/opaque/oprf.h>
#include <hearth/opaque/server.h>

namespace hearth::opaque {

using crypto::Ristretto255Scalar;
using crypto::Secret;

ServerSetup::ServerSetup(Secret<64> oprf_seed, Ristretto255Scalar private_key,
                         const RegistrationRecord& fake)
    : oprf_seed_(std::move(oprf_seed)),
      private_key_(std::move(private_key)),
      public_key_(Ristretto255Element::base(private_key_)),
      fake_(fake) {}

ServerSetup ServerSetup::generate(Entropy& entropy) {
  auto seed = Secret<64>::generate(entropy);
  auto private_key = Ristretto255Scalar::generate(entropy);
  const auto fake_key = Ristretto255Scalar::generate(entropy);
  return ServerSetup{std::move(seed), std::move(private_key),
                     RegistrationRecord{.client_public_key = Ristretto255Element::base(fake_key),
                                        .masking_key = entropy.array<64>()}};
}

ServerSetup ServerSetup::create(const Secret<64>& oprf_seed, Ristretto255Scalar private_key,
                                const RegistrationRecord& fake) {
  return ServerSetup{oprf_seed.clone(), std::move(private_key), fake};
}

Result<ServerSetup, Error> ServerSetup::parse(BytesView bytes) {
  if (bytes.size() != size) return Failure{Error::wrong_size};
  auto private_key = Ristretto255Scalar::create(bytes.subspan(64, 32));
  if (!private_key) return Failure{Error::invalid_key};
  const auto fake_key = Ristretto255Element::create(bytes.subspan(96, 32));
  if (!fake_key) return Failure{Error::invalid_element};
  RegistrationRecord fake{.client_public_key = *fake_key};
  std::ranges::copy(bytes.subspan(128), fake.masking_key.begin());
  return ServerSetup{Secret<64>{bytes.first<64>()}, std::move(*private_key), fake};
}

Bytes ServerSetup::encode() const {
  Bytes out;
  out.reserve(size);  // one allocation, so that no copy is left behind
  append(out, oprf_seed_.bytes());
  append(out, private_key_.bytes());
  append(out, fake_.client_public_key.bytes());
  append(out, fake_.masking_key);
  return out;
}

Ristretto255Scalar ServerSetup::oprf_key(BytesView credential_identifier) const {
  Bytes info = to_bytes(credential_identifier);
  append(info, as_bytes("OprfKey"));
  Bytes seed = crypto::hkdf_sha512_expand(oprf_seed_.bytes(), info, 32);
  auto key = derive_private_key(seed, "OPAQUE-DeriveKeyPair");
  crypto::wipe(seed);
  return key;
}

RegistrationResponse register_credential(const ServerSetup& setup, BytesView credential_identifier,
                                         const RegistrationRequest& request) {
  return {.evaluated = oprf_evaluate(setup.oprf_key(credential_identifier), request.blinded),
          .server_public_key = setup.public_key()};
}

ServerLogin ServerLogin::start(const ServerSetup& setup,
                               const std::optional<RegistrationRecord>& record,
                               BytesView credential_identifier, const Ke1& ke1,
                               const Parameters& parameters, Entropy& entropy) {
  const RegistrationRecord& credentials = record ? *record : setup.fake_record();

  std::array<std::byte, Ke2::masked_size> response;
  auto end = std::ranges::copy(setup.public_key().bytes(), response.begin()).out;
  end = std::ranges::copy(credentials.envelope.nonce, end).out;
  std::ranges::copy(credentials.envelope.auth_tag, end);

  const Nonce masking_nonce = entropy.array<32>();
  const Nonce server_nonce = entropy.array<32>();
  const auto seed = Secret<32>::generate(entropy);
  const auto keyshare = derive_diffie_hellman_key(seed.bytes());
  Ke2 ke2{.evaluated = oprf_evaluate(setup.oprf_key(credential_identifier), ke1.blinded),
          .masking_nonce = masking_nonce,
          .masked_response = mask(credentials.masking_key, masking_nonce, response),
          .server_nonce = server_nonce,
          .server_keyshare = Ristretto255Element::base(keyshare)};

  const Identities identities =
      identities_of(parameters, credentials.client_public_key, setup.public_key());
  SessionKeys keys = derive_keys(ke1.client_keyshare.multiply(keyshare),
                                 ke1.client_keyshare.multiply(setup.private_key()),
                                 credentials.client_public_key.multiply(keyshare),
                                 preamble(identities, parameters.context, ke1, ke2));
  ke2.server_mac = keys.server_mac;
  return ServerLogin{ke2, keys.client_mac, std::move(keys.session_key)};
}

Result<Secret<64>, Error> ServerLogin::finish(const Ke3& ke3) && {
  if (!crypto::constant_time_equal(ke3.client_mac, expected_))
    return Failure{Error::client_authentication};
  return std::move(session_key_);
}

}  // namespace hearth::opaque
