#pragma once
// A store for tests: in memory, and failing on demand.

#include <map>

#include <hearth/access/store.h>

namespace hearth::access {

class MemoryStore final : public Store {
 public:
  Result<std::optional<Bytes>, StoreError> get(std::string_view key) const override;
  Result<Unit, StoreError> scan(std::string_view prefix, const Visitor& visit) const override;
  Result<Unit, StoreError> write(const Batch& batch) override;

  /// From now on every write fails and changes nothing.
  void fail_writes(bool fail) { fail_writes_ = fail; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::map<std::string, Bytes, std::less<>> values_;
  bool fail_writes_ = false;
};

}  // namespace hearth::access
