#pragma once
// What `hearth graph bench` measures within its own process: the graph's cores over RocksDB, beside
// a bare loop that reads, changes and writes the very same records in a database of the same
// options.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hearth::cli {

struct Figure {
  std::string key;   ///< for programs
  std::string what;  ///< for people, with its unit
  double value = 0;
  std::optional<double> bare;    ///< the same of bare RocksDB
  std::optional<double> wanted;  ///< of the value; of its ratio where `bare` is known
  bool is_ceiling = false;       ///< no more than `wanted`, rather than no less
};

struct MeasureOptions {
  std::filesystem::path directory;  ///< empty and on the disk in question
  std::size_t edits = 100'000;
  std::size_t rounds = 3;  ///< of us and of bare RocksDB, in turn
  std::function<void(const std::string& what)> begins;
};

/// Throws std::runtime_error when the disk fails.
[[nodiscard]] std::vector<Figure> measure_graph(const MeasureOptions& options);

}  // namespace hearth::cli
