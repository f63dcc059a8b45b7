#pragma once
// Durable storage in a directory.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <hearth/storage/store.h>

namespace hearth::store {

/// Not thread-safe by contract (storage::Store), though reads may run beside one another.
class RocksStore final : public storage::Store {
 public:
  struct OpenError {
    std::string message;  ///< RocksDB's own words, for the log
  };
  /// Makes the directory (0700) when it isn't there. One process at a time: the second one fails.
  [[nodiscard]] static Result<RocksStore, OpenError> open(const std::filesystem::path& directory);

  RocksStore(RocksStore&&) noexcept;
  RocksStore& operator=(RocksStore&&) noexcept;
  ~RocksStore() override;

  Result<std::optional<Bytes>, storage::StoreError> get(std::string_view key) const override;
  Result<Unit, storage::StoreError> scan(std::string_view prefix,
                                         const Visitor& visit) const override;
  /// Synced to the disk before it returns.
  Result<Unit, storage::StoreError> write(const storage::Batch& batch) override;

 private:
  struct Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::store
