#pragma once
// The client's side of OPAQUE: the side that knows the password.
//
// The password is passed to both calls of a flow, so that nothing here keeps it.

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/crypto/secret.h>
#include <hearth/opaque/error.h>
#include <hearth/opaque/messages.h>
#include <hearth/opaque/parameters.h>

namespace hearth::opaque {

/// Registration (RFC 9807 §5): start, send the request, finish with the response, send the record.
class ClientRegistration {
 public:
  struct Finished {
    RegistrationRecord record;
    /// The same at every later login with this password: seals what the server keeps but must not
    /// read.
    crypto::Secret<64> export_key;
  };

  /// `password` at most 65,535 bytes. Draws 64 bytes of entropy.
  [[nodiscard]] static Result<ClientRegistration, Error> start(BytesView password,
                                                               Entropy& entropy);
  [[nodiscard]] const RegistrationRequest& request() const { return request_; }
  /// Takes the time and memory of `stretching`. Draws 32 bytes of entropy. `key_stretching` alone.
  [[nodiscard]] Result<Finished, Error> finish(BytesView password,
                                               const RegistrationResponse& response,
                                               const Parameters& parameters,
                                               const KeyStretching& stretching,
                                               Entropy& entropy) const;

 private:
  ClientRegistration(crypto::Ristretto255Scalar blind, RegistrationRequest request)
      : blind_(std::move(blind)), request_(request) {}
  crypto::Ristretto255Scalar blind_;
  RegistrationRequest request_;
};

/// Login (RFC 9807 §6): start, send KE1, finish with KE2, send KE3.
class ClientLogin {
 public:
  struct Finished {
    Ke3 ke3;
    crypto::Secret<64> session_key;
    crypto::Secret<64> export_key;
  };

  /// `password` at most 65,535 bytes. Draws 128 bytes of entropy.
  [[nodiscard]] static Result<ClientLogin, Error> start(BytesView password, Entropy& entropy);
  [[nodiscard]] const Ke1& ke1() const { return ke1_; }
  /// Takes the time and memory of `stretching`. `envelope_recovery` (which a wrong password gives),
  /// `server_authentication` or `key_stretching`.
  [[nodiscard]] Result<Finished, Error> finish(BytesView password, const Ke2& ke2,
                                               const Parameters& parameters,
                                               const KeyStretching& stretching) const;

 private:
  ClientLogin(crypto::Ristretto255Scalar blind, crypto::Ristretto255Scalar secret, Ke1 ke1)
      : blind_(std::move(blind)), secret_(std::move(secret)), ke1_(ke1) {}
  crypto::Ristretto255Scalar blind_;
  crypto::Ristretto255Scalar secret_;
  Ke1 ke1_;
};

}  // namespace hearth::opaque
