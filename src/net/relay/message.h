#pragma once
// The messages of circuit relay v2: hop (client to relay), stop (relay to target), and the voucher.
// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/codec/error.h>
#include <hearth/codec/multiaddr.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/peer/peer_id.h>

namespace hearth::relay {

using codec::CodecError;
using codec::Multiaddr;
using peer::PeerId;

inline constexpr std::string_view hop_protocol = "/libp2p/circuit/relay/0.2.0/hop";
inline constexpr std::string_view stop_protocol = "/libp2p/circuit/relay/0.2.0/stop";

/// Messages travel behind a uvarint of their size, which is at most this.
inline constexpr std::size_t max_message_bytes = 4096;
/// Addresses beyond this many in one message are passed over.
inline constexpr std::size_t max_addresses = 32;

enum class Status : std::uint16_t {
  ok = 100,
  reservation_refused = 200,
  resource_limit_exceeded = 201,
  permission_denied = 202,
  connection_failed = 203,
  no_reservation = 204,
  malformed_message = 400,
  unexpected_message = 401,
};
[[nodiscard]] std::string_view to_string(Status status);

struct Peer {
  PeerId id;
  std::vector<Multiaddr> addresses;  // those we can read; the others are passed over
  friend bool operator==(const Peer&, const Peer&) = default;
};

/// What a relayed connection may use, as the relay announces it. Zero: no limit of that kind.
struct Limit {
  std::chrono::seconds duration{0};
  std::uint64_t data_bytes = 0;  // in each direction
  friend bool operator==(const Limit&, const Limit&) = default;
};

struct Reservation {
  Timestamp expire;                  // whole seconds on the wire
  std::vector<Multiaddr> addresses;  // the relay's own, where others can reach it
  Bytes voucher;                     // a signed envelope, or empty
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

struct HopMessage {
  enum class Type : std::uint8_t { reserve = 0, connect = 1, status = 2 };
  Type type = Type::reserve;
  std::optional<Peer> peer{};
  std::optional<Reservation> reservation{};
  std::optional<Limit> limit{};
  std::optional<Status> status{};
  friend bool operator==(const HopMessage&, const HopMessage&) = default;
};

struct StopMessage {
  enum class Type : std::uint8_t { connect = 0, status = 1 };
  Type type = Type::connect;
  std::optional<Peer> peer{};
  std::optional<Limit> limit{};
  std::optional<Status> status{};
  friend bool operator==(const StopMessage&, const StopMessage&) = default;
};

/// Without the length prefix.
[[nodiscard]] Bytes encode(const HopMessage& message);
[[nodiscard]] Bytes encode(const StopMessage& message);

/// Errors: the codec's, and wrong_type for a type or peer id that isn't one. An unknown status
/// reads as malformed_message. The type must be there (the spec's `type` is required).
[[nodiscard]] Result<HopMessage, CodecError> decode_hop(BytesView message);
[[nodiscard]] Result<StopMessage, CodecError> decode_stop(BytesView message);

/// The relay's signed word that `peer` may be reached through it until `expiration`.
struct Voucher {
  PeerId relay;
  PeerId peer;
  Timestamp expiration;
  friend bool operator==(const Voucher&, const Voucher&) = default;
};

/// A signed envelope, domain "libp2p-relay-rsvp", payload type 03 02. `key` is the relay's.
[[nodiscard]] Bytes seal_voucher(const Voucher& voucher, const crypto::Ed25519PrivateKey& key);
enum class VoucherError : std::uint8_t { malformed, bad_signature, wrong_signer };
/// wrong_signer: not signed by the relay it names.
[[nodiscard]] Result<Voucher, VoucherError> open_voucher(BytesView envelope);

}  // namespace hearth::relay
