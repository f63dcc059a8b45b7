// What a checkpoint lets the state forget. From the moment a purge begins every answer is as of it:
// a stored node that hasn't seen it catches up when it is read, and a sweep reads the rest.

#include <utility>

#include "fates.h"
#include <hearth/replica/replica.h>

namespace hearth::replica {

bool Replica::purge_with(crdt::Node& node, std::size_t checkpoint) const {
  const FatesAt fates{ledger_, checkpoint + 1};
  const bool shows_more = node.adopt(fates);
  if (const auto horizon = horizon_of(ledger_.checkpoints.chain()[checkpoint]))
    node.purge(*horizon, fates);
  return shows_more;
}

void Replica::purge_through(crdt::Node& node, std::size_t checkpoint) const {
  for (std::size_t i = 0; i <= checkpoint; ++i) (void)purge_with(node, i);
}

Result<Unit, Refusal> Replica::purge_when_complete() {
  const auto& chain = ledger_.checkpoints.chain();
  while (purged_.size() < chain.size()) {
    // Until then some of what it covers may be invisible yet.
    if (static_cast<double>(now_.ms) < chain[purged_.size()].latest_ms() ||
        !ledger_.is_complete(purged_.size()) || is_unproved())
      return Unit{};
    HEARTH_CHECK(purge_next());
  }
  return Unit{};
}

Result<Unit, Refusal> Replica::purge_next() {
  // Stored nodes lack the last purge alone.
  HEARTH_CHECK(finish_sweep());
  HEARTH_CHECK(commit());
  purged_.push_back(ledger_.checkpoints.chain()[purged_.size()].id);
  nodes_.clear();  // they catch up as they come back from the store
  sweep_from(Soul{});
  if (options_.purge_in_steps) return Unit{};
  return finish_sweep();
}

void Replica::sweep_from(std::optional<Soul> soul) {
  pending_[key('s', {})] = soul ? std::optional{to_bytes(*soul)} : std::nullopt;
  unswept_ = std::move(soul);
}

bool Replica::is_unswept(std::string_view soul) const {
  return unswept_ && soul >= *unswept_;
}

// A node that has seen the purge before, and was changed or not since, comes out as it is: a purge
// gives the same before and after what comes later.
void Replica::catch_up(std::string_view soul, Slot& slot) {
  if (slot.node.is_plain()) return;
  mark_dirty(soul, slot);
  if (purge_with(slot.node, purged_.size() - 1)) changes_.insert({Soul{soul}, std::nullopt});
  note_fate(soul, slot.node);
}

Result<bool, Refusal> Replica::sweep(std::size_t max_nodes) {
  if (!unswept_) return false;
  graph_store::Range range = graph_store::prefix_range(key('n', {}));
  range.from = key('n', *unswept_);
  const std::size_t skipped = prefix_.size() + 1;
  std::size_t seen = 0;
  Soul last;
  std::vector<Soul> behind;
  const auto scanned = store_.scan(range, [&](std::string_view place, BytesView value) {
    std::string_view soul = place.substr(skipped);
    last = soul;
    // What can't be read is left for verify() to find.
    const auto node = decoded(value);
    if (node && !node->is_plain()) behind.emplace_back(soul);
    return ++seen < max_nodes;
  });
  if (!scanned) return Failure{Refusal::store};
  for (const Soul& soul : behind) HEARTH_CHECK(slot(soul));
  const bool is_last = seen < max_nodes;
  sweep_from(is_last ? std::nullopt : std::optional{last + '\0'});
  return !is_last;
}

// In steps, each written by itself.
Result<Unit, Refusal> Replica::finish_sweep() {
  constexpr std::size_t step = 1000;
  while (unswept_) {
    HEARTH_CHECK(sweep(step));
    HEARTH_CHECK(commit());
  }
  return Unit{};
}

}  // namespace hearth::replica
