#include "statement.h"
#include <hearth/crypto/ed25519.h>
#include <hearth/update/certificate.h>

namespace hearth::update {
namespace {

constexpr std::string_view certificate_label = "hearth/device-certificate";

struct Parsed {
  model::PersonaKey persona;
  model::AuthorKey device;
  bool is_appliance = false;
};

Result<Parsed, UpdateError> verify(BytesView certificate, bool may_have_issuer) {
  HEARTH_TRY(const Sealed sealed, Sealed::open(certificate, max_certificate_size));
  codec::CborReader reader{sealed.payload};
  HEARTH_CHECK(parsed(reader.array(6)));
  HEARTH_CHECK(read_version(reader));
  Parsed result;
  HEARTH_TRY(result.persona, read_id<model::PersonaKey>(reader));
  HEARTH_TRY(result.device, read_id<model::AuthorKey>(reader));
  HEARTH_TRY(const std::string_view kind, parsed(reader.text()));
  if (kind != "browser" && kind != "cli" && kind != "appliance")
    return Failure{UpdateError::malformed};
  result.is_appliance = kind == "appliance";
  HEARTH_CHECK(read_count(reader));
  HEARTH_TRY(const BytesView issuer, parsed(reader.bytes()));
  HEARTH_CHECK(parsed(reader.done()));

  model::Bytes32 signer = result.persona.value();
  if (!issuer.empty()) {
    if (!may_have_issuer) return Failure{UpdateError::malformed};
    HEARTH_TRY(const Parsed appliance, verify(issuer, false));
    if (!appliance.is_appliance || appliance.persona != result.persona)
      return Failure{UpdateError::bad_key};
    signer = appliance.device.value();
  }
  if (!crypto::Ed25519PublicKey::create(result.persona.value()))
    return Failure{UpdateError::bad_key};
  HEARTH_CHECK(sealed.check(certificate_label, signer));
  return result;
}

}  // namespace

Result<model::PersonaKey, UpdateError> verify_certificate(BytesView certificate,
                                                          const model::AuthorKey& device) {
  if (certificate.empty()) return model::PersonaKey{device.value()};
  HEARTH_TRY(const Parsed result, verify(certificate, true));
  if (result.device != device) return Failure{UpdateError::bad_key};
  return result.persona;
}

}  // namespace hearth::update
