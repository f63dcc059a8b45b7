#include <hearth/graph_watch/subscriptions.h>

namespace hearth::graph_watch {

using replica::Changed;

Subscriptions::Groups& Subscriptions::groups_of(const Interest& interest) {
  return interest.soul ? by_soul_ : by_prefix_;
}

std::optional<Subscriptions::Id> Subscriptions::add(Interest interest) {
  if (interests_.size() >= max_) return std::nullopt;
  const Id id{++last_};
  const std::string& place = interest.soul ? *interest.soul : interest.soul_prefix;
  const auto [group, added] = groups_of(interest).try_emplace(place);
  if (added && !interest.soul) ++prefix_sizes_[place.size()];
  group->second[interest.property].insert(id);
  interests_.emplace(id, std::move(interest));
  return id;
}

bool Subscriptions::remove(Id id) {
  const auto held = interests_.find(id);
  if (held == interests_.end()) return false;
  const Interest& interest = held->second;
  Groups& groups = groups_of(interest);
  const auto group = groups.find(interest.soul ? *interest.soul : interest.soul_prefix);
  const auto those = group->second.find(interest.property);
  those->second.erase(id);
  if (those->second.empty()) group->second.erase(those);
  if (group->second.empty()) {
    if (!interest.soul) {
      const auto size = prefix_sizes_.find(group->first.size());
      if (--size->second == 0) prefix_sizes_.erase(size);
    }
    groups.erase(group);
  }
  interests_.erase(held);
  return true;
}

void Subscriptions::match(const Group& group, const Changed& change, std::size_t place,
                          std::vector<Match>& matches) {
  const auto add = [&](const std::set<Id>& those) {
    for (const Id id : those) matches.push_back({.id = id, .change = place});
  };
  if (!change.property) {
    for (const auto& [property, those] : group) add(those);
    return;
  }
  if (const auto any = group.find(std::nullopt); any != group.end()) add(any->second);
  if (const auto named = group.find(change.property); named != group.end()) add(named->second);
}

std::vector<Subscriptions::Match> Subscriptions::match(std::span<const Changed> changes) const {
  std::vector<Match> matches;
  for (std::size_t place = 0; place < changes.size(); ++place) {
    const Changed& change = changes[place];
    if (const auto group = by_soul_.find(change.soul); group != by_soul_.end())
      match(group->second, change, place, matches);
    for (const auto& [size, prefixes] : prefix_sizes_) {
      if (size > change.soul.size()) break;
      const auto group = by_prefix_.find(std::string_view{change.soul}.substr(0, size));
      if (group != by_prefix_.end()) match(group->second, change, place, matches);
    }
  }
  return matches;
}

}  // namespace hearth::graph_watch
