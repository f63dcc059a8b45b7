#pragma once
// When a property or a node was deleted: each time, since a list element is remembered from the
// first deletion on that took it.

#include <algorithm>
#include <optional>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/model/stamp.h>

namespace hearth::crdt {

class Deletions {
 public:
  /// False when it is known.
  bool add(model::Stamp stamp) {
    const auto place = std::ranges::lower_bound(stamps_, stamp);
    if (place != stamps_.end() && *place == stamp) return false;
    stamps_.insert(place, stamp);
    return true;
  }
  /// The first that takes what has this state: the lowest above it.
  [[nodiscard]] std::optional<model::Stamp> first_above(model::Stamp stamp) const {
    const auto place = std::ranges::upper_bound(stamps_, stamp);
    return place == stamps_.end() ? std::nullopt : std::optional{*place};
  }
  void purge(model::Stamp horizon) {
    std::erase_if(stamps_, [=](model::Stamp stamp) { return stamp < horizon; });
  }
  [[nodiscard]] bool empty() const { return stamps_.empty(); }

  void write(const StateWriter& writer) const {
    writer.to.array(stamps_.size());
    for (const model::Stamp stamp : stamps_) writer.stamp(stamp);
  }
  [[nodiscard]] static Result<Deletions, StateError> read(const StateReader& reader) {
    Deletions deletions;
    HEARTH_TRY(const std::uint64_t count, reader.array());
    for (std::uint64_t i = 0; i < count; ++i) {
      HEARTH_TRY(const model::Stamp stamp, reader.stamp());
      deletions.add(stamp);
    }
    return deletions;
  }

 private:
  std::vector<model::Stamp> stamps_;  // ascending
};

}  // namespace hearth::crdt
