#pragma once
// Signatures of updates, many per call, away from the thread that applies them.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/model/id.h>
#include <hearth/update/error.h>
#include <hearth/update/header.h>

namespace hearth::update {

/// An update whose signature and body hash are right. Only a verifier makes one, or our own store,
/// which holds nothing else.
class VerifiedUpdate {
 public:
  [[nodiscard]] const Header& header() const { return update_.header; }
  [[nodiscard]] const model::UpdateId& id() const { return id_; }
  [[nodiscard]] const crypto::Ed25519Signature& signature() const { return update_.signature; }
  [[nodiscard]] const std::optional<Bytes>& body() const { return update_.body; }
  [[nodiscard]] Update take() && { return std::move(update_); }

  /// For what was verified before: by this machine, or because it signed it itself.
  [[nodiscard]] static VerifiedUpdate trusted(Update update);

 private:
  friend class Verifier;
  VerifiedUpdate(Update update, const model::UpdateId& id) : update_(std::move(update)), id_(id) {}
  Update update_;
  model::UpdateId id_;
};

/// One per thread. Each signature is checked by itself, under the one strict rule: the batch
/// equation accepts what single verification refuses.
class Verifier {
 public:
  /// Keys whose points were checked, kept up to this many; each check costs as much as a signature.
  static constexpr std::size_t max_keys = 4096;

  /// bad_key, bad_signature, wrong_body.
  [[nodiscard]] Result<VerifiedUpdate, UpdateError> verify(Update update);
  /// One answer per update, in their order.
  [[nodiscard]] std::vector<Result<VerifiedUpdate, UpdateError>> verify_all(
      std::vector<Update> updates);

 private:
  const std::optional<crypto::Ed25519PublicKey>& key_of(const model::AuthorKey& author);
  std::map<model::AuthorKey, std::optional<crypto::Ed25519PublicKey>> keys_;
};

/// One author, one seq, two headers: proof that the author forked, for anyone to check.
struct ForkProof {
  Update first;   ///< of the smaller id; no body
  Update second;  ///< of the larger

  /// Two updates with the same author, space and seq, and different ids.
  [[nodiscard]] static ForkProof of(const Update& a, const Update& b);
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<ForkProof, UpdateError> verify(BytesView bytes, Verifier& verifier);
  friend bool operator==(const ForkProof&, const ForkProof&) = default;
};

}  // namespace hearth::update
