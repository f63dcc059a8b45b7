#pragma once
// What a space's home has seen, and when (docs/protocol/graph.md, section 5).

#include <cstdint>
#include <optional>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/model/id.h>
#include <hearth/update/error.h>
#include <hearth/update/membership.h>

namespace hearth::update {

inline constexpr std::size_t max_checkpoint_size = 1 << 20;
/// What a covered update's state may be above the checkpoint's time, and still count.
inline constexpr double checkpoint_tolerance_ms = 5 * 60 * 1000;
/// How long what was superseded or deleted is remembered.
inline constexpr double purge_horizon_ms = 30.0 * 24 * 60 * 60 * 1000;

struct Checkpoint {
  model::SpaceId space;
  std::uint64_t number = 1;
  std::optional<model::CheckpointId> prev;  ///< nothing in the first
  model::EntryId membership;
  std::uint64_t time = 0;       ///< milliseconds since 1970
  std::vector<Position> heads;  ///< by author, each once, none with seq 0
  model::Bytes32 digest{};

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<Checkpoint, UpdateError> decode(BytesView bytes);
  [[nodiscard]] model::CheckpointId id() const;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

[[nodiscard]] Bytes sign(const Checkpoint& checkpoint, const crypto::Ed25519PrivateKey& key);

/// Decoded, not yet verified: who must have signed it is the ledger's to say.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Bytes payload;
  crypto::Ed25519Signature signature{};

  [[nodiscard]] static Result<SignedCheckpoint, UpdateError> decode(BytesView statement);
  [[nodiscard]] bool is_signed_by(const model::AuthorKey& home) const;
};

}  // namespace hearth::update
