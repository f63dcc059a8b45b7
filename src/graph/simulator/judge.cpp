#include <algorithm>
#include <cmath>

#include <hearth/simulator/judge.h>
#include <hearth/update/certificate.h>

namespace hearth::simulator {

using update::Role;

namespace {

constexpr std::size_t most_branches = 8;
constexpr double five_minutes = 300'000;
constexpr double thirty_days = 2'592'000'000;

std::optional<update::Position> position_in(const std::vector<update::Position>& positions,
                                            const model::AuthorKey& author) {
  for (const update::Position& position : positions)
    if (position.author == author) return position;
  return std::nullopt;
}

template <class Change, class Visit>
void visit_changes(const update::Entry& entry, const Visit& visit) {
  for (const update::MemberChange& change : entry.changes)
    if (const auto* wanted = std::get_if<Change>(&change)) visit(*wanted);
}

bool writes(Role role) {
  return role == Role::writer || role == Role::admin || role == Role::owner;
}

}  // namespace

Judge::Judge(const model::SpaceId& space, const std::vector<Bytes>& entries,
             const std::vector<Bytes>& checkpoints, std::vector<Letter> letters)
    : space_(space) {
  std::vector<update::Entry> signed_entries;
  for (const Bytes& statement : entries)
    if (const auto entry = update::verify_entry(statement)) signed_entries.push_back(*entry);
  grow_tree(signed_entries);
  choose_chain();
  choose_checkpoints(checkpoints);
  read(std::move(letters));
  for (const auto& [id, written] : written_)
    if (judge(written)) counting_.insert(id);
}

// --- membership (section 4) ---

void Judge::grow_tree(const std::vector<update::Entry>& entries) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const update::Entry& entry : entries) {
      const model::EntryId id = entry.id();
      if (tree_.contains(id)) continue;
      Node node{.entry = entry, .id = id, .parent = entry.prev, .home = entry.signer, .roles = {}};
      if (entry.seq == 0) {
        if (id.value() != space_.value()) continue;
      } else {
        const auto parent = entry.prev ? tree_.find(*entry.prev) : tree_.end();
        if (parent == tree_.end() || !is_valid(entry, parent->second)) continue;
        node.home = parent->second.home;
        node.roles = parent->second.roles;
      }
      visit_changes<update::SetHome>(
          entry, [&](const update::SetHome& change) { node.home = change.home; });
      visit_changes<update::SetRole>(
          entry, [&](const update::SetRole& change) { node.roles[change.persona] = change.role; });
      tree_.emplace(id, std::move(node));
      grown = true;
    }
  }
}

bool Judge::is_valid(const update::Entry& entry, const Node& parent) const {
  if (entry.space != space_ || entry.seq != parent.entry.seq + 1 || entry.time < parent.entry.time)
    return false;
  if (entry.signer == parent.home && entry.term >= parent.entry.term) return true;
  const auto role = parent.roles.find(model::PersonaKey{entry.signer.value()});
  const bool is_owner = role != parent.roles.end() && role->second == Role::owner;
  bool names_home = false;
  visit_changes<update::SetHome>(entry, [&](const update::SetHome&) { names_home = true; });
  return is_owner && names_home && entry.term > parent.entry.term;
}

std::uint64_t Judge::highest_term(const model::EntryId& id) const {
  std::uint64_t highest = tree_.at(id).entry.term;
  for (const auto& [child, node] : tree_)
    if (node.parent == id) highest = std::max(highest, highest_term(child));
  return highest;
}

void Judge::choose_chain() {
  const auto first = tree_.find(model::EntryId{space_.value()});
  if (first == tree_.end()) return;
  const Node* at = &first->second;
  while (at != nullptr) {
    chain_.push_back(at);
    const Node* best = nullptr;
    for (const auto& [id, node] : tree_) {  // ascending by id: the first of equals stays
      if (node.parent != at->id) continue;
      if (best == nullptr || std::pair{highest_term(id), node.entry.term} >
                                 std::pair{highest_term(best->id), best->entry.term})
        best = &node;
    }
    at = best;
  }
}

// Its nearest ancestor on the chain.
std::optional<std::size_t> Judge::place_of(const model::EntryId& entry) const {
  const auto found = tree_.find(entry);
  if (found == tree_.end()) return std::nullopt;
  const Node* node = &found->second;
  while (true) {
    const auto place = std::ranges::find(chain_, node);
    if (place != chain_.end()) return static_cast<std::size_t>(place - chain_.begin());
    node = &tree_.at(*node->parent);
  }
}

// --- checkpoints (section 5) ---

