#pragma once
// Private to this module: what lists are told of the log.

#include <optional>

#include <hearth/crdt/list.h>
#include <hearth/ledger/ledger.h>

namespace hearth::replica {

// While a node is built anew, everything may still come.
class OpenFates final : public crdt::Fates {
 public:
  [[nodiscard]] bool is_void(crdt::AuthorNumber, std::uint64_t) const override { return false; }
  [[nodiscard]] bool is_covered(crdt::AuthorNumber, std::uint64_t) const override { return false; }
};

// As they are once that many checkpoints were purged.
class FatesAt final : public crdt::Fates {
 public:
  FatesAt(const ledger::Ledger& ledger, std::size_t purged) : ledger_(ledger), purged_(purged) {}
  [[nodiscard]] bool is_void(crdt::AuthorNumber author, std::uint64_t seq) const override {
    return ledger_.is_ended(author, seq) || is_covered(author, seq);
  }
  [[nodiscard]] bool is_covered(crdt::AuthorNumber author, std::uint64_t seq) const override {
    return ledger_.is_covered(author, seq, purged_);
  }

 private:
  const ledger::Ledger& ledger_;
  std::size_t purged_;
};

// Nothing is below zero.
inline std::optional<model::Stamp> horizon_of(const ledger::Checkpoints::Link& link) {
  return model::Stamp::create(link.horizon_ms());
}

}  // namespace hearth::replica
