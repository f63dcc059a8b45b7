#pragma once
// Entries of a space's membership log (docs/protocol/graph.md, section 4). Which of them count is
// the ledger's to say.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/model/id.h>
#include <hearth/update/error.h>

namespace hearth::update {

inline constexpr std::size_t max_entry_size = 65'536;

enum class SpaceKind : std::uint8_t { open = 0, guarded = 1 };  ///< public, protected

enum class Role : std::uint8_t { none = 0, carrier, reader, writer, admin, owner };
[[nodiscard]] constexpr bool may_write(Role role) {
  return role >= Role::writer;
}

/// A place in an author's log. seq 0 with a zero id: before its first update.
struct Position {
  model::AuthorKey author;
  std::uint64_t seq = 0;
  model::UpdateId id;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Found {
  SpaceKind kind = SpaceKind::guarded;
  std::array<std::byte, 16> nonce{};
  friend bool operator==(const Found&, const Found&) = default;
};
struct SetHome {
  model::AuthorKey home;
  friend bool operator==(const SetHome&, const SetHome&) = default;
};
/// Taking the right to write away says where each of the persona's authors ends; those not named
/// are void from their beginning.
struct SetRole {
  model::PersonaKey persona;
  Role role = Role::none;
  std::vector<Position> cuts;  ///< by author, each once
  friend bool operator==(const SetRole&, const SetRole&) = default;
};
/// A lost or stolen device ends here.
struct EndAuthor {
  Position last;
  friend bool operator==(const EndAuthor&, const EndAuthor&) = default;
};
/// Of a forked author's branches, the one through here.
struct NameBranch {
  Position on;
  friend bool operator==(const NameBranch&, const NameBranch&) = default;
};
struct UnknownMemberChange {
  Bytes encoded;
  friend bool operator==(const UnknownMemberChange&, const UnknownMemberChange&) = default;
};
using MemberChange =
    std::variant<Found, SetHome, SetRole, EndAuthor, NameBranch, UnknownMemberChange>;

struct Entry {
  std::optional<model::SpaceId> space;  ///< nothing in the first
  std::uint64_t term = 1;
  std::uint64_t seq = 0;
  std::optional<model::EntryId> prev;  ///< nothing in the first
  std::uint64_t time = 0;              ///< milliseconds since 1970
  model::AuthorKey signer;
  std::vector<MemberChange> changes;

  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<Entry, UpdateError> decode(BytesView bytes);
  [[nodiscard]] model::EntryId id() const;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// An entry or checkpoint with its signature: `[payload: bstr, signature: bstr .size 64]`.
[[nodiscard]] Bytes sign(const Entry& entry, const crypto::Ed25519PrivateKey& key);
[[nodiscard]] Result<Entry, UpdateError> verify_entry(BytesView statement);

}  // namespace hearth::update
