#pragma once
// What the service keeps beside a replica, written in the same batch as the replica's own: both
// are there after a crash, or neither is.

#include <string_view>
#include <utility>

#include <hearth/graph_store/store.h>

namespace hearth::graph_service {

class SideStore final : public graph_store::Store {
 public:
  explicit SideStore(graph_store::Store& inner) : inner_(inner) {}

  /// Goes with the next write.
  void put(std::string_view key, BytesView value) { waiting_.put(key, value); }
  void erase(std::string_view key) { waiting_.erase(key); }
  void forget() { waiting_.clear(); }
  /// Whether anything was written since the last call.
  [[nodiscard]] bool take_written() { return std::exchange(has_written_, false); }
  /// Writes what waits by itself.
  [[nodiscard]] Result<Unit, graph_store::StoreError> flush() {
    if (waiting_.empty()) return Unit{};
    has_written_ = true;
    HEARTH_CHECK(inner_.write(waiting_));
    waiting_.clear();
    return Unit{};
  }

  using Store::get;
  Result<bool, graph_store::StoreError> get(std::string_view key, Bytes& value) const override {
    return inner_.get(key, value);
  }
  Result<std::vector<std::optional<Bytes>>, graph_store::StoreError> get_many(
      std::span<const std::string_view> keys) const override {
    return inner_.get_many(keys);
  }
  Result<Unit, graph_store::StoreError> scan(const graph_store::Range& range,
                                             const Visitor& visit) const override {
    return inner_.scan(range, visit);
  }
  Result<graph_store::Ticket, graph_store::StoreError> write(
      const graph_store::Batch& batch) override {
    has_written_ = true;
    if (waiting_.empty()) return inner_.write(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const graph_store::Batch::Change change = batch[i];
      if (change.value)
        waiting_.put(change.key, *change.value);
      else
        waiting_.erase(change.key);
    }
    auto written = inner_.write(waiting_);
    waiting_.clear();
    return written;
  }
  Result<graph_store::Ticket, graph_store::StoreError> sync() override { return inner_.sync(); }
  [[nodiscard]] graph_store::Ticket durable() const override { return inner_.durable(); }

 private:
  graph_store::Store& inner_;
  graph_store::Batch waiting_;
  bool has_written_ = false;
};

}  // namespace hearth::graph_service
