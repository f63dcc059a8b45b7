#include "cbor.h"
#include <hearth/update/header.h>
#include <hearth/update/signing.h>

namespace hearth::update {

Bytes Header::encode() const {
  codec::CborWriter writer;
  writer.array(9)
      .uint(1)
      .bytes(space.value())
      .bytes(author.value())
      .uint(seq)
      .bytes(prev)
      .bytes(membership.value())
      .uint(epoch)
      .uint(bytes)
      .bytes(body);
  return writer.take();
}

Result<Header, UpdateError> Header::decode(BytesView bytes) {
  codec::CborReader reader{bytes};
  HEARTH_CHECK(parsed(reader.array(9)));
  HEARTH_CHECK(read_version(reader));
  Header header;
  HEARTH_TRY(header.space, read_id<model::SpaceId>(reader));
  HEARTH_TRY(header.author, read_id<model::AuthorKey>(reader));
  HEARTH_TRY(header.seq, read_count(reader));
  HEARTH_TRY(const auto prev, read_id<model::UpdateId>(reader));
  HEARTH_TRY(header.membership, read_id<model::EntryId>(reader));
  HEARTH_TRY(header.epoch, read_count(reader));
  HEARTH_TRY(header.bytes, read_count(reader));
  HEARTH_TRY(const auto body, read_id<model::UpdateId>(reader));
  HEARTH_CHECK(parsed(reader.done()));
  if (header.seq == 0) return Failure{UpdateError::out_of_range};
  header.prev = prev.value();
  header.body = body.value();
  return header;
}

model::UpdateId Header::id() const {
  return model::UpdateId{hash_of(encode())};
}

model::Bytes32 hash_of(BytesView bytes) {
  return crypto::sha256(bytes);
}

crypto::Ed25519Signature sign(const Header& header, const crypto::Ed25519PrivateKey& key) {
  return key.sign(labelled(update_label, header.encode()));
}

model::AuthorKey author_of(const crypto::Ed25519PublicKey& key) {
  return *model::id_from<model::AuthorKey>(key.bytes());
}

}  // namespace hearth::update
