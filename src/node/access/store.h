#pragma once
// Durable storage as the cores see it: ordered keys, atomic batches.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::access {

enum class StoreError : std::uint8_t {
  /// The disk failed or is full: nothing of the batch was kept, as far as can be known.
  unavailable,
  /// What was read back is not what was written.
  corrupt,
};

/// Changes that take effect together or not at all, in this order.
class Batch {
 public:
  struct Change {
    std::string key;
    std::optional<Bytes> value;  ///< nothing: the key is erased
  };
  void put(std::string key, Bytes value) { changes_.push_back({std::move(key), std::move(value)}); }
  void erase(std::string key) { changes_.push_back({std::move(key), std::nullopt}); }
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

/// Keys are bytes, ordered bytewise. One thread at a time.
class Store {
 public:
  /// Returns false to stop.
  using Visitor = std::function<bool(std::string_view key, BytesView value)>;

  virtual ~Store() = default;
  [[nodiscard]] virtual Result<std::optional<Bytes>, StoreError> get(
      std::string_view key) const = 0;
  /// Visits the keys that begin with `prefix`, in order. The views live for the visit alone.
  [[nodiscard]] virtual Result<Unit, StoreError> scan(std::string_view prefix,
                                                      const Visitor& visit) const = 0;
  /// Once it returns Unit, the batch survives a crash and a power cut.
  [[nodiscard]] virtual Result<Unit, StoreError> write(const Batch& batch) = 0;

  [[nodiscard]] Result<Unit, StoreError> put(std::string_view key, Bytes value) {
    Batch batch;
    batch.put(std::string{key}, std::move(value));
    return write(batch);
  }
  [[nodiscard]] Result<Unit, StoreError> erase(std::string_view key) {
    Batch batch;
    batch.erase(std::string{key});
    return write(batch);
  }
};

}  // namespace hearth::access
