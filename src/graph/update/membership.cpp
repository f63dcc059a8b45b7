#include "position.h"
#include "statement.h"
#include <hearth/update/header.h>
#include <hearth/update/membership.h>

namespace hearth::update {
namespace {

using codec::CborReader;
using codec::CborWriter;

// The signature and the outer heads come on top of an entry.
constexpr std::size_t max_statement_size = max_entry_size + 128;

enum Code : std::uint64_t {
  code_found = 1,
  code_home,
  code_role,
  code_end,
  code_branch,
  first_unknown_code,
};

void write(CborWriter& to, const Position& position) {
  to.array(3).bytes(position.author.value()).uint(position.seq).bytes(position.id.value());
}

struct ChangeWriter {
  CborWriter& to;

  void operator()(const Found& found) const {
    to.array(3).uint(code_found).uint(static_cast<std::uint64_t>(found.kind)).bytes(found.nonce);
  }
  void operator()(const SetHome& change) const {
    to.array(2).uint(code_home).bytes(change.home.value());
  }
  void operator()(const SetRole& change) const {
    to.array(4).uint(code_role).bytes(change.persona.value());
    to.uint(static_cast<std::uint64_t>(change.role)).array(change.cuts.size());
    for (const Position& cut : change.cuts) write(to, cut);
  }
  void operator()(const EndAuthor& change) const {
    to.array(2).uint(code_end);
    write(to, change.last);
  }
  void operator()(const NameBranch& change) const {
    to.array(2).uint(code_branch);
    write(to, change.on);
  }
  void operator()(const UnknownMemberChange& change) const { to.raw(change.encoded); }
};

}  // namespace

Result<Position, UpdateError> read_position(CborReader& from) {
  HEARTH_CHECK(parsed(from.array(3)));
  Position position;
  HEARTH_TRY(position.author, read_id<model::AuthorKey>(from));
  HEARTH_TRY(position.seq, read_count(from));
  HEARTH_TRY(position.id, read_id<model::UpdateId>(from));
  if (position.seq == 0 && position.id != model::UpdateId{})
    return Failure{UpdateError::out_of_range};
  return position;
}

Result<std::vector<Position>, UpdateError> read_positions(CborReader& from) {
  HEARTH_TRY(const std::uint64_t count, parsed(from.array()));
  std::vector<Position> positions;
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_TRY(const Position position, read_position(from));
    if (i > 0 && !(positions.back().author < position.author))
      return Failure{UpdateError::out_of_order};
    positions.push_back(position);
  }
  return positions;
}

void write_positions(CborWriter& to, const std::vector<Position>& positions) {
  to.array(positions.size());
  for (const Position& position : positions) write(to, position);
}

