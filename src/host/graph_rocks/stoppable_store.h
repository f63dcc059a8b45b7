#pragma once
// Ends what goes over all of a store.

#include <atomic>

#include <hearth/graph_store/store.h>

namespace hearth::graph_rocks {

/// Fails (unavailable) soon after `stopping` is set, so that what goes over all of it ends. Both
/// must outlive it.
class StoppableStore final : public graph_store::Store {
 public:
  StoppableStore(graph_store::Store& inner, const std::atomic<bool>& stopping)
      : inner_(inner), stopping_(stopping) {}
  using Store::get;
  Result<bool, graph_store::StoreError> get(std::string_view key, Bytes& value) const override {
    HEARTH_CHECK(go_on());
    return inner_.get(key, value);
  }
  Result<Unit, graph_store::StoreError> scan(const graph_store::Range& range,
                                             const Visitor& visit) const override {
    HEARTH_CHECK(go_on());
    const auto scanned = inner_.scan(range, [&](std::string_view key, BytesView value) {
      return !stopping_ && visit(key, value);
    });
    HEARTH_CHECK(go_on());
    return scanned;
  }
  Result<graph_store::Ticket, graph_store::StoreError> write(
      const graph_store::Batch& batch) override {
    HEARTH_CHECK(go_on());
    return inner_.write(batch);
  }
  Result<graph_store::Ticket, graph_store::StoreError> sync() override { return inner_.sync(); }
  [[nodiscard]] graph_store::Ticket durable() const override { return inner_.durable(); }

 private:
  [[nodiscard]] Result<Unit, graph_store::StoreError> go_on() const {
    if (stopping_) return Failure{graph_store::StoreError::unavailable};
    return Unit{};
  }
  graph_store::Store& inner_;
  const std::atomic<bool>& stopping_;
};

}  // namespace hearth::graph_rocks
