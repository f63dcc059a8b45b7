#include <algorithm>

#include <hearth/ledger/membership.h>

namespace hearth::ledger {

using update::Entry;
using update::Role;

Result<bool, LedgerError> Membership::add(const Entry& entry) {
  const model::EntryId id = entry.id();
  if (entries_.contains(id)) return false;
  if (entries_.size() == max_entries) return Failure{LedgerError::full};
  auto node = std::make_unique<Node>();
  node->id = id;
  node->entry = entry;
  node->home = entry.signer;
  node->highest_term = entry.term;
  if (!entry.prev) {
    if (id.value() != space_.value()) return Failure{LedgerError::wrong_space};
  } else {
    if (entry.space != space_) return Failure{LedgerError::wrong_space};
    const auto parent = entries_.find(*entry.prev);
    if (parent == entries_.end()) return Failure{LedgerError::unknown_parent};
    HEARTH_CHECK(check(entry, *parent->second));
    node->parent = parent->second.get();
    if (entry.signer == parent->second->home) node->home = parent->second->home;
  }
  for (const update::MemberChange& change : entry.changes)
    if (const auto* home = std::get_if<update::SetHome>(&change)) node->home = home->home;

  if (node->parent != nullptr) node->parent->children.push_back(node.get());
  for (Node* above = node->parent; above != nullptr && above->highest_term < entry.term;
       above = above->parent)
    above->highest_term = entry.term;
  entries_.emplace(id, std::move(node));
  choose_chain();
  return true;
}

Result<Unit, LedgerError> Membership::check(const Entry& entry, const Node& parent) const {
  if (entry.seq != parent.entry.seq + 1 || entry.time < parent.entry.time ||
      entry.term < parent.entry.term)
    return Failure{LedgerError::inconsistent};
  if (entry.signer == parent.home) return Unit{};
  // A takeover: an owner's own key, a higher term, and a home, since a persona's key is none.
  const bool names_home = std::ranges::any_of(entry.changes, [](const auto& change) {
    return std::holds_alternative<update::SetHome>(change);
  });
  if (entry.term > parent.entry.term && names_home &&
      is_owner(model::PersonaKey{entry.signer.value()}, parent))
    return Unit{};
  return Failure{LedgerError::not_allowed};
}

bool Membership::is_owner(const model::PersonaKey& persona, const Node& at) {
  for (const Node* node = &at; node != nullptr; node = node->parent) {
    const auto& changes = node->entry.changes;
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
      const auto* role = std::get_if<update::SetRole>(&*change);
      if (role != nullptr && role->persona == persona) return role->role == Role::owner;
    }
  }
  return false;
}

void Membership::choose_chain() {
  for (Node* node : chain_) node->place = std::nullopt;
  chain_.clear();
  const auto first = entries_.find(model::EntryId{space_.value()});
  Node* node = first == entries_.end() ? nullptr : first->second.get();
  while (node != nullptr) {
    node->place = chain_.size();
    chain_.push_back(node);
    Node* best = nullptr;
    for (Node* child : node->children) {
      const auto rank = [](const Node* of) { return std::pair{of->highest_term, of->entry.term}; };
      if (best == nullptr || rank(child) > rank(best) ||
          (rank(child) == rank(best) && child->id < best->id))
        best = child;
    }
    node = best;
  }
  read_chain();
}

void Membership::read_chain() {
  personas_.clear();
  ends_.clear();
  branches_.clear();
  final_cuts_.clear();
  named_.clear();
  for (std::size_t place = 0; place < chain_.size(); ++place) {
    for (const update::MemberChange& change : chain_[place]->entry.changes) {
      if (const auto* found = std::get_if<update::Found>(&change)) {
        kind_ = found->kind;
      } else if (const auto* role = std::get_if<update::SetRole>(&change)) {
        Persona& persona = personas_[role->persona];
        persona.roles[place] = role->role;
        if (update::may_write(role->role)) continue;
        persona.removals.push_back({.place = place, .cuts = role->cuts});
        for (const update::Position& cut : role->cuts) named_[cut.author].push_back({place, cut});
      } else if (const auto* end = std::get_if<update::EndAuthor>(&change)) {
        ends_[end->last.author].push_back({place, end->last});
        named_[end->last.author].push_back({place, end->last});
      } else if (const auto* branch = std::get_if<update::NameBranch>(&change)) {
        branches_[branch->on.author].push_back({place, branch->on});
        named_[branch->on.author].push_back({place, branch->on});
      }
    }
  }
  for (const auto& [key, persona] : personas_) {
    if (update::may_write(persona.roles.rbegin()->second)) continue;
    // Removals after the last place where the persona could write are for good.
    std::size_t last_right = 0;
    for (const auto& [place, role] : persona.roles)
      if (update::may_write(role)) last_right = place;
    for (const Removal& removal : persona.removals)
      if (removal.place > last_right)
        for (const update::Position& cut : removal.cuts)
          final_cuts_[cut.author].push_back({removal.place, cut});
  }
}

std::optional<std::size_t> Membership::place_of(const model::EntryId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  const Node* node = found->second.get();
  while (!node->place) node = node->parent;  // the first entry is always on the chain
  return node->place;
}

std::optional<std::size_t> Membership::exact_place_of(const model::EntryId& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : found->second->place;
}

std::optional<model::AuthorKey> Membership::home_at(const model::EntryId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second->home;
}

Role Membership::role_at(const model::PersonaKey& persona, std::size_t place) const {
  const Role unnamed = kind_ == update::SpaceKind::open ? Role::writer : Role::none;
  const auto known = personas_.find(persona);
  if (known == personas_.end()) return unnamed;
  const auto after = known->second.roles.upper_bound(place);
  return after == known->second.roles.begin() ? unnamed : std::prev(after)->second;
}

std::optional<update::Position> Membership::Removal::cut_of(const model::AuthorKey& author) const {
  const auto found = std::ranges::lower_bound(cuts, author, {}, &update::Position::author);
  if (found == cuts.end() || found->author != author) return std::nullopt;
  return *found;
}

const std::vector<Membership::Removal>& Membership::removals_of(
    const model::PersonaKey& persona) const {
  static const std::vector<Removal> none;
  const auto known = personas_.find(persona);
  return known == personas_.end() ? none : known->second.removals;
}

namespace {

const std::vector<Membership::Named>& named(
    const std::map<model::AuthorKey, std::vector<Membership::Named>>& by_author,
    const model::AuthorKey& author) {
  static const std::vector<Membership::Named> none;
  const auto known = by_author.find(author);
  return known == by_author.end() ? none : known->second;
}

}  // namespace

const std::vector<Membership::Named>& Membership::ends_of(const model::AuthorKey& author) const {
  return named(ends_, author);
}
const std::vector<Membership::Named>& Membership::branches_of(
    const model::AuthorKey& author) const {
  return named(branches_, author);
}
const std::vector<Membership::Named>& Membership::final_cuts_of(
    const model::AuthorKey& author) const {
  return named(final_cuts_, author);
}
const std::vector<Membership::Named>& Membership::named_of(const model::AuthorKey& author) const {
  return named(named_, author);
}

std::vector<std::pair<model::PersonaKey, Role>> Membership::members() const {
  std::vector<std::pair<model::PersonaKey, Role>> members;
  members.reserve(personas_.size());
  for (const auto& [key, persona] : personas_)
    members.emplace_back(key, persona.roles.rbegin()->second);
  return members;
}

}  // namespace hearth::ledger
