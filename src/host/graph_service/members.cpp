// Who a space's members are: it is founded with some, and its home says what becomes of them.

#include <algorithm>
#include <array>

#include "notation.h"
#include "refusals.h"
#include <hearth/graph_service/spaces.h>

namespace hearth::graph_service {

using replica::Refusal;
using update::Role;

namespace {

constexpr std::array<std::string_view, 6> role_names{"none",   "carrier", "reader",
                                                     "writer", "admin",   "owner"};

model::PersonaKey as_persona(const model::AuthorKey& author) {
  return model::PersonaKey{author.value()};
}

}  // namespace

Result<Unit, ApiError> Spaces::keep_in_step(const std::vector<Person>& people, Timestamp now) {
  const auto owns = [](const Person& person) { return person.is_owner; };
  if (!std::ranges::any_of(people, owns)) return Unit{};
  HEARTH_CHECK(ready_to_write(now));
  Space* space = home();
  if (space == nullptr) {
    HEARTH_CHECK(found("home", update::SpaceKind::guarded, people, /*is_home=*/true, now));
    return Unit{};
  }
  HEARTH_TRY(Replica* const replica, this->replica(*space, now));
  const auto& membership = replica->ledger().membership;
  if (membership.home() != home_id_) return Unit{};  // handed over

  std::vector<update::MemberChange> changes;
  for (const Person& person : people) {
    const Role role = person.is_owner ? Role::owner : Role::writer;
    if (membership.role(person.persona) != role)
      changes.push_back(update::SetRole{person.persona, role, {}});
  }
  for (const auto& [persona, role] : membership.members()) {
    if (role == Role::none || persona == as_persona(author_id_)) continue;
    // Authors of this appliance before a backup came back stay: they speak for nobody any more.
    if (std::ranges::find(people, persona, &Person::persona) != people.end()) continue;
    const auto number = replica->authors().find(model::AuthorKey{persona.value()});
    if (number && replica->ledger().find_log(*number) != nullptr) continue;
    changes.push_back(removal(*replica, persona));
  }
  constexpr std::size_t at_once = 128;  // an entry is bounded
  for (std::size_t from = 0; from < changes.size(); from += at_once) {
    const auto first = changes.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(at_once, changes.size() - from);
    HEARTH_CHECK(enter(*space, membership.head_entry().term,
                       {first, first + static_cast<std::ptrdiff_t>(count)}, now));
  }
  return Unit{};
}

/// Nothing of theirs counts that isn't here by now.
update::SetRole Spaces::removal(const Replica& replica, const PersonaKey& persona) {
  update::SetRole removal{persona, Role::none, {}};
  const ledger::Ledger& ledger = replica.ledger();
  for (const crdt::AuthorNumber number : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(number);
    const ledger::Record* head = log.head();
    if (head != nullptr && log.root(head->root).persona == persona)
      removal.cuts.push_back({replica.authors().key(number), head->seq, head->id});
  }
  return removal;
}

Result<Space*, ApiError> Spaces::found(std::string name, update::SpaceKind kind,
                                       const std::vector<Person>& people, bool is_home,
                                       Timestamp now) {
  update::Entry first{.time = static_cast<std::uint64_t>(std::max<std::int64_t>(now.ms, 0)),
                      .signer = home_id_};
  update::Found found{.kind = kind};
  entropy_.fill(found.nonce);
  first.changes.push_back(found);
  for (const Person& person : people)
    first.changes.push_back(
        update::SetRole{person.persona, person.is_owner ? Role::owner : Role::writer, {}});
  first.changes.push_back(update::SetRole{as_persona(author_id_), Role::writer, {}});

  HEARTH_TRY(Space* const space, adopt(model::SpaceId{first.id().value()}, std::move(name), now));
  space->is_home = is_home;
  store_space(*space);
  if (!space->replica->add_entry(update::sign(first, *home_))) return Failure{store_failed()};
  log_.info("graph.space_founded", {{"space", space->name}, {"id", id_text(space->id)}});
  return space;
}

Result<Unit, ApiError> Spaces::set_role(Space& space, const PersonaKey& persona, Role role,
                                        Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  HEARTH_TRY(Replica* const replica, this->replica(space, now));
  const auto& membership = replica->ledger().membership;
  if (membership.home() != home_id_)
    return refuse(ErrorCode::denied, "Another appliance keeps that space's members.");
  if (membership.role(persona) == role) return Unit{};
  update::SetRole change{persona, role, {}};
  if (!update::may_write(role)) {
    change = removal(*replica, persona);
    change.role = role;
  }
  return enter(space, membership.head_entry().term, {std::move(change)}, now);
}

Result<Unit, ApiError> Spaces::enter(Space& space, std::uint64_t term,
                                     std::vector<update::MemberChange> changes, Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  const auto& membership = space.replica->ledger().membership;
  const update::Entry& head = membership.head_entry();
  const update::Entry entry{
      .space = space.id,
      .term = term,
      .seq = head.seq + 1,
      .prev = membership.head(),
      .time = std::max(head.time, static_cast<std::uint64_t>(std::max<std::int64_t>(now.ms, 0))),
      .signer = home_id_,
      .changes = std::move(changes)};
  const auto added = space.replica->add_entry(update::sign(entry, *home_));
  if (added) return Unit{};
  if (added.error() == Refusal::store) return Failure{store_failed()};
  return Failure{error_of(added.error())};
}

/// The author of a store that came back writes on under a new key. The home says so under a higher
/// term: what it said after the backup was taken is gone here, and must not stand beside this.
void Spaces::admit_author(Space& space, Timestamp now) {
  if (!space.replica || space.replica->ledger().membership.empty()) return;
  const auto& membership = space.replica->ledger().membership;
  if (membership.home() != home_id_ || update::may_write(membership.role(as_persona(author_id_))))
    return;
  if (!enter(space, membership.head_entry().term + 1,
             {update::SetRole{as_persona(author_id_), Role::writer, {}}}, now))
    log_.error("graph.author_not_admitted", {{"space", space.name}});
  else
    log_.info("graph.new_author", {{"space", space.name}, {"author", id_text(author_id_)}});
}

std::string_view to_string(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_of(std::string_view text) {
  const auto found = std::ranges::find(role_names, text);
  if (found == role_names.end()) return std::nullopt;
  return static_cast<Role>(found - role_names.begin());
}

}  // namespace hearth::graph_service
