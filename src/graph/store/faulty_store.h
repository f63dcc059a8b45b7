#pragma once
// A store in memory that fails as disks do, on command and from a seed.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <hearth/base/entropy.h>
#include <hearth/graph_store/memory_store.h>

namespace hearth::graph_store {

/// For the simulator: loses what wasn't synced, tears, fills up, rots. Everything else is kept, so
/// the same object is the disk before and after a crash.
class FaultyStore final : public MemoryStore {
 public:
  using Store::get;
  Result<bool, StoreError> get(std::string_view key, Bytes& value) const override;
  Result<Unit, StoreError> scan(const Range& range, const Visitor& visit) const override;
  Result<Ticket, StoreError> write(const Batch& batch) override;
  Result<Ticket, StoreError> sync() override;

  /// The power went: a random number of the unsynced batches survive, the earliest first. With
  /// `torn`, half of the next one does, too, as no store should allow: for tests of the checkers.
  enum class Tear : std::uint8_t { whole_batches, torn };
  void crash(Entropy& entropy, Tear tear = Tear::whole_batches);

  /// Writes fail once keys and values together would exceed this. 0: no bound.
  void set_capacity(std::size_t size_bytes) { capacity_ = size_bytes; }
  /// From now on every write and sync fails, and nothing is kept; with `everything`, so does every
  /// read.
  enum class Failing : std::uint8_t { nothing, writes, everything };
  void fail(Failing failing) { failing_ = failing; }
  /// A sync says that it is done, and is not: for tests of the checkers.
  void lie(bool lying) { lying_ = lying; }
  /// One bit of the value of one record turns, and reads of it say `corrupt`, as a checksum would;
  /// with `silent`, they give the wrong value. False: there is no such record, or it is empty.
  enum class Rot : std::uint8_t { noticed, silent };
  bool flip_bit(Entropy& entropy, std::string_view key, Rot rot = Rot::noticed);

 private:
  Table synced_;
  std::vector<Batch> unsynced_;
  std::set<std::string, std::less<>> rotten_;
  std::size_t capacity_ = 0;
  Failing failing_ = Failing::nothing;
  bool lying_ = false;
};

}  // namespace hearth::graph_store
