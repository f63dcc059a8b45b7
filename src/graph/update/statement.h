#pragma once
// Private to this module: `[payload: bstr, signature: bstr .size 64]`.

#include <string_view>

#include "cbor.h"
#include <hearth/base/bytes.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/update/signing.h>

namespace hearth::update {

inline Bytes seal(std::string_view label, BytesView payload, const crypto::Ed25519PrivateKey& key) {
  return codec::CborWriter{}
      .array(2)
      .bytes(payload)
      .bytes(key.sign(labelled(label, payload)))
      .take();
}

struct Sealed {
  BytesView payload, signature;

  [[nodiscard]] static Result<Sealed, UpdateError> open(BytesView statement, std::size_t max_size) {
    if (statement.size() > max_size) return Failure{UpdateError::too_large};
    codec::CborReader reader{statement};
    Sealed sealed;
    HEARTH_CHECK(parsed(reader.array(2)));
    HEARTH_TRY(sealed.payload, parsed(reader.bytes()));
    HEARTH_TRY(sealed.signature, parsed(reader.bytes(64)));
    HEARTH_CHECK(parsed(reader.done()));
    return sealed;
  }
  [[nodiscard]] Result<Unit, UpdateError> check(std::string_view label,
                                                const model::Bytes32& signer) const {
    const auto key = crypto::Ed25519PublicKey::create(signer);
    if (!key) return Failure{UpdateError::bad_key};
    if (!key->verify(labelled(label, payload), signature))
      return Failure{UpdateError::bad_signature};
    return Unit{};
  }
};

}  // namespace hearth::update
