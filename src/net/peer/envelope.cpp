#include <hearth/codec/protobuf.h>
#include <hearth/codec/varint.h>
#include <hearth/peer/envelope.h>

namespace hearth::peer {
namespace {

Bytes signed_bytes(const EnvelopeKind& kind, BytesView payload) {
  Bytes out;
  codec::append_length_prefixed(out, as_bytes(kind.domain));
  codec::append_length_prefixed(out, as_bytes(kind.payload_type));
  codec::append_length_prefixed(out, payload);
  return out;
}

}  // namespace

Bytes seal_envelope(const EnvelopeKind& kind, BytesView payload,
                    const crypto::Ed25519PrivateKey& key) {
  return codec::ProtoWriter{}
      .bytes(1, encode_public_key(key.public_key()))
      .text(2, kind.payload_type)
      .bytes(3, payload)
      .bytes(5, key.sign(signed_bytes(kind, payload)))
      .take();
}

Result<OpenedEnvelope, PeerError> open_envelope(const EnvelopeKind& kind, BytesView envelope) {
  if (envelope.size() > max_envelope_size) return Failure{PeerError::malformed};
  BytesView encoded_key, payload_type, payload, signature;
  codec::ProtoReader reader{envelope};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{PeerError::malformed};
    if (!*next) break;
    BytesView* const slot = (*next)->number == 1   ? &encoded_key
                            : (*next)->number == 2 ? &payload_type
                            : (*next)->number == 3 ? &payload
                            : (*next)->number == 5 ? &signature
                                                   : nullptr;
    if (slot == nullptr) continue;
    const auto value = (*next)->bytes();
    if (!value) return Failure{PeerError::malformed};
    *slot = *value;
  }
  if (!equal(payload_type, as_bytes(kind.payload_type))) return Failure{PeerError::wrong_payload};
  HEARTH_TRY(const crypto::Ed25519PublicKey key, decode_public_key(encoded_key));
  if (!key.verify(signed_bytes(kind, payload), signature)) return Failure{PeerError::bad_signature};
  return OpenedEnvelope{.signer = PeerId::from_public_key(key), .payload = to_bytes(payload)};
}

}  // namespace hearth::peer
