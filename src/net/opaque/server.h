#pragma once
// The server's side of OPAQUE: it learns that a client knows the password, never the password.

#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/crypto/secret.h>
#include <hearth/opaque/error.h>
#include <hearth/opaque/messages.h>
#include <hearth/opaque/parameters.h>

namespace hearth::opaque {

/// The server's long-lived secrets. Losing them makes every record useless: back them up with the
/// records, and keep both from thieves.
class ServerSetup {
 public:
  static constexpr std::size_t size = 192;

  [[nodiscard]] static ServerSetup generate(Entropy& entropy);
  /// The 192 bytes of encode(); `wrong_size`, `invalid_key` or `invalid_element`.
  [[nodiscard]] static Result<ServerSetup, Error> parse(BytesView bytes);
  /// OPRF seed 64, private key 32, fake client public key 32, fake masking key 64. Secret: wipe it.
  [[nodiscard]] Bytes encode() const;
  /// With a fake record of the caller's; for tests against published vectors.
  [[nodiscard]] static ServerSetup create(const crypto::Secret<64>& oprf_seed,
                                          crypto::Ristretto255Scalar private_key,
                                          const RegistrationRecord& fake);

  [[nodiscard]] const Ristretto255Element& public_key() const { return public_key_; }
  [[nodiscard]] const crypto::Ristretto255Scalar& private_key() const { return private_key_; }
  /// The OPRF key of one credential (RFC 9807 §5.2.2).
  [[nodiscard]] crypto::Ristretto255Scalar oprf_key(BytesView credential_identifier) const;
  /// The record to answer for whoever isn't registered (RFC 9807 §6.3.2.2).
  [[nodiscard]] const RegistrationRecord& fake_record() const { return fake_; }

 private:
  ServerSetup(crypto::Secret<64> oprf_seed, crypto::Ristretto255Scalar private_key,
              const RegistrationRecord& fake);
  crypto::Secret<64> oprf_seed_;
  crypto::Ristretto255Scalar private_key_;
  Ristretto255Element public_key_;
  RegistrationRecord fake_;
};

/// RFC 9807 §5.2.2. The credential identifier is for good: a record works under it alone.
[[nodiscard]] RegistrationResponse register_credential(const ServerSetup& setup,
                                                       BytesView credential_identifier,
                                                       const RegistrationRequest& request);

/// One login under way: after KE2, until KE3.
class ServerLogin {
 public:
  /// No record: the answer of somebody who isn't registered, which looks and takes time like any
  /// other (RFC 9807 §6.3.2.2); finish() then fails. Draws 96 bytes of entropy.
  [[nodiscard]] static ServerLogin start(const ServerSetup& setup,
                                         const std::optional<RegistrationRecord>& record,
                                         BytesView credential_identifier, const Ke1& ke1,
                                         const Parameters& parameters, Entropy& entropy);
  [[nodiscard]] const Ke2& ke2() const { return ke2_; }
  /// The session key, once KE3 shows that the client knew the password; else
  /// `client_authentication`. Call it once.
  [[nodiscard]] Result<crypto::Secret<64>, Error> finish(const Ke3& ke3) &&;

 private:
  ServerLogin(const Ke2& ke2, const Mac& expected, crypto::Secret<64> session_key)
      : ke2_(ke2), expected_(expected), session_key_(std::move(session_key)) {}
  Ke2 ke2_;
  Mac expected_;
  crypto::Secret<64> session_key_;
};

}  // namespace hearth::opaque
