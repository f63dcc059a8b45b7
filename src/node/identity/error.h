#pragma once

#include <cstdint>

namespace hearth::identity {

enum class IdentityError : std::uint8_t {
  /// Not the one encoding: CBOR, lengths, characters, trailing bytes.
  malformed,
  unsupported_version,
  /// Bytes that are no Ed25519 key (crypto/ed25519.h has the rule), or no host's PeerId.
  bad_key,
  bad_name,
  bad_signature,
  /// The parts contradict one another: another root's certificate, a chain too long, an issuer that
  /// is no appliance of this persona.
  wrong_issuer,
  too_large,
  unknown_word,
  bad_checksum,
};

}  // namespace hearth::identity
