#pragma once
// The signed head of an update (docs/protocol/graph.md, section 2).

#include <cstdint>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/model/id.h>
#include <hearth/update/error.h>

namespace hearth::update {

struct Header {
  model::SpaceId space;
  model::AuthorKey author;
  std::uint64_t seq = 1;      ///< from 1
  model::Bytes32 prev{};      ///< the update before; of the first, the hash of the certificate
  model::EntryId membership;  ///< the newest entry its author knew
  std::uint64_t epoch = 0;    ///< of the key of a private space; else 0
  std::uint64_t bytes = 0;    ///< of all the author's bodies up to this one
  model::Bytes32 body{};      ///< hash of the body as it is stored

  [[nodiscard]] Bytes encode() const;
  /// Numbers are at most 2^53 - 1. Says nothing about signatures.
  [[nodiscard]] static Result<Header, UpdateError> decode(BytesView bytes);
  [[nodiscard]] model::UpdateId id() const;
  friend bool operator==(const Header&, const Header&) = default;
};

/// One update as it travels. The body may be missing: it can be dropped, and fetched.
struct Update {
  Header header;
  crypto::Ed25519Signature signature{};
  std::optional<Bytes> body;
  friend bool operator==(const Update&, const Update&) = default;
};

[[nodiscard]] model::Bytes32 hash_of(BytesView bytes);
/// Signs `header`, whose author is `key`'s.
[[nodiscard]] crypto::Ed25519Signature sign(const Header& header,
                                            const crypto::Ed25519PrivateKey& key);
[[nodiscard]] model::AuthorKey author_of(const crypto::Ed25519PublicKey& key);

}  // namespace hearth::update
