#pragma once
// Checkpoints: a tree of those that the home of their time signed, and the one chain that counts.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/ledger/membership.h>
#include <hearth/model/id.h>
#include <hearth/model/stamp.h>
#include <hearth/update/checkpoint.h>

namespace hearth::ledger {

class Checkpoints {
 public:
  static constexpr std::size_t max_held = 4096;

  struct Link {
    model::CheckpointId id;
    update::Checkpoint checkpoint;
    std::size_t place = 0;  ///< of its membership entry on the chain

    [[nodiscard]] std::optional<update::Position> head_of(const model::AuthorKey& author) const;
    /// Above this, what it covers is void.
    [[nodiscard]] double latest_ms() const {
      return static_cast<double>(checkpoint.time) + update::checkpoint_tolerance_ms;
    }
    /// Below this, what it does not cover is void, and what is gone is purged.
    [[nodiscard]] double horizon_ms() const {
      return static_cast<double>(checkpoint.time) - update::purge_horizon_ms;
    }
  };

  /// True: it is new. `unknown_parent` also where its membership entry isn't held yet.
  Result<bool, LedgerError> add(const update::SignedCheckpoint& signed_checkpoint,
                                const Membership& membership);
  /// To be called when the membership chain changed.
  void choose_chain(const Membership& membership);

  [[nodiscard]] const std::vector<Link>& chain() const { return chain_; }
  [[nodiscard]] bool knows(const model::CheckpointId& id) const { return held_.contains(id); }

 private:
  std::map<model::CheckpointId, update::Checkpoint> held_;
  std::vector<Link> chain_;
};

}  // namespace hearth::ledger