void Judge::choose_checkpoints(const std::vector<Bytes>& statements) {
  std::vector<update::SignedCheckpoint> all;
  for (const Bytes& statement : statements)
    if (auto read = update::SignedCheckpoint::decode(statement)) all.push_back(std::move(*read));
  const update::Checkpoint* last = nullptr;
  std::size_t last_place = 0;
  while (true) {
    const update::SignedCheckpoint* best = nullptr;
    std::size_t best_place = 0;
    for (const update::SignedCheckpoint& candidate : all) {
      const update::Checkpoint& checkpoint = candidate.checkpoint;
      const auto node = tree_.find(checkpoint.membership);
      if (checkpoint.space != space_ || node == tree_.end() ||
          std::ranges::find(chain_, &node->second) == chain_.end())
        continue;
      const std::size_t place = *place_of(checkpoint.membership);
      const bool follows = last == nullptr
                               ? !checkpoint.prev && checkpoint.number == 1
                               : checkpoint.prev == last->id() &&
                                     checkpoint.number == last->number + 1 &&
                                     checkpoint.time >= last->time && place >= last_place;
      if (!follows || !candidate.is_signed_by(node->second.home)) continue;
      if (best == nullptr || place > best_place ||
          (place == best_place && checkpoint.id() < best->checkpoint.id())) {
        best = &candidate;
        best_place = place;
      }
    }
    if (best == nullptr) return;
    checkpoints_.push_back({best->checkpoint, best_place});
    last = &best->checkpoint;
    last_place = best_place;
  }
}

std::uint64_t Judge::latest_time() const {
  std::uint64_t latest = 0;
  for (const Checkpoint& checkpoint : checkpoints_)
    latest = std::max(latest, checkpoint.statement.time);
  return latest;
}

// --- updates (sections 2 and 4) ---

void Judge::read(std::vector<Letter> letters) {
  std::ranges::sort(letters, {}, [](const Letter& letter) { return letter.update.header.seq; });
  for (Letter& letter : letters) {
    Written written{.letter = std::move(letter), .id = {}, .parent = {}, .persona = {}, .body = {}};
    const update::Header& kept = written.letter.update.header;
    written.id = kept.id();
    std::uint64_t before = 0;
    if (kept.seq == 1) {
      const auto persona = update::verify_certificate(written.letter.certificate, kept.author);
      if (!persona || update::hash_of(written.letter.certificate) != kept.prev) continue;
      written.persona = *persona;
    } else {
      const auto parent = written_.find(model::UpdateId{kept.prev});
      if (parent == written_.end() || parent->second.letter.update.header.author != kept.author)
        continue;
      written.parent = parent->first;
      written.persona = parent->second.persona;
      before = parent->second.letter.update.header.bytes;
    }
    if (const auto& body = written.letter.update.body) {
      auto decoded = update::Body::decode(*body, kept.author);
      if (decoded && !decoded->has_unknown() && kept.epoch == 0 &&
          kept.bytes == before + body->size() && update::hash_of(*body) == kept.body)
        written.body = std::move(*decoded);
    }
    written_.emplace(written.id, std::move(written));
  }
}

// Whether a is b or an ancestor of it.
bool Judge::is_at_or_before(const Written& a, const Written& b) const {
  const Written* at = &b;
  while (at->id != a.id) {
    if (!at->parent) return false;
    at = &written_.at(*at->parent);
  }
  return true;
}

bool Judge::is_within(const Written& written, const update::Position& position) const {
  const auto named = written_.find(position.id);
  if (named == written_.end()) return written.letter.update.header.seq <= position.seq;
  return is_at_or_before(written, named->second);
}

bool Judge::is_beside(const Written& written, const update::Position& position) const {
  const auto named = written_.find(position.id);
  return named != written_.end() && !is_at_or_before(written, named->second) &&
         !is_at_or_before(named->second, written);
}

bool Judge::is_on_the_way(const Written& written) const {
  const model::AuthorKey& author = written.letter.update.header.author;
  bool found = false;
  const auto look = [&](const update::Position& position) {
    const auto named = written_.find(position.id);
    found = found || (position.author == author && named != written_.end() &&
                      is_at_or_before(written, named->second));
  };
  for (const Node* node : chain_) {
    visit_changes<update::EndAuthor>(node->entry,
                                     [&](const update::EndAuthor& change) { look(change.last); });
    visit_changes<update::NameBranch>(node->entry,
                                      [&](const update::NameBranch& change) { look(change.on); });
    visit_changes<update::SetRole>(node->entry, [&](const update::SetRole& change) {
      if (!writes(change.role)) std::ranges::for_each(change.cuts, look);
    });
  }
  for (const Checkpoint& checkpoint : checkpoints_)
    std::ranges::for_each(checkpoint.statement.heads, look);
  return found;
}

bool Judge::is_outranked(const Written& written) const {
  const update::Header& header = written.letter.update.header;
  std::size_t smaller = 0;
  for (const auto& [id, other] : written_) {
    const update::Header& theirs = other.letter.update.header;
    if (theirs.author == header.author && theirs.seq == header.seq && theirs.prev == header.prev &&
        id < written.id)
      ++smaller;
  }
  return (smaller >= most_branches && !is_on_the_way(written)) ||
         (written.parent && is_outranked(written_.at(*written.parent)));
}

bool Judge::was_covered_before(const Written& written, std::size_t place) const {
  return std::ranges::any_of(checkpoints_, [&](const Checkpoint& checkpoint) {
    const auto head = position_in(checkpoint.statement.heads, written.letter.update.header.author);
    return checkpoint.place < place && head && is_within(written, *head);
  });
}

