#pragma once
// Signed envelopes (RFC 0002 of libp2p): a payload, its type, and a signature bound to a domain.
// https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md

#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/peer/peer_id.h>
#include <hearth/peer/public_key.h>

namespace hearth::peer {

/// Larger ones are refused.
inline constexpr std::size_t max_envelope_size = 16 * 1024;

/// What an envelope is about: both are under the signature, so none passes for another kind.
struct EnvelopeKind {
  std::string_view domain;
  std::string_view payload_type;  ///< a multicodec, as bytes
};

inline constexpr EnvelopeKind peer_record_kind{"libp2p-peer-record", {"\x03\x01", 2}};
inline constexpr EnvelopeKind relay_voucher_kind{"libp2p-relay-rsvp", {"\x03\x02", 2}};

struct OpenedEnvelope {
  PeerId signer;
  Bytes payload;
};

[[nodiscard]] Bytes seal_envelope(const EnvelopeKind& kind, BytesView payload,
                                  const crypto::Ed25519PrivateKey& key);

/// Checks kind and signature. Errors: malformed, unsupported_key, bad_key, wrong_payload,
/// bad_signature.
[[nodiscard]] Result<OpenedEnvelope, PeerError> open_envelope(const EnvelopeKind& kind,
                                                              BytesView envelope);

}  // namespace hearth::peer
