#include <hearth/graph_service/feed.h>

namespace hearth::graph_service {

using replica::Changed;

void Queue::add(const Changed& change) {
  if (lost_ || ended_) return;
  // All of a node was said already.
  if (change.property && changes_.contains({change.soul, std::nullopt})) return;
  if (changes_.size() == max_changes) return lose();
  changes_.insert(change);
  wake_();
}

void Queue::lose() {
  if (ended_) return;
  changes_.clear();
  lost_ = true;
  wake_();
}

void Queue::end() {
  ended_ = true;
  wake_();
}

Queue::Told Queue::take() {
  Told told{.changes = {changes_.begin(), changes_.end()}, .lost = std::exchange(lost_, false)};
  changes_.clear();
  return told;
}

bool Feed::add(const std::shared_ptr<Queue>& queue, graph_watch::Interest interest) {
  const auto id = spaces_[queue->space()].add(std::move(interest));
  if (!id) return false;
  queues_[{queue->space(), *id}] = queue;
  entries_[queue.get()] = {.queue = queue, .id = {queue->space(), *id}};
  return true;
}

void Feed::remove(const Queue& queue) {
  const auto entry = entries_.find(&queue);
  if (entry == entries_.end()) return;
  const Id id = entry->second.id;
  entries_.erase(entry);
  queues_.erase(id);
  const auto space = spaces_.find(id.first);
  space->second.remove(id.second);
  if (space->second.size() == 0) spaces_.erase(space);
}

void Feed::tell(const News& news) {
  for (const auto& [space, changes] : news.changes) {
    const auto watched = spaces_.find(space);
    if (watched == spaces_.end()) continue;
    for (const auto& [id, change] : watched->second.match(changes))
      if (const auto queue = queues_.find({space, id}); queue != queues_.end())
        if (const auto alive = queue->second.lock()) alive->add(changes[change]);
  }
  for (const auto& [space, readers] : news.readers)
    end_if([&](const Queue& queue) {
      return queue.space() == space && readers && queue.asker().persona &&
             !readers->contains(*queue.asker().persona);
    });
  for (const auto& [space, app] : news.barred)
    end_if([&](const Queue& queue) { return queue.space() == space && queue.asker().app == app; });
  for (const auto& space : news.gone)
    end_if([&](const Queue& queue) { return queue.space() == space; });
  if (!news.lost) return;
  for (const auto& [place, entry] : entries_)
    if (const auto queue = entry.queue.lock()) queue->lose();
}

void Feed::cut(std::string_view device) {
  end_if(
      [&](const Queue& queue) { return queue.asker().persona && queue.asker().device == device; });
}

void Feed::end_all() {
  end_if([](const Queue&) { return true; });
}

template <class Condition>
void Feed::end_if(Condition condition) {
  std::vector<std::shared_ptr<Queue>> ending;
  for (const auto& [place, entry] : entries_)
    if (auto queue = entry.queue.lock(); queue && condition(*queue))
      ending.push_back(std::move(queue));
  for (const auto& queue : ending) queue->end();
}

}  // namespace hearth::graph_service
