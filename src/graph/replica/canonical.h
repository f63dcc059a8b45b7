#pragma once
// Private to this module: a state's canonical encoding (docs/protocol/graph.md, section 6).

#include <optional>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/crdt/node.h>
#include <hearth/model/id.h>

namespace hearth::replica {

/// Nodes by soul, ascending; none that is empty.
class CanonicalState {
 public:
  explicit CanonicalState(const crdt::Authors& authors) : authors_(authors) {}
  void add(std::string_view soul, const crdt::Node& node);
  [[nodiscard]] Bytes encode(const model::EntryId& membership,
                             const std::optional<model::CheckpointId>& checkpoint) const;

 private:
  const crdt::Authors& authors_;
  std::uint64_t count_ = 0;
  Bytes nodes_;
};

}  // namespace hearth::replica
