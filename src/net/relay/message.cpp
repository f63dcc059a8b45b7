#include <limits>
#include <utility>

#include <hearth/codec/protobuf.h>
#include <hearth/peer/envelope.h>
#include <hearth/relay/message.h>

namespace hearth::relay {

using codec::ProtoReader;
using codec::ProtoWriter;

namespace {

Bytes encode_peer(const Peer& peer) {
  ProtoWriter writer;
  writer.bytes(1, peer.id.bytes());
  for (const Multiaddr& address : peer.addresses) writer.bytes(2, address.bytes());
  return writer.take();
}

Bytes encode_limit(const Limit& limit) {
  ProtoWriter writer;
  writer.varint(1, static_cast<std::uint64_t>(limit.duration.count()));
  writer.varint(2, limit.data_bytes);
  return writer.take();
}

Bytes encode_reservation(const Reservation& reservation) {
  ProtoWriter writer;
  writer.varint(1, static_cast<std::uint64_t>(reservation.expire.seconds()));
  for (const Multiaddr& address : reservation.addresses) writer.bytes(2, address.bytes());
  if (!reservation.voucher.empty()) writer.bytes(3, reservation.voucher);
  return writer.take();
}

/// Addresses of kinds we don't know are none of our business.
void add_address(std::vector<Multiaddr>& to, BytesView bytes) {
  if (to.size() >= max_addresses) return;
  if (auto address = Multiaddr::from_bytes(bytes)) to.push_back(std::move(*address));
}

Result<PeerId, CodecError> decode_peer_id(BytesView bytes) {
  auto id = PeerId::from_bytes(bytes);
  if (!id) return Failure{CodecError::wrong_type};
  return std::move(*id);
}

/// Seconds since 1970, below the year 10000: more would overflow when turned into milliseconds.
Result<Timestamp, CodecError> decode_time(std::uint64_t seconds) {
  if (seconds > 253'402'300'799) return Failure{CodecError::too_large};
  return Timestamp::from_seconds(static_cast<std::int64_t>(seconds));
}

Result<Peer, CodecError> decode_peer(BytesView message) {
  std::optional<PeerId> id;
  std::vector<Multiaddr> addresses;
  ProtoReader reader{message};
  while (true) {
    HEARTH_TRY(const auto field, reader.next());
    if (!field) break;
    if (field->number == 1) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(id, decode_peer_id(bytes));
    } else if (field->number == 2) {
      HEARTH_TRY(const auto bytes, field->bytes());
      add_address(addresses, bytes);
    }
  }
  if (!id) return Failure{CodecError::truncated};
  return Peer{.id = std::move(*id), .addresses = std::move(addresses)};
}

Result<Limit, CodecError> decode_limit(BytesView message) {
  Limit limit;
  ProtoReader reader{message};
  while (true) {
    HEARTH_TRY(const auto field, reader.next());
    if (!field) break;
    if (field->number == 1) {
      HEARTH_TRY(const auto seconds, field->varint());
      if (seconds > std::numeric_limits<std::uint32_t>::max())  // a uint32 by the spec
        return Failure{CodecError::too_large};
      limit.duration = std::chrono::seconds{static_cast<std::int64_t>(seconds)};
    } else if (field->number == 2) {
      HEARTH_TRY(limit.data_bytes, field->varint());
    }
  }
  return limit;
}

Result<Reservation, CodecError> decode_reservation(BytesView message) {
  Reservation reservation;
  ProtoReader reader{message};
  while (true) {
    HEARTH_TRY(const auto field, reader.next());
    if (!field) break;
    if (field->number == 1) {
      HEARTH_TRY(const auto seconds, field->varint());
      HEARTH_TRY(reservation.expire, decode_time(seconds));
    } else if (field->number == 2) {
      HEARTH_TRY(const auto bytes, field->bytes());
      add_address(reservation.addresses, bytes);
    } else if (field->number == 3) {
      HEARTH_TRY(const auto bytes, field->bytes());
      reservation.voucher = to_bytes(bytes);
    }
  }
  return reservation;
}

Status decode_status(std::uint64_t value) {
  for (const Status status :
       {Status::ok, Status::reservation_refused, Status::resource_limit_exceeded,
        Status::permission_denied, Status::connection_failed, Status::no_reservation,
        Status::malformed_message, Status::unexpected_message})
    if (value == static_cast<std::uint64_t>(status)) return status;
  return Status::malformed_message;
}

/// Hop and stop differ in their numbers alone; `reservation_field` 0 means there is none.
struct Numbers {
  std::uint32_t reservation, limit, status;
  std::uint64_t last_type;
};
constexpr Numbers hop_numbers{.reservation = 3, .limit = 4, .status = 5, .last_type = 2};
constexpr Numbers stop_numbers{.reservation = 0, .limit = 3, .status = 4, .last_type = 1};

Result<HopMessage, CodecError> decode(BytesView message, const Numbers& numbers) {
  if (message.size() > max_message_bytes) return Failure{CodecError::too_large};
  HopMessage out;
  bool typed = false;
  ProtoReader reader{message};
  while (true) {
    HEARTH_TRY(const auto field, reader.next());
    if (!field) break;
    if (field->number == 1) {
      HEARTH_TRY(const auto type, field->varint());
      if (type > numbers.last_type) return Failure{CodecError::wrong_type};
      out.type = static_cast<HopMessage::Type>(type);
      typed = true;
    } else if (field->number == 2) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(out.peer, decode_peer(bytes));
    } else if (field->number == numbers.reservation) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(out.reservation, decode_reservation(bytes));
    } else if (field->number == numbers.limit) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(out.limit, decode_limit(bytes));
    } else if (field->number == numbers.status) {
      HEARTH_TRY(const auto value, field->varint());
      out.status = decode_status(value);
    }
  }
  if (!typed) return Failure{CodecError::truncated};
  return out;
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::reservation_refused:
      return "reservation_refused";
    case Status::resource_limit_exceeded:
      return "resource_limit_exceeded";
    case Status::permission_denied:
      return "permission_denied";
    case Status::connection_failed:
      return "connection_failed";
    case Status::no_reservation:
      return "no_reservation";
    case Status::malformed_message:
      return "malformed_message";
    case Status::unexpected_message:
      return "unexpected_message";
  }
  return "";
}

