#include <hearth/access/memory_store.h>

namespace hearth::access {

Result<std::optional<Bytes>, StoreError> MemoryStore::get(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::optional<Bytes>{};
  return std::optional<Bytes>{found->second};
}

Result<Unit, StoreError> MemoryStore::scan(std::string_view prefix, const Visitor& visit) const {
  for (auto at = values_.lower_bound(prefix); at != values_.end(); ++at)
    if (!at->first.starts_with(prefix) || !visit(at->first, at->second)) break;
  return Unit{};
}

Result<Unit, StoreError> MemoryStore::write(const Batch& batch) {
  if (fail_writes_) return Failure{StoreError::unavailable};
  for (const Batch::Change& change : batch.changes()) {
    if (change.value)
      values_.insert_or_assign(change.key, *change.value);
    else
      values_.erase(change.key);
  }
  return Unit{};
}

}  // namespace hearth::access
