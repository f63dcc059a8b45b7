#include "position.h"
#include "statement.h"
#include <hearth/update/checkpoint.h>
#include <hearth/update/header.h>

namespace hearth::update {

Bytes Checkpoint::encode() const {
  codec::CborWriter writer;
  writer.array(8).uint(1).bytes(space.value()).uint(number);
  writer.bytes(prev ? BytesView{prev->value()} : BytesView{});
  writer.bytes(membership.value()).uint(time);
  write_positions(writer, heads);
  writer.bytes(digest);
  return writer.take();
}

Result<Checkpoint, UpdateError> Checkpoint::decode(BytesView bytes) {
  if (bytes.size() > max_checkpoint_size) return Failure{UpdateError::too_large};
  codec::CborReader reader{bytes};
  HEARTH_CHECK(parsed(reader.array(8)));
  HEARTH_CHECK(read_version(reader));
  Checkpoint checkpoint;
  HEARTH_TRY(checkpoint.space, read_id<model::SpaceId>(reader));
  HEARTH_TRY(checkpoint.number, read_count(reader));
  HEARTH_TRY(const BytesView prev, parsed(reader.bytes()));
  checkpoint.prev = model::id_from<model::CheckpointId>(prev);
  HEARTH_TRY(checkpoint.membership, read_id<model::EntryId>(reader));
  HEARTH_TRY(checkpoint.time, read_count(reader));
  HEARTH_TRY(checkpoint.heads, read_positions(reader));
  HEARTH_TRY(const BytesView digest, parsed(reader.bytes(32)));
  HEARTH_CHECK(parsed(reader.done()));
  if (checkpoint.number == 0) return Failure{UpdateError::out_of_range};
  // Empty in the first, an id in every other.
  if (prev.empty() != (checkpoint.number == 1) || checkpoint.prev.has_value() == prev.empty())
    return Failure{UpdateError::malformed};
  if (std::ranges::any_of(checkpoint.heads, [](const Position& head) { return head.seq == 0; }))
    return Failure{UpdateError::out_of_range};
  std::ranges::copy(digest, checkpoint.digest.begin());
  return checkpoint;
}

model::CheckpointId Checkpoint::id() const {
  return model::CheckpointId{hash_of(encode())};
}

Bytes sign(const Checkpoint& checkpoint, const crypto::Ed25519PrivateKey& key) {
  return seal(checkpoint_label, checkpoint.encode(), key);
}

Result<SignedCheckpoint, UpdateError> SignedCheckpoint::decode(BytesView statement) {
  HEARTH_TRY(const Sealed sealed, Sealed::open(statement, max_checkpoint_size + 128));
  HEARTH_TRY(Checkpoint checkpoint, Checkpoint::decode(sealed.payload));
  SignedCheckpoint result{.checkpoint = std::move(checkpoint), .payload = to_bytes(sealed.payload)};
  std::ranges::copy(sealed.signature, result.signature.begin());
  return result;
}

bool SignedCheckpoint::is_signed_by(const model::AuthorKey& home) const {
  return Sealed{.payload = payload, .signature = signature}
      .check(checkpoint_label, home.value())
      .has_value();
}

}  // namespace hearth::update
