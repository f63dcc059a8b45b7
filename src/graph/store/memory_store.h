#pragma once
// Stores in memory: one that does as it is told, and one that fails as disks do.

#include <map>
#include <string>
#include <vector>

#include <hearth/base/entropy.h>
#include <hearth/graph_store/store.h>

namespace hearth::graph_store {

class MemoryStore : public Store {
 public:
  using Store::get;
  Result<bool, StoreError> get(std::string_view key, Bytes& value) const override;
  Result<Unit, StoreError> scan(const Range& range, const Visitor& visit) const override;
  Result<Ticket, StoreError> write(const Batch& batch) override;
  Result<Ticket, StoreError> sync() override;
  Ticket durable() const override { return durable_; }

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  /// Of keys and values together.
  [[nodiscard]] std::size_t size_bytes() const { return bytes_; }

 protected:
  using Values = std::map<std::string, Bytes, std::less<>>;
  void apply(const Batch::Change& change);

  Values values_;
  std::size_t bytes_ = 0;
  Ticket written_;
  Ticket durable_;
};

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
  /// From now on every write and sync fails, and nothing is kept.
  void fail(bool failing) { failing_ = failing; }
  /// One bit of the value of one record turns, and reads of it say `corrupt`, as a checksum would;
  /// with `silent`, they give the wrong value. False: there is no such record, or it is empty.
  enum class Rot : std::uint8_t { noticed, silent };
  bool flip_bit(Entropy& entropy, std::string_view key, Rot rot = Rot::noticed);

 private:
  Values synced_;
  std::size_t synced_bytes_ = 0;
  std::vector<Batch> unsynced_;
  std::map<std::string, Unit, std::less<>> rotten_;
  std::size_t capacity_ = 0;
  bool failing_ = false;
};

}  // namespace hearth::graph_store
