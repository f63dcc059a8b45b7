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
  /// The highest seq of that author's that one of the chain's first `count` covers. 0: none.
  [[nodiscard]] std::uint64_t covered_up_to(const model::AuthorKey& author,
                                            std::size_t count) const;
  [[nodiscard]] bool knows(const model::CheckpointId& id) const { return held_.contains(id); }

 private:
  std::map<model::CheckpointId, update::Checkpoint> held_;
  std::vector<Link> chain_;
  // Per author, where on the chain its heads rise, and to what. Made when it is asked for.
  struct Rise {
    std::size_t place = 0;
    std::uint64_t seq = 0;
  };
  mutable std::optional<std::map<model::AuthorKey, std::vector<Rise>>> rises_;
};

}  // namespace hearth::ledger
