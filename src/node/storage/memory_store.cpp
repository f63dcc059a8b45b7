#include <hearth/storage/store.h>

namespace hearth::storage {

Result<std::optional<Bytes>, StoreError> MemoryStore::get(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<Bytes>{};
  return std::optional{found->second};
}

Result<Unit, StoreError> MemoryStore::commit(const Batch& batch) {
  for (const Batch::Change& change : batch.changes()) {
    if (change.value)
      entries_.insert_or_assign(change.key, *change.value);
    else
      entries_.erase(change.key);
  }
  return Unit{};
}

Result<Unit, StoreError> MemoryStore::scan(std::string_view prefix, const Visit& visit) const {
  for (auto entry = entries_.lower_bound(prefix);
       entry != entries_.end() && entry->first.starts_with(prefix); ++entry)
    if (!visit(entry->first, entry->second)) break;
  return Unit{};
}

}  // namespace hearth::storage
