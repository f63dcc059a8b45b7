#pragma once
// The messages of OPAQUE-3DH (RFC 9807 §5.1, §6.1, §6.3.1), ristretto255-SHA512.
//
// Each has one size and one encoding: the fields one after the other. Parsing checks that every
// group element is one.

#include <array>
#include <cstddef>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/opaque/error.h>

namespace hearth::opaque {

using crypto::Ristretto255Element;
using Nonce = std::array<std::byte, 32>;
using Mac = std::array<std::byte, 64>;

/// RFC 9807 §4.1.1.
struct Envelope {
  static constexpr std::size_t size = 96;
  Nonce nonce{};
  Mac auth_tag{};
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

struct RegistrationRequest {
  static constexpr std::size_t size = 32;
  Ristretto255Element blinded;

  /// `wrong_size` or `invalid_element`; so for every message here.
  [[nodiscard]] static Result<RegistrationRequest, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

struct RegistrationResponse {
  static constexpr std::size_t size = 64;
  Ristretto255Element evaluated;
  Ristretto255Element server_public_key;

  [[nodiscard]] static Result<RegistrationResponse, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

/// What the server keeps of a password. Worth a guess at a time to a thief who has the server's
/// keys too, and nothing to one who hasn't.
struct RegistrationRecord {
  static constexpr std::size_t size = 192;
  Ristretto255Element client_public_key;
  std::array<std::byte, 64> masking_key{};
  Envelope envelope;

  [[nodiscard]] static Result<RegistrationRecord, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

struct Ke1 {
  static constexpr std::size_t size = 96;
  Ristretto255Element blinded;
  Nonce client_nonce{};
  Ristretto255Element client_keyshare;

  [[nodiscard]] static Result<Ke1, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

struct Ke2 {
  static constexpr std::size_t size = 320;
  static constexpr std::size_t masked_size = Ristretto255Element::size + Envelope::size;
  /// Up to here: the credential response (RFC 9807 §6.3.1).
  static constexpr std::size_t credential_response_size = 192;

  Ristretto255Element evaluated;
  Nonce masking_nonce{};
  std::array<std::byte, masked_size> masked_response{};
  Nonce server_nonce{};
  Ristretto255Element server_keyshare;
  Mac server_mac{};

  [[nodiscard]] static Result<Ke2, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

struct Ke3 {
  static constexpr std::size_t size = 64;
  Mac client_mac{};

  [[nodiscard]] static Result<Ke3, Error> parse(BytesView bytes);
  [[nodiscard]] Bytes encode() const;
};

}  // namespace hearth::opaque
