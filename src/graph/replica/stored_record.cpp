#include "stored_record.h"

#include <hearth/codec/varint.h>

namespace hearth::replica {

using ledger::BodyState;

namespace {

// The first byte: BodyState, and what there is.
constexpr unsigned state_mask = 0x07;
constexpr unsigned has_body = 0x08;
constexpr unsigned has_prev = 0x10;
constexpr unsigned has_bytes = 0x20;
constexpr unsigned has_epoch = 0x40;

}  // namespace

Bytes StoredRecord::encode() const {
  Bytes encoded;
  encoded.push_back(static_cast<std::byte>(static_cast<unsigned>(state) | (body ? has_body : 0U) |
                                           (prev ? has_prev : 0U) | (bytes ? has_bytes : 0U) |
                                           (epoch == 0 ? 0U : has_epoch)));
  codec::append_uvarint(encoded, membership);
  if (epoch != 0) codec::append_uvarint(encoded, epoch);
  if (bytes) codec::append_uvarint(encoded, *bytes);
  append(encoded, id.value());
  append(encoded, signature);
  if (prev) append(encoded, *prev);
  append(encoded, body ? *body : body_hash);
  return encoded;
}

std::optional<StoredRecord> StoredRecord::parse(BytesView encoded) {
  Reader reader{encoded};
  StoredRecord record;
  const unsigned flags = reader.u8().value_or(0);
  const unsigned state = flags & state_mask;
  if ((flags & ~(state_mask | has_body | has_prev | has_bytes | has_epoch)) != 0 ||
      state > static_cast<unsigned>(BodyState::sealed))
    return std::nullopt;
  record.state = static_cast<BodyState>(state);
  const auto membership = codec::read_uvarint(reader);
  if (!membership) return std::nullopt;
  record.membership = *membership;
  if ((flags & has_epoch) != 0) record.epoch = codec::read_uvarint(reader).value_or(0);
  if ((flags & has_bytes) != 0) {
    const auto sum = codec::read_uvarint(reader);
    if (!sum) return std::nullopt;
    record.bytes = *sum;
  }
  const auto id = reader.bytes(32);
  const auto signature = reader.bytes(64);
  if (!id || !signature) return std::nullopt;
  record.id = *model::id_from<model::UpdateId>(*id);
  record.signature = *signature;
  if ((flags & has_prev) != 0) {
    const auto prev = reader.bytes(32);
    if (!prev) return std::nullopt;
    record.prev = model::id_from<model::UpdateId>(*prev)->value();
  }
  if ((flags & has_body) != 0) {
    record.body = reader.rest();
  } else {
    record.body_hash = reader.rest();
    if (record.body_hash.size() != 32) return std::nullopt;
  }
  return record;
}

}  // namespace hearth::replica
