#pragma once

#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/crypto/argon2id.h>

namespace hearth::opaque {

/// What both sides must agree on. Borrowed for the call; each at most 65,535 bytes.
struct Parameters {
  /// Nothing: the party's public key (RFC 9807 §4).
  std::optional<BytesView> client_identity;
  std::optional<BytesView> server_identity;
  BytesView context;
};

/// How the client slows a guess down. Nothing: not at all, as in RFC 9807's vectors.
using KeyStretching = std::optional<crypto::Argon2idCost>;

}  // namespace hearth::opaque
