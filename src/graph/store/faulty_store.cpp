#include <utility>

#include <hearth/graph_store/faulty_store.h>

namespace hearth::graph_store {

Result<bool, StoreError> FaultyStore::get(std::string_view key, Bytes& value) const {
  if (failing_ == Failing::everything) return Failure{StoreError::unavailable};
  if (rotten_.contains(key)) return Failure{StoreError::corrupt};
  return MemoryStore::get(key, value);
}

Result<Unit, StoreError> FaultyStore::scan(const Range& range, const Visitor& visit) const {
  if (failing_ == Failing::everything) return Failure{StoreError::unavailable};
  bool corrupt = false;
  HEARTH_CHECK(MemoryStore::scan(range, [&](std::string_view key, BytesView value) {
    corrupt = rotten_.contains(key);
    return !corrupt && visit(key, value);
  }));
  if (corrupt) return Failure{StoreError::corrupt};
  return Unit{};
}

Result<Ticket, StoreError> FaultyStore::write(const Batch& batch) {
  if (failing_ != Failing::nothing) return Failure{StoreError::unavailable};
  if (capacity_ != 0 && table_.bytes + batch.size_bytes() > capacity_)
    return Failure{StoreError::full};
  unsynced_.push_back(batch);
  if (!rotten_.empty())
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (const auto rotten = rotten_.find(batch[i].key); rotten != rotten_.end())
        rotten_.erase(rotten);
  return MemoryStore::write(batch);
}

Result<Ticket, StoreError> FaultyStore::sync() {
  if (failing_ != Failing::nothing) return Failure{StoreError::unavailable};
  if (lying_) return MemoryStore::sync();
  for (const Batch& batch : std::exchange(unsynced_, {})) synced_.apply(batch);
  return MemoryStore::sync();
}

void FaultyStore::crash(Entropy& entropy, Tear tear) {
  const std::vector<Batch> lost = std::exchange(unsynced_, {});
  const std::size_t kept = entropy.u64() % (lost.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) synced_.apply(lost[i]);
  if (tear == Tear::torn && kept < lost.size())
    for (std::size_t change = 0; change < lost[kept].size() / 2; ++change)
      synced_.apply(lost[kept][change]);
  // What a crash left is on the disk.
  table_ = synced_;
  durable_ = written_;
}

bool FaultyStore::flip_bit(Entropy& entropy, std::string_view key, Rot rot) {
  const auto found = table_.values.find(key);
  if (found == table_.values.end() || found->second.empty()) return false;
  const std::uint64_t bit = entropy.u64() % (found->second.size() * 8);
  found->second[bit / 8] ^= std::byte{1} << (bit % 8);
  // Of an unsynced batch, the crash that comes may bring another; the record is wrong either way.
  if (const auto synced = synced_.values.find(key); synced != synced_.values.end()) {
    synced_.bytes += found->second.size() - synced->second.size();
    synced->second = found->second;
  }
  if (rot == Rot::noticed) rotten_.emplace(key);
  return true;
}

}  // namespace hearth::graph_store
