#include <hearth/graph_store/memory_store.h>

namespace hearth::graph_store {

Result<bool, StoreError> MemoryStore::get(std::string_view key, Bytes& value) const {
  const auto found = table_.values.find(key);
  if (found == table_.values.end()) return false;
  value = found->second;
  return true;
}

Result<Unit, StoreError> MemoryStore::scan(const Range& range, const Visitor& visit) const {
  if (!range.to.empty() && range.from >= range.to) return Unit{};
  const Values& values = table_.values;
  const auto begin = values.lower_bound(range.from);
  const auto end = range.to.empty() ? values.end() : values.lower_bound(range.to);
  if (range.order == Range::Order::ascending) {
    for (auto at = begin; at != end; ++at)
      if (!visit(at->first, at->second)) break;
  } else {
    for (auto at = end; at != begin;)
      if (--at; !visit(at->first, at->second)) break;
  }
  return Unit{};
}

void MemoryStore::Table::apply(const Batch::Change& change) {
  if (const auto old = values.find(change.key); old != values.end()) {
    bytes -= old->first.size() + old->second.size();
    values.erase(old);
  }
  if (!change.value) return;
  bytes += change.key.size() + change.value->size();
  values.emplace(std::string{change.key}, to_bytes(*change.value));
}

void MemoryStore::Table::apply(const Batch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) apply(batch[i]);
}

Result<Ticket, StoreError> MemoryStore::write(const Batch& batch) {
  table_.apply(batch);
  written_ = Ticket{written_.value() + 1};
  return written_;
}

Result<Ticket, StoreError> MemoryStore::sync() {
  durable_ = written_;
  return durable_;
}

}  // namespace hearth::graph_store