Bytes encode(const HopMessage& message) {
  ProtoWriter writer;
  writer.varint(1, static_cast<std::uint64_t>(message.type));
  if (message.peer) writer.bytes(2, encode_peer(*message.peer));
  if (message.reservation) writer.bytes(3, encode_reservation(*message.reservation));
  if (message.limit) writer.bytes(4, encode_limit(*message.limit));
  if (message.status) writer.varint(5, static_cast<std::uint64_t>(*message.status));
  return writer.take();
}

Bytes encode(const StopMessage& message) {
  ProtoWriter writer;
  writer.varint(1, static_cast<std::uint64_t>(message.type));
  if (message.peer) writer.bytes(2, encode_peer(*message.peer));
  if (message.limit) writer.bytes(3, encode_limit(*message.limit));
  if (message.status) writer.varint(4, static_cast<std::uint64_t>(*message.status));
  return writer.take();
}

Result<HopMessage, CodecError> decode_hop(BytesView message) {
  return decode(message, hop_numbers);
}

Result<StopMessage, CodecError> decode_stop(BytesView message) {
  HEARTH_TRY(auto read, decode(message, stop_numbers));
  return StopMessage{.type = static_cast<StopMessage::Type>(read.type),
                     .peer = std::move(read.peer),
                     .limit = read.limit,
                     .status = read.status};
}

Bytes seal_voucher(const Voucher& voucher, const crypto::Ed25519PrivateKey& key) {
  ProtoWriter writer;
  writer.bytes(1, voucher.relay.bytes());
  writer.bytes(2, voucher.peer.bytes());
  writer.varint(3, static_cast<std::uint64_t>(voucher.expiration.seconds()));
  return peer::seal_envelope(peer::relay_voucher_kind, writer.view(), key);
}

namespace {

Result<Voucher, CodecError> decode_voucher(BytesView payload) {
  std::optional<PeerId> relay;
  std::optional<PeerId> peer;
  Timestamp expiration;
  ProtoReader reader{payload};
  while (true) {
    HEARTH_TRY(const auto field, reader.next());
    if (!field) break;
    if (field->number == 1) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(relay, decode_peer_id(bytes));
    } else if (field->number == 2) {
      HEARTH_TRY(const auto bytes, field->bytes());
      HEARTH_TRY(peer, decode_peer_id(bytes));
    } else if (field->number == 3) {
      HEARTH_TRY(const auto seconds, field->varint());
      HEARTH_TRY(expiration, decode_time(seconds));
    }
  }
  if (!relay || !peer) return Failure{CodecError::truncated};
  return Voucher{.relay = std::move(*relay), .peer = std::move(*peer), .expiration = expiration};
}

}  // namespace

Result<Voucher, VoucherError> open_voucher(BytesView envelope) {
  auto opened = peer::open_envelope(peer::relay_voucher_kind, envelope);
  if (!opened)
    return Failure{opened.error() == peer::PeerError::bad_signature ? VoucherError::bad_signature
                                                                    : VoucherError::malformed};
  auto voucher = decode_voucher(opened->payload);
  if (!voucher) return Failure{VoucherError::malformed};
  if (voucher->relay != opened->signer) return Failure{VoucherError::wrong_signer};
  return std::move(*voucher);
}

}  // namespace hearth::relay
