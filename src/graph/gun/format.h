#pragma once
// The format of what a store holds: which version, and whether all of it can be read.

#include <cstdint>
#include <string>
#include <vector>

#include <hearth/graph_store/store.h>

namespace hearth::gun {

inline constexpr std::uint8_t format_version = 1;

enum class FormatError : std::uint8_t {
  newer,  ///< written by a later Hearth
  store,  ///< it can't be read or written
};

/// Before anything else: notes our version in a new store, and refuses a later one.
[[nodiscard]] Result<Unit, FormatError> prepare_format(graph_store::Store& store);

struct Verification {
  std::uint64_t nodes = 0;
  std::uint64_t properties = 0;
  std::uint64_t deferred = 0;
  std::uint64_t bytes = 0;  ///< of keys and values
  std::uint64_t damaged = 0;
  std::vector<std::string> damaged_keys;  ///< the first hundred, escaped for a terminal
};

/// Reads all of it.
[[nodiscard]] Verification verify(const graph_store::Store& store);

}  // namespace hearth::gun
