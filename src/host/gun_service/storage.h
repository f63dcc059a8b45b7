#pragma once
// The relay's store, opened; and what can be done to it while nobody serves it.

#include <cstdint>
#include <filesystem>
#include <string>

#include <hearth/base/entropy.h>
#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/gun/format.h>

namespace hearth::gun_service {

/// Where it lies in an appliance's data directory.
[[nodiscard]] std::filesystem::path store_directory(const std::filesystem::path& data_directory);

/// Throws std::runtime_error with a text for the operator: it can't be opened, another process has
/// it, or a later Hearth wrote it.
[[nodiscard]] graph_rocks::RocksStore open_store(const std::filesystem::path& directory);

struct Import {
  std::uint64_t files = 0;
  std::uint64_t bad_files = 0;  ///< not RAD's
  std::uint64_t properties = 0;
  std::uint64_t skipped = 0;  ///< what GunDB itself wouldn't take: no value, no state
  std::uint64_t refused = 0;  ///< forged, or of a time too far ahead
};

/// Merges npm gun's storage into the store, as if a client had sent all of it. Throws
/// std::runtime_error when the folder can't be read or the store fails.
Import import_radata(const std::filesystem::path& radata, graph_rocks::RocksStore& store,
                     Entropy& entropy);

}  // namespace hearth::gun_service
