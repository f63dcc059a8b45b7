#pragma once
// A store as it was at one moment, for what looks at all of it beside the graph's thread.

#include <filesystem>
#include <stdexcept>

#include <hearth/graph_rocks/rocks_store.h>

namespace hearth::graph_service {

/// Gone when it is no longer looked at.
class Copy {
 public:
  /// In a directory that isn't there, or was left behind. Throws std::runtime_error.
  Copy(graph_rocks::RocksStore& store, std::filesystem::path directory)
      : directory_(std::move(directory)) {
    remove();
    if (!store.checkpoint(directory_))
      throw std::runtime_error{"The disk holds no copy of the graph. See whether it is full."};
  }
  ~Copy() { remove(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  void remove() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::filesystem::path directory_;
};

}  // namespace hearth::graph_service
