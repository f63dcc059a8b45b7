#pragma once
// Who wants to hear of changes, and what waits to be told them. On the loop's thread.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <hearth/graph_service/engine.h>
#include <hearth/graph_watch/subscriptions.h>

namespace hearth::graph_service {

/// What one subscriber hasn't been told yet: each thing once, however often it changed, and of
/// more than `max_changes` only that there was too much.
class Queue {
 public:
  static constexpr std::size_t max_changes = 1024;

  Queue(model::SpaceId space, Asker asker, std::function<void()> wake)
      : space_(space), asker_(std::move(asker)), wake_(std::move(wake)) {}

  void add(const replica::Changed& change);
  void lose();
  void end();
  /// The reader has gone.
  void let_go() {
    wake_ = [] {};
  }

  struct Told {
    std::vector<replica::Changed> changes;
    bool lost = false;
  };
  [[nodiscard]] Told take();
  [[nodiscard]] bool empty() const { return changes_.empty() && !lost_; }
  [[nodiscard]] bool has_ended() const { return ended_; }
  [[nodiscard]] const model::SpaceId& space() const { return space_; }
  [[nodiscard]] const Asker& asker() const { return asker_; }

 private:
  model::SpaceId space_;
  Asker asker_;
  std::function<void()> wake_;
  std::set<replica::Changed> changes_;
  bool lost_ = false;
  bool ended_ = false;
};

class Feed {
 public:
  /// Nothing when there are as many as may be.
  [[nodiscard]] bool add(const std::shared_ptr<Queue>& queue, graph_watch::Interest interest);
  void remove(const Queue& queue);
  void tell(const News& news);
  /// Ends what that device listens to.
  void cut(std::string_view device);
  void end_all();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Id = std::pair<model::SpaceId, graph_watch::Subscriptions::Id>;
  struct Entry {
    std::weak_ptr<Queue> queue;
    Id id;
  };
  template <class Condition>
  void end_if(Condition condition);

  std::map<model::SpaceId, graph_watch::Subscriptions> spaces_;
  std::map<Id, std::weak_ptr<Queue>> queues_;
  std::map<const Queue*, Entry> entries_;
};

}  // namespace hearth::graph_service
