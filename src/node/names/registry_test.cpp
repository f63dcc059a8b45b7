#include <gtest/gtest.h>

#include <hearth/names/registry.h>

namespace hearth::names {
namespace {

constexpr std::int64_t hour = 3600 * 1000;
constexpr std::int64_t day = 24 * hour;
constexpr Timestamp start{.ms = 1'800'000'000'000};

Timestamp after(std::int64_t ms) {
  return {.ms = start.ms + ms};
}
RootKey root(char c) {
  RootKey key;
  key.fill(static_cast<std::byte>(c));
  return key;
}
Claim claim(std::string name, char who, std::uint64_t sequence, std::int64_t lasts = 30 * day) {
  return {.name = std::move(name),
          .root = root(who),
          .peer_id = to_bytes(std::string("host-") + who),
          .epoch = 1,
          .sequence = sequence,
          .expires = after(lasts)};
}

class Names : public ::testing::Test {
 protected:
  Result<Outcome, NameError> put(const Claim& c, Timestamp now = start,
                                 std::string_view network = "n") {
    return registry_.put(now, network, c, as_bytes(c.name + std::to_string(c.sequence)));
  }
  storage::MemoryStore store_;
  Registry registry_{store_, {}};
};

TEST(Name, IsShortLowerCaseAndWithoutOuterHyphens) {
  for (const auto* good : {"abc", "a-1", "0123456789abcdef0123456789abcdef"})
    EXPECT_TRUE(is_name(good));
  for (const auto* bad :
       {"", "ab", "-ab", "ab-", "Abc", "a.b", "a b", "äbc", "0123456789abcdef0123456789abcdefx"})
    EXPECT_FALSE(is_name(bad)) << bad;
}

TEST_F(Names, ANameStaysBoundToItsRootThroughAWeekOffline) {
  EXPECT_EQ(put(claim("alice", 'a', 1, day)), Outcome::claimed);
  ASSERT_TRUE(registry_.confirm(start, as_bytes("host-a")));
  const Timestamp later = after(8 * day);
  EXPECT_EQ(registry_.find(later, "alice").error(), NameError::no_such_name);  // its record is over
  EXPECT_EQ(put(claim("alice", 'b', 9), later).error(), NameError::other_root);
  EXPECT_EQ(put(claim("alice", 'a', 2), later), Outcome::renewed);
  EXPECT_EQ(to_text(*registry_.find(later, "alice")), "alice2");
}

TEST_F(Names, ReplayedAndSupersededRecordsAreRefused) {
  ASSERT_TRUE(put(claim("alice", 'a', 5)));
  EXPECT_EQ(put(claim("alice", 'a', 5)), Outcome::renewed);  // the same bytes: a lost answer
  Claim other = claim("alice", 'a', 5);
  EXPECT_EQ(registry_.put(start, "n", other, as_bytes("other")).error(), NameError::lower_sequence);
  EXPECT_EQ(put(claim("alice", 'a', 4)).error(), NameError::lower_sequence);
  Claim moved = claim("alice", 'a', 6);
  moved.epoch = 2;
  moved.peer_id = to_bytes("host-new");
  EXPECT_EQ(put(moved), Outcome::renewed);
  EXPECT_EQ(put(claim("alice", 'a', 7)).error(), NameError::lower_epoch);
  EXPECT_TRUE(registry_.is_registered(start, as_bytes("host-new")));
  EXPECT_FALSE(registry_.is_registered(start, as_bytes("host-a")));
}

TEST_F(Names, OnlyARootsOwnTransferMovesItsName) {
  ASSERT_TRUE(put(claim("alice", 'a', 1)));
  const Claim next = claim("alice", 'b', 2);
  const auto move = [&](char from, char to, std::uint64_t sequence) {
    return registry_.transfer(start, {"alice", root(from), root(to), sequence}, next,
                              as_bytes("r"));
  };
  EXPECT_EQ(move('c', 'b', 2).error(), NameError::other_root);
  EXPECT_EQ(move('a', 'c', 2).error(), NameError::malformed);  // not the root of the record
  EXPECT_EQ(move('a', 'b', 3).error(), NameError::malformed);
  EXPECT_TRUE(move('a', 'b', 2));
  EXPECT_EQ(put(claim("alice", 'a', 3)).error(), NameError::other_root);
  EXPECT_EQ(put(claim("alice", 'b', 3)), Outcome::renewed);
}

TEST_F(Names, UnconfirmedClaimsLapseAfterADayAndConfirmedOnesDont) {
  ASSERT_TRUE(put(claim("squat", 'a', 1)));
  EXPECT_EQ(put(claim("squat", 'b', 1), after(23 * hour)).error(), NameError::other_root);
  EXPECT_EQ(put(claim("squat", 'b', 1), after(25 * hour)), Outcome::claimed);
  ASSERT_TRUE(registry_.confirm(after(26 * hour), as_bytes("host-b")));
  EXPECT_EQ(put(claim("squat", 'c', 1), after(400 * hour)).error(), NameError::other_root);
}

TEST_F(Names, ANetworkClaimsSoManyADayAndRenewsFreely) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(put(claim("name-" + std::to_string(i), 'a', 1)));
  EXPECT_EQ(put(claim("one-more", 'a', 1)).error(), NameError::limited);
  EXPECT_TRUE(put(claim("one-more", 'a', 1), start, "elsewhere"));
  EXPECT_TRUE(put(claim("name-0", 'a', 2)));
  EXPECT_TRUE(put(claim("tomorrow", 'a', 1), after(day)));
}

TEST_F(Names, InviteOnlyTakesNoNewNamesButRenews) {
  ASSERT_TRUE(put(claim("alice", 'a', 1)));
  Registry closed{store_, {.invite_only = true}};
  EXPECT_EQ(closed.put(start, "n", claim("newbie", 'b', 1), as_bytes("r")).error(),
            NameError::invite_only);
  EXPECT_EQ(closed.put(start, "n", claim("alice", 'a', 2), as_bytes("r")), Outcome::renewed);
}

TEST_F(Names, RefusesExpiredAndEndlessRecords) {
  EXPECT_EQ(put(claim("alice", 'a', 1, 0)).error(), NameError::expired);
  EXPECT_EQ(put(claim("alice", 'a', 1, 500 * day)).error(), NameError::expired);
}

TEST_F(Names, EverythingIsFoundAgainInTheStore) {
  ASSERT_TRUE(put(claim("alice", 'a', 1)));
  Registry again{store_, {}};
  EXPECT_EQ(to_text(*again.find(start, "alice")), "alice1");
  EXPECT_EQ(again.put(start, "n", claim("alice", 'b', 9), as_bytes("r")).error(),
            NameError::other_root);
}

}  // namespace
}  // namespace hearth::names
