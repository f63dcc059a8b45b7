#include <algorithm>

#include "cbor.h"
#include <hearth/base/assert.h>
#include <hearth/update/signing.h>
#include <hearth/update/verifier.h>

namespace hearth::update {

VerifiedUpdate VerifiedUpdate::trusted(Update update) {
  const model::UpdateId id = update.header.id();
  return {std::move(update), id};
}

const std::optional<crypto::Ed25519PublicKey>& Verifier::key_of(const model::AuthorKey& author) {
  if (const auto known = keys_.find(author); known != keys_.end()) return known->second;
  // Strangers may bring keys without end; those in use come back soon.
  if (keys_.size() == max_keys) keys_.clear();
  const auto key = crypto::Ed25519PublicKey::create(author.value());
  return keys_.emplace(author, key ? std::optional{*key} : std::nullopt).first->second;
}

Result<VerifiedUpdate, UpdateError> Verifier::verify(Update update) {
  const auto& key = key_of(update.header.author);
  if (!key) return Failure{UpdateError::bad_key};
  if (update.body && hash_of(*update.body) != update.header.body)
    return Failure{UpdateError::wrong_body};
  const Bytes payload = update.header.encode();
  if (!key->verify(labelled(update_label, payload), update.signature))
    return Failure{UpdateError::bad_signature};
  return VerifiedUpdate{std::move(update), model::UpdateId{hash_of(payload)}};
}

std::vector<Result<VerifiedUpdate, UpdateError>> Verifier::verify_all(std::vector<Update> updates) {
  std::vector<Result<VerifiedUpdate, UpdateError>> answers;
  answers.reserve(updates.size());
  for (Update& update : updates) answers.push_back(verify(std::move(update)));
  return answers;
}

ForkProof ForkProof::of(const Update& a, const Update& b) {
  const auto bare = [](const Update& update) {
    return Update{.header = update.header, .signature = update.signature, .body = std::nullopt};
  };
  HEARTH_ASSERT(a.header.id() != b.header.id());
  return a.header.id() < b.header.id() ? ForkProof{.first = bare(a), .second = bare(b)}
                                       : ForkProof{.first = bare(b), .second = bare(a)};
}

Bytes ForkProof::encode() const {
  codec::CborWriter writer;
  writer.array(2);
  for (const Update* update : {&first, &second})
    writer.array(2).bytes(update->header.encode()).bytes(update->signature);
  return writer.take();
}

Result<ForkProof, UpdateError> ForkProof::verify(BytesView bytes, Verifier& verifier) {
  codec::CborReader reader{bytes};
  ForkProof proof;
  HEARTH_CHECK(parsed(reader.array(2)));
  for (Update* update : {&proof.first, &proof.second}) {
    HEARTH_CHECK(parsed(reader.array(2)));
    HEARTH_TRY(const BytesView header, parsed(reader.bytes()));
    HEARTH_TRY(const BytesView signature, parsed(reader.bytes(64)));
    HEARTH_TRY(update->header, Header::decode(header));
    std::ranges::copy(signature, update->signature.begin());
  }
  HEARTH_CHECK(parsed(reader.done()));
  const Header& a = proof.first.header;
  const Header& b = proof.second.header;
  if (a.space != b.space || a.author != b.author || a.seq != b.seq)
    return Failure{UpdateError::out_of_range};
  if (!(a.id() < b.id())) return Failure{UpdateError::out_of_order};
  HEARTH_CHECK(verifier.verify(proof.first));
  HEARTH_CHECK(verifier.verify(proof.second));
  return proof;
}

}  // namespace hearth::update
