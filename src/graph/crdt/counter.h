#pragma once
// A counter: the sum of all deltas that were not deleted.

#include <cstdint>
#include <optional>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/model/stamp.h>

namespace hearth::crdt {

/// Wide enough for any number of deltas that fit a log; wraps in two's complement.
struct Sum {
  std::int64_t high = 0;
  std::uint64_t low = 0;

  void add(std::int64_t delta);
  void subtract(std::int64_t delta);
  void add(const Sum& other);
  /// Clamped to what 64 bits hold.
  [[nodiscard]] std::int64_t clamped() const;
  friend bool operator==(const Sum&, const Sum&) = default;
};

class Counter {
 public:
  /// Each update's deltas come once.
  void add(model::Stamp stamp, const Id& id, std::int64_t delta);
  /// Forgets what has a state below `stamp`.
  void erase_below(model::Stamp stamp);
  /// What is older than `horizon` becomes one sum, which only a deletion changes from then on.
  void purge(model::Stamp horizon);

  [[nodiscard]] const Sum& total() const { return total_; }
  [[nodiscard]] bool empty() const { return deltas_.empty() && base_ == Sum{}; }
  /// The newest delta's; nothing where only the sum of old ones is left.
  [[nodiscard]] std::optional<model::Stamp> newest() const;

  /// Of those that are not in the one sum yet.
  void visit_sources(const SourceVisitor& visit) const;

  void write(const StateWriter& writer) const;
  [[nodiscard]] static Result<Counter, StateError> read(const StateReader& reader);

 private:
  // Kept one by one, since a deletion that comes late must find those it deletes.
  struct Delta {
    model::Stamp stamp;
    Id id;
    std::int64_t delta = 0;
    friend auto operator<=>(const Delta&, const Delta&) = default;
  };

  Sum base_;
  Sum total_;
  std::vector<Delta> deltas_;  // ascending
};

}  // namespace hearth::crdt
