#pragma once
// What is kept beside the nodes and never falls out of step with them.

#include <string>
#include <string_view>
#include <vector>

#include <hearth/crdt/node.h>
#include <hearth/graph_store/store.h>

namespace hearth::replica {

/// Gives each node records of its own (keys without values), which a replica writes and erases in
/// the very batches that write the nodes.
class Companion {
 public:
  virtual ~Companion() = default;
  /// Whole keys of a node's records, ascending, each once: a function of the node, until the
  /// companion is told otherwise, with nothing uncommitted in the replica.
  [[nodiscard]] virtual std::vector<std::string> records_of(std::string_view soul,
                                                            const crdt::Node& node) const = 0;
  /// Stored nodes were found damaged, and are put right with this batch: what stands in the store
  /// for them may be wrong, too.
  virtual void distrust(graph_store::Batch& batch) = 0;
};

}  // namespace hearth::replica