namespace {

Result<MemberChange, UpdateError> read_change(CborReader& from, BytesView document) {
  const CborReader beginning = from;
  HEARTH_TRY(const std::uint64_t items, parsed(from.array()));
  HEARTH_TRY(const std::uint64_t code, parsed(from.uint()));
  const auto sized = [&](std::uint64_t size) { return items == size; };
  switch (code) {
    case 0:
      return Failure{UpdateError::out_of_range};
    case code_found: {
      Found found;
      if (!sized(3)) return Failure{UpdateError::malformed};
      HEARTH_TRY(const std::uint64_t kind, parsed(from.uint()));
      HEARTH_TRY(const BytesView nonce, parsed(from.bytes(found.nonce.size())));
      // Private spaces are of a later version: who doesn't know them must not take part.
      if (kind > static_cast<std::uint64_t>(SpaceKind::guarded))
        return Failure{UpdateError::wrong_version};
      found.kind = static_cast<SpaceKind>(kind);
      std::ranges::copy(nonce, found.nonce.begin());
      return found;
    }
    case code_home: {
      SetHome change;
      if (!sized(2)) return Failure{UpdateError::malformed};
      HEARTH_TRY(change.home, read_id<model::AuthorKey>(from));
      return change;
    }
    case code_role: {
      SetRole change;
      if (!sized(4)) return Failure{UpdateError::malformed};
      HEARTH_TRY(change.persona, read_id<model::PersonaKey>(from));
      HEARTH_TRY(const std::uint64_t role, parsed(from.uint()));
      if (role > static_cast<std::uint64_t>(Role::owner)) return Failure{UpdateError::out_of_range};
      change.role = static_cast<Role>(role);
      HEARTH_TRY(change.cuts, read_positions(from));
      if (may_write(change.role) && !change.cuts.empty()) return Failure{UpdateError::out_of_range};
      return change;
    }
    case code_end: {
      EndAuthor change;
      if (!sized(2)) return Failure{UpdateError::malformed};
      HEARTH_TRY(change.last, read_position(from));
      return change;
    }
    case code_branch: {
      NameBranch change;
      if (!sized(2)) return Failure{UpdateError::malformed};
      HEARTH_TRY(change.on, read_position(from));
      return change;
    }
    default: {
      from = beginning;
      const std::size_t begin = from.position();
      HEARTH_CHECK(parsed(from.skip()));
      return UnknownMemberChange{to_bytes(document.subspan(begin, from.position() - begin))};
    }
  }
}

// An id, or an empty byte string in the first entry.
template <class Id>
Result<std::optional<Id>, UpdateError> read_optional_id(CborReader& from) {
  HEARTH_TRY(const BytesView bytes, parsed(from.bytes()));
  if (bytes.empty()) return std::nullopt;
  const auto id = model::id_from<Id>(bytes);
  if (!id) return Failure{UpdateError::malformed};
  return id;
}

// What an entry must be by itself, whatever stands before it.
bool is_consistent(const Entry& entry) {
  const bool first = entry.seq == 0;
  if (first == entry.space.has_value() || first == entry.prev.has_value()) return false;
  if (entry.term == 0 || (first && entry.term != 1)) return false;
  for (std::size_t i = 0; i < entry.changes.size(); ++i)
    if (std::holds_alternative<Found>(entry.changes[i]) != (first && i == 0)) return false;
  if (!first) return true;
  return !entry.changes.empty() &&
         std::ranges::any_of(entry.changes, [](const MemberChange& change) {
           const auto* role = std::get_if<SetRole>(&change);
           return role != nullptr && role->role == Role::owner;
         });
}

}  // namespace

Bytes Entry::encode() const {
  CborWriter writer;
  writer.array(8).uint(1);
  writer.bytes(space ? BytesView{space->value()} : BytesView{});
  writer.uint(term).uint(seq);
  writer.bytes(prev ? BytesView{prev->value()} : BytesView{});
  writer.uint(time).bytes(signer.value()).array(changes.size());
  for (const MemberChange& change : changes) std::visit(ChangeWriter{writer}, change);
  return writer.take();
}

Result<Entry, UpdateError> Entry::decode(BytesView bytes) {
  if (bytes.size() > max_entry_size) return Failure{UpdateError::too_large};
  CborReader reader{bytes};
  HEARTH_CHECK(parsed(reader.array(8)));
  HEARTH_CHECK(read_version(reader));
  Entry entry;
  HEARTH_TRY(entry.space, read_optional_id<model::SpaceId>(reader));
  HEARTH_TRY(entry.term, read_count(reader));
  HEARTH_TRY(entry.seq, read_count(reader));
  HEARTH_TRY(entry.prev, read_optional_id<model::EntryId>(reader));
  HEARTH_TRY(entry.time, read_count(reader));
  HEARTH_TRY(entry.signer, read_id<model::AuthorKey>(reader));
  HEARTH_TRY(const std::uint64_t count, parsed(reader.array()));
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_TRY(MemberChange change, read_change(reader, bytes));
    entry.changes.push_back(std::move(change));
  }
  HEARTH_CHECK(parsed(reader.done()));
  if (!is_consistent(entry)) return Failure{UpdateError::malformed};
  return entry;
}

model::EntryId Entry::id() const {
  return model::EntryId{hash_of(encode())};
}

Bytes sign(const Entry& entry, const crypto::Ed25519PrivateKey& key) {
  return seal(membership_label, entry.encode(), key);
}

Result<Entry, UpdateError> verify_entry(BytesView statement) {
  HEARTH_TRY(const Sealed sealed, Sealed::open(statement, max_statement_size));
  HEARTH_TRY(Entry entry, Entry::decode(sealed.payload));
  HEARTH_CHECK(sealed.check(membership_label, entry.signer.value()));
  return entry;
}

}  // namespace hearth::update
