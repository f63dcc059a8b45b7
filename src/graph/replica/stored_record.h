#pragma once
// Private to this module: an update as it is stored.

#include <cstdint>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/ledger/log.h>
#include <hearth/model/id.h>

namespace hearth::replica {

/// Small, since most updates are:
///   state and flags:1 [membership:varint] [epoch:varint] [bytes:varint] id:32 signature:64
///   [prev:32] body, or its hash
/// Views are borrowed.
struct StoredRecord {
  ledger::BodyState state = ledger::BodyState::absent;
  std::uint64_t membership = 0;  ///< the number of the entry it names
  std::uint64_t epoch = 0;
  std::optional<std::uint64_t> bytes;  ///< nothing: the sum of the one before and of its own body
  model::UpdateId id;
  BytesView signature;
  std::optional<model::Bytes32> prev;  ///< nothing: the id of the one before on the line
  std::optional<BytesView> body;
  BytesView body_hash;  ///< where there is no body

  [[nodiscard]] Bytes encode() const;
  /// Nothing where the bytes are none.
  [[nodiscard]] static std::optional<StoredRecord> parse(BytesView bytes);
};

}  // namespace hearth::replica
