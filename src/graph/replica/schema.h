#pragma once
// Private to this module: what a replica's store says of itself, and stores of earlier versions.

#include <cstdint>
#include <string>

#include <hearth/base/result.h>
#include <hearth/graph_store/store.h>

namespace hearth::replica {

/// Of the tables and records of a replica, as storage.cpp lists them. A change of their meaning is
/// a new version, and a new upgrade at the end of the list in schema.cpp.
inline constexpr std::uint64_t schema_version = 3;

/// The record `m`: [version, the time shown, how many checkpoints are purged].
struct Meta {
  std::uint64_t version = schema_version;
  std::int64_t time_ms = 0;
  std::uint64_t purged = 0;

  [[nodiscard]] Bytes encode() const;
  /// Nothing where the bytes are none.
  [[nodiscard]] static std::optional<Meta> parse(BytesView bytes);
};

/// Makes a store of an earlier version one of today's, version by version, in batches. Cut short at
/// any point, it goes on from there the next time; programs of the earlier version refuse the store
/// from the first batch on. An empty store, and one of today's, stay as they are. Errors are the
/// store's; too_new where a later version wrote it.
[[nodiscard]] Result<Unit, graph_store::StoreError> upgrade(graph_store::Store& store,
                                                            const std::string& prefix);

}  // namespace hearth::replica
