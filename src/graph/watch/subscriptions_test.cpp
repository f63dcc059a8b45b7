#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <hearth/graph_watch/subscriptions.h>

namespace hearth::graph_watch {
namespace {

using replica::Changed;
using Id = Subscriptions::Id;
using Match = Subscriptions::Match;

bool concerns(const Interest& interest, const Changed& change) {
  const bool soul =
      interest.soul ? *interest.soul == change.soul : change.soul.starts_with(interest.soul_prefix);
  return soul && (!interest.property || !change.property || interest.property == change.property);
}

TEST(Subscriptions, MatchWhatAskingEachOfThemWould) {
  std::mt19937_64 random{1};
  const auto text = [&](std::size_t longest) {
    std::string made;
    for (std::size_t size = random() % (longest + 1); size > 0; --size)
      made += static_cast<char>('a' + random() % 2);
    return made;
  };
  Subscriptions subscriptions;
  std::map<Id, Interest> all;
  std::size_t matched = 0;
  for (int step = 0; step < 3000; ++step) {
    if (random() % 3 != 0) {
      Interest interest;
      if (random() % 2 == 0) interest.soul = text(4);
      interest.soul_prefix = text(4);
      if (random() % 2 == 0) interest.property = text(1);
      all.emplace(*subscriptions.add(interest), interest);
    } else if (!all.empty()) {
      const auto gone = std::next(all.begin(), static_cast<std::ptrdiff_t>(random() % all.size()));
      EXPECT_TRUE(subscriptions.remove(gone->first));
      EXPECT_FALSE(subscriptions.remove(gone->first));
      all.erase(gone);
    }
    if (step % 10 != 0) continue;
    std::vector<Changed> changes(2, Changed{text(5), std::nullopt});
    changes[1].property = text(1);
    auto matches = subscriptions.match(changes);
    std::ranges::sort(matches);
    std::vector<Match> expected;
    for (const auto& [id, interest] : all)
      for (std::size_t i = 0; i < changes.size(); ++i)
        if (concerns(interest, changes[i])) expected.push_back({id, i});
    ASSERT_EQ(matches, expected);
    matched += matches.size();
  }
  EXPECT_GT(matched, 1000U);
  for (const auto& [id, interest] : all) EXPECT_TRUE(subscriptions.remove(id));
  EXPECT_EQ(subscriptions.size(), 0U);
}

TEST(Subscriptions, AreBounded) {
  Subscriptions subscriptions{2};
  const auto first = subscriptions.add({});
  EXPECT_TRUE(subscriptions.add({}));
  EXPECT_FALSE(subscriptions.add({}));
  EXPECT_TRUE(subscriptions.remove(*first));
  EXPECT_NE(subscriptions.add({}), first);
}

}  // namespace
}  // namespace hearth::graph_watch
