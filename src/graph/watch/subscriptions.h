#pragma once
// Who wants to hear of what.
//
//   Subscriptions subscriptions;
//   const auto album = *subscriptions.add({.soul = "album/1"});
//   const auto titles = *subscriptions.add({.soul_prefix = "album/", .property = "title"});
//   replica.commit();
//   const auto changes = replica.take_changes();
//   for (const auto& [id, change] : subscriptions.match(changes)) send(id, changes[change]);

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <hearth/base/strong.h>
#include <hearth/replica/replica.h>

namespace hearth::graph_watch {

/// All that is set has to hold; nothing set: everything. With `soul`, `soul_prefix` is of no
/// effect.
struct Interest {
  std::optional<std::string> soul;
  std::string soul_prefix;
  std::optional<std::string> property;
  friend auto operator<=>(const Interest&, const Interest&) = default;
};

class Subscriptions {
 public:
  using Id = Strong<struct SubscriptionTag, std::uint64_t>;

  explicit Subscriptions(std::size_t max_subscriptions = 100'000) : max_(max_subscriptions) {}

  /// Nothing when there are as many as may be. Ids are never used again.
  [[nodiscard]] std::optional<Id> add(Interest interest);
  /// False: it is none.
  bool remove(Id id);
  [[nodiscard]] std::size_t size() const { return interests_.size(); }

  struct Match {
    Id id;
    std::size_t change = 0;  ///< its place among the changes
    friend auto operator<=>(const Match&, const Match&) = default;
  };
  /// Each subscription once for each change that concerns it, by change. A change of "any
  /// property" concerns those who wait for one. Costs a lookup for each length of prefix that
  /// somebody asked for, and what matches.
  [[nodiscard]] std::vector<Match> match(std::span<const replica::Changed> changes) const;

 private:
  // Those with one soul or prefix, by property; nothing: any.
  using Group = std::map<std::optional<std::string>, std::set<Id>>;
  using Groups = std::map<std::string, Group, std::less<>>;

  [[nodiscard]] Groups& groups_of(const Interest& interest);
  static void match(const Group& group, const replica::Changed& change, std::size_t place,
                    std::vector<Match>& matches);

  std::size_t max_;
  std::uint64_t last_ = 0;
  std::map<Id, Interest> interests_;
  Groups by_soul_;
  Groups by_prefix_;
  std::map<std::size_t, std::size_t> prefix_sizes_;  // with how many prefixes have it
};

}  // namespace hearth::graph_watch
