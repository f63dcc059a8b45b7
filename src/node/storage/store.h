#pragma once
// Ordered keys and values, changed in atomic batches: all that personas, devices and names need of a database.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>

namespace hearth::storage {

enum class StoreError : std::uint8_t { io, corrupted, full };

/// Changes that happen together or not at all, in order.
class Batch {
 public:
  struct Change {
    std::string key;
    std::optional<Bytes> value;  ///< nothing: delete
  };
  void put(std::string_view key, BytesView value) {
    changes_.push_back({std::string{key}, to_bytes(value)});
  }
  void erase(std::string_view key) { changes_.push_back({std::string{key}, std::nullopt}); }
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  std::vector<Change> changes_;
};

class Store {
 public:
  virtual ~Store() = default;

  [[nodiscard]] virtual Result<std::optional<Bytes>, StoreError> get(std::string_view key) const = 0;
  /// Success means durable: the batch survives kill -9 and power loss. Failure means none of it happened.
  virtual Result<Unit, StoreError> commit(const Batch& batch) = 0;
  /// Keys with this prefix in bytewise order, until `visit` returns false. The views last for the call.
  using Visit = std::function<bool(std::string_view key, BytesView value)>;
  virtual Result<Unit, StoreError> scan(std::string_view prefix, const Visit& visit) const = 0;
};

/// In memory: for tests, and for what need not outlive the process.
class MemoryStore final : public Store {
 public:
  [[nodiscard]] Result<std::optional<Bytes>, StoreError> get(std::string_view key) const override;
  Result<Unit, StoreError> commit(const Batch& batch) override;
  Result<Unit, StoreError> scan(std::string_view prefix, const Visit& visit) const override;

 private:
  std::map<std::string, Bytes, std::less<>> entries_;
};

}  // namespace hearth::storage
