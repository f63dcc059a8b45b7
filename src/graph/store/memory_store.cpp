#include <utility>

#include <hearth/graph_store/memory_store.h>

namespace hearth::graph_store {

Result<bool, StoreError> MemoryStore::get(std::string_view key, Bytes& value) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return false;
  value = found->second;
  return true;
}

Result<Unit, StoreError> MemoryStore::scan(const Range& range, const Visitor& visit) const {
  if (!range.to.empty() && range.from >= range.to) return Unit{};
  const auto begin = values_.lower_bound(range.from);
  const auto end = range.to.empty() ? values_.end() : values_.lower_bound(range.to);
  if (range.order == Range::Order::ascending) {
    for (auto at = begin; at != end; ++at)
      if (!visit(at->first, at->second)) break;
  } else {
    for (auto at = end; at != begin;)
      if (--at; !visit(at->first, at->second)) break;
  }
  return Unit{};
}

void MemoryStore::apply(const Batch::Change& change) {
  if (const auto old = values_.find(change.key); old != values_.end()) {
    bytes_ -= old->first.size() + old->second.size();
    values_.erase(old);
  }
  if (!change.value) return;
  bytes_ += change.key.size() + change.value->size();
  values_.emplace(std::string{change.key}, to_bytes(*change.value));
}

Result<Ticket, StoreError> MemoryStore::write(const Batch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) apply(batch[i]);
  written_ = Ticket{written_.value() + 1};
  return written_;
}

Result<Ticket, StoreError> MemoryStore::sync() {
  durable_ = written_;
  return durable_;
}

Result<bool, StoreError> FaultyStore::get(std::string_view key, Bytes& value) const {
  if (rotten_.contains(key)) return Failure{StoreError::corrupt};
  return MemoryStore::get(key, value);
}

Result<Unit, StoreError> FaultyStore::scan(const Range& range, const Visitor& visit) const {
  bool corrupt = false;
  HEARTH_CHECK(MemoryStore::scan(range, [&](std::string_view key, BytesView value) {
    corrupt = rotten_.contains(key);
    return !corrupt && visit(key, value);
  }));
  if (corrupt) return Failure{StoreError::corrupt};
  return Unit{};
}

Result<Ticket, StoreError> FaultyStore::write(const Batch& batch) {
  if (failing_) return Failure{StoreError::unavailable};
  if (capacity_ != 0 && bytes_ + batch.size_bytes() > capacity_) return Failure{StoreError::full};
  unsynced_.push_back(batch);
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (const auto rotten = rotten_.find(batch[i].key); rotten != rotten_.end())
      rotten_.erase(rotten);
  return MemoryStore::write(batch);
}

Result<Ticket, StoreError> FaultyStore::sync() {
  if (failing_) return Failure{StoreError::unavailable};
  synced_ = values_;
  synced_bytes_ = bytes_;
  unsynced_.clear();
  return MemoryStore::sync();
}

void FaultyStore::crash(Entropy& entropy, Tear tear) {
  const std::vector<Batch> lost = std::exchange(unsynced_, {});
  values_ = synced_;
  bytes_ = synced_bytes_;
  const std::size_t kept = entropy.u64() % (lost.size() + 1);
  for (std::size_t i = 0; i < kept; ++i)
    for (std::size_t change = 0; change < lost[i].size(); ++change) apply(lost[i][change]);
  if (tear == Tear::torn && kept < lost.size())
    for (std::size_t change = 0; change < lost[kept].size() / 2; ++change)
      apply(lost[kept][change]);
  // What a crash left is on the disk.
  synced_ = values_;
  synced_bytes_ = bytes_;
  durable_ = written_;
}

bool FaultyStore::flip_bit(Entropy& entropy, std::string_view key, Rot rot) {
  const auto found = values_.find(key);
  if (found == values_.end() || found->second.empty()) return false;
  const std::uint64_t bit = entropy.u64() % (found->second.size() * 8);
  found->second[bit / 8] ^= std::byte{1} << (bit % 8);
  if (const auto synced = synced_.find(key); synced != synced_.end())
    synced->second = found->second;
  if (rot == Rot::noticed) rotten_.emplace(std::string{key}, Unit{});
  return true;
}

}  // namespace hearth::graph_store
