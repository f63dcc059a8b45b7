#pragma once
// A store in memory that does as it is told.

#include <map>
#include <string>

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

  [[nodiscard]] std::size_t size() const { return table_.values.size(); }
  /// Of keys and values together.
  [[nodiscard]] std::size_t size_bytes() const { return table_.bytes; }

 protected:
  using Values = std::map<std::string, Bytes, std::less<>>;
  /// Values with their size in bytes.
  struct Table {
    Values values;
    std::size_t bytes = 0;
    void apply(const Batch::Change& change);
    void apply(const Batch& batch);
  };

  Table table_;
  Ticket written_;
  Ticket durable_;
};

}  // namespace hearth::graph_store
