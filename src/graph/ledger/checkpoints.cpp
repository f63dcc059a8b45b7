#include <algorithm>

#include <hearth/ledger/checkpoints.h>

namespace hearth::ledger {

std::optional<update::Position> Checkpoints::Link::head_of(const model::AuthorKey& author) const {
  const auto found =
      std::ranges::lower_bound(checkpoint.heads, author, {}, &update::Position::author);
  if (found == checkpoint.heads.end() || found->author != author) return std::nullopt;
  return *found;
}

Result<bool, LedgerError> Checkpoints::add(const update::SignedCheckpoint& signed_checkpoint,
                                           const Membership& membership) {
  const update::Checkpoint& checkpoint = signed_checkpoint.checkpoint;
  const model::CheckpointId id = checkpoint.id();
  if (held_.contains(id)) return false;
  if (held_.size() == max_held) return Failure{LedgerError::full};
  if (checkpoint.space != membership.space()) return Failure{LedgerError::wrong_space};
  const auto home = membership.home_at(checkpoint.membership);
  if (!home) return Failure{LedgerError::unknown_parent};
  if (checkpoint.prev) {
    const auto parent = held_.find(*checkpoint.prev);
    if (parent == held_.end()) return Failure{LedgerError::unknown_parent};
    if (checkpoint.number != parent->second.number + 1 || checkpoint.time < parent->second.time)
      return Failure{LedgerError::inconsistent};
  }
  if (!signed_checkpoint.is_signed_by(*home)) return Failure{LedgerError::not_allowed};
  held_.emplace(id, checkpoint);
  choose_chain(membership);
  return true;
}

std::uint64_t Checkpoints::covered_up_to(const model::AuthorKey& author, std::size_t count) const {
  if (!rises_) {
    rises_.emplace();
    for (std::size_t place = 0; place < chain_.size(); ++place) {
      for (const update::Position& head : chain_[place].checkpoint.heads) {
        std::vector<Rise>& rises = (*rises_)[head.author];
        if (rises.empty() || rises.back().seq < head.seq) rises.push_back({place, head.seq});
      }
    }
  }
  const auto known = rises_->find(author);
  if (known == rises_->end()) return 0;
  const auto after = std::ranges::lower_bound(known->second, count, {}, &Rise::place);
  return after == known->second.begin() ? 0 : std::prev(after)->seq;
}

void Checkpoints::choose_chain(const Membership& membership) {
  chain_.clear();
  rises_ = std::nullopt;
  while (true) {
    std::optional<Link> best;
    for (const auto& [id, checkpoint] : held_) {
      if (chain_.empty() ? checkpoint.prev.has_value() : checkpoint.prev != chain_.back().id)
        continue;
      const auto place = membership.exact_place_of(checkpoint.membership);
      if (!place || (!chain_.empty() && *place < chain_.back().place)) continue;
      // Ascending by id, so that of equal places the smallest id stays.
      if (!best || *place > best->place) best = Link{id, checkpoint, *place};
    }
    if (!best) return;
    chain_.push_back(std::move(*best));
  }
}

}  // namespace hearth::ledger
