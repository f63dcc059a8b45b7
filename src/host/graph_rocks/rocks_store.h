#pragma once
// The graph's store in a directory.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <hearth/graph_store/store.h>

namespace rocksdb {
class Env;
}

namespace hearth::graph_rocks {

struct RocksOptions {
  std::size_t block_cache_bytes = std::size_t{32} << 20;
  std::size_t memtable_bytes = std::size_t{8} << 20;
  rocksdb::Env* env = nullptr;  ///< another disk, for tests; must outlive the store
};

/// Reads, and one writer beside them, may run on different threads.
class RocksStore final : public graph_store::Store {
 public:
  struct OpenError {
    std::string message;  ///< RocksDB's own words, for the log
  };
  /// Makes the directory (0700) when it isn't there. One process at a time: the second one fails.
  [[nodiscard]] static Result<RocksStore, OpenError> open(const std::filesystem::path& directory,
                                                          RocksOptions options = {});
  RocksStore(RocksStore&&) noexcept;
  ~RocksStore() override;

  using Store::get;
  Result<bool, graph_store::StoreError> get(std::string_view key, Bytes& value) const override;
  Result<std::vector<std::optional<Bytes>>, graph_store::StoreError> get_many(
      std::span<const std::string_view> keys) const override;
  Result<Unit, graph_store::StoreError> scan(const graph_store::Range& range,
                                             const Visitor& visit) const override;
  Result<graph_store::Ticket, graph_store::StoreError> write(
      const graph_store::Batch& batch) override;
  Result<graph_store::Ticket, graph_store::StoreError> sync() override;
  graph_store::Ticket durable() const override;

  /// Copies all that is written into a new directory, of which the parent exists: a backup that may
  /// be opened. Shares files with this one where both lie on one disk; may run beside writes.
  [[nodiscard]] Result<Unit, graph_store::StoreError> checkpoint(
      const std::filesystem::path& directory);
  /// Reads every file and compares its checksums.
  [[nodiscard]] Result<Unit, graph_store::StoreError> verify_checksums();
  /// Writes that range anew without what was erased. Slow; beside reads and writes. unavailable
  /// soon after `stopping` is set.
  [[nodiscard]] Result<Unit, graph_store::StoreError> compact(const graph_store::Range& range,
                                                              const std::atomic<bool>& stopping);
  /// Of the files on the disk, about.
  [[nodiscard]] std::uint64_t size_bytes() const;

 private:
  struct Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::graph_rocks
