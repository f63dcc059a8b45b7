#include <hearth/base/assert.h>
#include <hearth/codec/protobuf.h>
#include <hearth/peer/envelope.h>
#include <hearth/peer/peer_record.h>

namespace hearth::peer {
namespace {

// AddressInfo {1: multiaddr}
Result<BytesView, PeerError> read_address_info(BytesView message) {
  BytesView address;
  codec::ProtoReader reader{message};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{PeerError::malformed};
    if (!*next) return address;
    if ((*next)->number != 1) continue;
    const auto value = (*next)->bytes();
    if (!value) return Failure{PeerError::malformed};
    address = *value;
  }
}

}  // namespace

Bytes seal_peer_record(const PeerRecord& record, const crypto::Ed25519PrivateKey& key) {
  HEARTH_ASSERT(record.peer == PeerId::from_public_key(key.public_key()));
  codec::ProtoWriter writer;
  writer.bytes(1, record.peer.bytes()).varint(2, record.sequence);
  for (const codec::Multiaddr& address : record.addresses)
    writer.bytes(3, codec::ProtoWriter{}.bytes(1, address.bytes()).view());
  return seal_envelope(peer_record_kind, writer.view(), key);
}

Result<PeerRecord, PeerError> open_peer_record(BytesView envelope) {
  HEARTH_TRY(OpenedEnvelope opened, open_envelope(peer_record_kind, envelope));
  PeerRecord record{.peer = std::move(opened.signer)};
  BytesView peer;
  codec::ProtoReader reader{opened.payload};
  for (;;) {
    const auto next = reader.next();
    if (!next) return Failure{PeerError::malformed};
    if (!*next) break;
    const codec::ProtoField& field = **next;
    if (field.number == 1) {
      const auto value = field.bytes();
      if (!value) return Failure{PeerError::malformed};
      peer = *value;
    } else if (field.number == 2) {
      const auto value = field.varint();
      if (!value) return Failure{PeerError::malformed};
      record.sequence = *value;
    } else if (field.number == 3) {
      const auto value = field.bytes();
      if (!value) return Failure{PeerError::malformed};
      HEARTH_TRY(const BytesView address, read_address_info(*value));
      auto parsed = codec::Multiaddr::from_bytes(address);
      if (parsed && !parsed->empty() && record.addresses.size() < PeerRecord::max_addresses)
        record.addresses.push_back(std::move(*parsed));
    }
  }
  if (!equal(peer, record.peer.bytes())) return Failure{PeerError::wrong_peer};
  return record;
}

}  // namespace hearth::peer