bool Judge::is_void_by_members(const Written& written, std::size_t place) const {
  const model::AuthorKey& author = written.letter.update.header.author;
  bool is_void = false;
  for (std::size_t at = 0; at < chain_.size(); ++at) {
    const bool settled = was_covered_before(written, at);
    visit_changes<update::SetRole>(chain_[at]->entry, [&](const update::SetRole& change) {
      if (at <= place || change.persona != written.persona || writes(change.role)) return;
      const auto cut = position_in(change.cuts, author);
      if (!(cut && is_within(written, *cut)) && !settled) is_void = true;
    });
    visit_changes<update::EndAuthor>(chain_[at]->entry, [&](const update::EndAuthor& change) {
      if (change.last.author == author && !is_within(written, change.last) && !settled)
        is_void = true;
    });
    visit_changes<update::NameBranch>(chain_[at]->entry, [&](const update::NameBranch& change) {
      if (change.on.author == author && is_beside(written, change.on) && !settled) is_void = true;
    });
  }
  return is_void;
}

bool Judge::judge(const Written& written) const {
  const update::Header& header = written.letter.update.header;
  if (!written.body || is_outranked(written)) return false;
  const auto place = place_of(header.membership);
  if (!place) return false;
  const Node& node = *chain_[*place];
  const auto role = node.roles.find(written.persona);
  bool is_open = false;
  visit_changes<update::Found>(chain_.front()->entry, [&](const update::Found& found) {
    is_open = found.kind == update::SpaceKind::open;
  });
  if (role == node.roles.end() ? !is_open : !writes(role->second)) return false;
  if (is_void_by_members(written, *place)) return false;
  for (const auto& [checkpoint, at] : checkpoints_) {
    const double time = static_cast<double>(checkpoint.time);
    const auto head = position_in(checkpoint.heads, header.author);
    if (head && is_beside(written, *head)) return false;
    if (head && is_within(written, *head)) {
      if (written.body->state.ms() > time + five_minutes) return false;
    } else if (written.body->state.ms() < time - thirty_days) {
      return false;
    }
  }
  return true;
}

// --- what is there then (section 3) ---

template <class Visit>
void Judge::visit(Timestamp now, const Visit& visit) const {
  for (const model::UpdateId& id : counting_) {
    const Written& written = written_.at(id);
    if (std::floor(written.body->state.ms()) > static_cast<double>(now.ms)) continue;
    for (const update::Change& change : written.body->changes)
      for (const update::Operation& operation : change.operations)
        visit(written, change.soul, operation);
  }
}

void Judge::Deleted::note(model::Stamp& at, model::Stamp stamp) {
  at = std::max(at, stamp);
}

bool Judge::Deleted::takes(const Name& name, model::Stamp stamp) const {
  const auto node = nodes.find(name.first);
  const auto property = properties.find(name);
  return (node != nodes.end() && stamp < node->second) ||
         (property != properties.end() && stamp < property->second);
}

Judge::Deleted Judge::deleted(Timestamp now) const {
  Deleted deleted;
  visit(now,
        [&](const Written& written, const std::string& soul, const update::Operation& operation) {
          const model::Stamp stamp = written.body->state;
          if (std::holds_alternative<update::DeleteNode>(operation))
            deleted.note(deleted.nodes[soul], stamp);
          if (const auto* property = std::get_if<update::DeleteProperty>(&operation))
            deleted.note(deleted.properties[{soul, property->property}], stamp);
        });
  return deleted;
}

std::map<Judge::Name, Judge::Register> Judge::registers(Timestamp now) const {
  const Deleted gone = deleted(now);
  std::map<Name, Register> registers;
  visit(now,
        [&](const Written& written, const std::string& soul, const update::Operation& operation) {
          const auto* put = std::get_if<update::Put>(&operation);
          if (put == nullptr) return;
          const Name name{soul, put->property};
          const update::Header& header = written.letter.update.header;
          const Register added{written.body->state, put->value, header.author, header.seq};
          if (gone.takes(name, added.stamp)) return;
          const auto [place, is_first] = registers.try_emplace(name, added);
          if (is_first) return;
          Register& held = place->second;
          const auto order = model::compare(added.value, held.value);
          const bool wins =
              added.stamp != held.stamp ? added.stamp > held.stamp
              : order != 0              ? order > 0
                           : std::pair{added.author, added.seq} > std::pair{held.author, held.seq};
          if (wins) held = added;
        });
  return registers;
}

std::map<Judge::Name, std::int64_t> Judge::counters(Timestamp now) const {
  const Deleted gone = deleted(now);
  std::map<Name, std::int64_t> sums;
  visit(now,
        [&](const Written& written, const std::string& soul, const update::Operation& operation) {
          const auto* add = std::get_if<update::Add>(&operation);
          if (add == nullptr || gone.takes({soul, add->property}, written.body->state)) return;
          sums[{soul, add->property}] += add->delta;
        });
  return sums;
}

}  // namespace hearth::simulator
