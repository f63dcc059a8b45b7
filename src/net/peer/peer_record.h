#pragma once
// A peer's addresses, signed by itself and ordered by a sequence number (RFC 0003 of libp2p).
// https://github.com/libp2p/specs/blob/master/RFC/0003-routing-records.md

#include <cstdint>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/peer/peer_id.h>

namespace hearth::peer {

struct PeerRecord {
  /// More addresses than this are passed over.
  static constexpr std::size_t max_addresses = 64;

  PeerId peer;
  std::uint64_t sequence =
      0;  ///< by custom the time it was made; a lower one than known is refused
  std::vector<codec::Multiaddr> addresses;
};

/// As an envelope. `record.peer` must be the id of `key`'s public key.
[[nodiscard]] Bytes seal_peer_record(const PeerRecord& record,
                                     const crypto::Ed25519PrivateKey& key);

/// Addresses we can't read (transports of the future) are left out. Errors as open_envelope, and
/// wrong_peer when it speaks of another peer than its signer.
[[nodiscard]] Result<PeerRecord, PeerError> open_peer_record(BytesView envelope);

}  // namespace hearth::peer
