#include <gtest/gtest.h>

#include <hearth/names/registry.h>
#include <hearth/storage/memory_store.h>

namespace hearth::names {
namespace {

constexpr std::int64_t hour = 3600 * 1000;
constexpr std::int64_t day = 24 * hour;
constexpr Timestamp start{.ms = 1'800'000'000'000};

Timestamp after(std::int64_t ms) {
  return {.ms = start.ms + ms};
}

crypto::Ed25519PrivateKey key(char who) {
  Bytes seed(32, static_cast<std::byte>(who));
  return *crypto::Ed25519PrivateKey::from_seed(seed);
}
identity::RootId root(char who) {
  return identity::RootId{key(who).public_key()};
}
/// The host of a root, by default the lower-case letter's upper case.
peer::PeerId host(char who) {
  return peer::PeerId::from_public_key(key(who).public_key());
}

struct Record {
  identity::NameRecord record;
  Bytes bytes;
};
/// As the real thing: signed by the host that the root certified.
Record record(std::string name, char who, std::uint64_t sequence, std::int64_t lasts = 30 * day,
              std::uint64_t epoch = 1, char host_key = 0) {
  const char by = host_key != 0 ? host_key : static_cast<char>(who - 'a' + 'A');
  const identity::HostCertificate certificate{
      .root = root(who), .peer_id = host(by), .epoch = epoch, .not_before = 0};
  identity::NameRecord made{.name = std::move(name),
                            .root = root(who),
                            .sequence = sequence,
                            .expires = static_cast<std::uint64_t>(after(lasts).seconds()),
                            .host = certificate,
                            .host_certificate = certificate.sign(key(who))};
  Bytes bytes = made.sign(key(by));
  return {std::move(made), std::move(bytes)};
}

class Names : public ::testing::Test {
 protected:
  Result<Outcome, NameError> put(const Record& r, Timestamp now = start,
                                 std::string_view network = "n") {
    return registry_.put(now, network, r.record, r.bytes);
  }
  storage::MemoryStore store_;
  Registry registry_{store_, {}};
};

TEST_F(Names, ANameStaysBoundToItsRootThroughAWeekOffline) {
  EXPECT_EQ(put(record("alice", 'a', 1, day)), Outcome::claimed);
  ASSERT_TRUE(registry_.confirm(start, host('A')));
  const Timestamp later = after(8 * day);
  EXPECT_EQ(registry_.find(later, "alice").error(), NameError::no_such_name);  // its record is over
  EXPECT_EQ(put(record("alice", 'b', 9), later).error(), NameError::other_root);
  EXPECT_EQ(put(record("alice", 'a', 2), later), Outcome::renewed);
  EXPECT_EQ(registry_.find(later, "alice"), record("alice", 'a', 2).bytes);
}

TEST_F(Names, ReplayedAndSupersededRecordsAreRefused) {
  ASSERT_TRUE(put(record("alice", 'a', 5)));
  EXPECT_EQ(put(record("alice", 'a', 5)), Outcome::renewed);  // the same bytes: a lost answer
  EXPECT_EQ(put(record("alice", 'a', 5, 20 * day)).error(), NameError::lower_sequence);
  EXPECT_EQ(put(record("alice", 'a', 4)).error(), NameError::lower_sequence);
  EXPECT_EQ(put(record("alice", 'a', 6, day, 2, 'N')), Outcome::renewed);
  EXPECT_EQ(put(record("alice", 'a', 7)).error(), NameError::lower_epoch);
  EXPECT_TRUE(registry_.is_registered(start, host('N')));
  EXPECT_FALSE(registry_.is_registered(start, host('A')));
}

TEST_F(Names, OnlyARootsOwnTransferMovesItsName) {
  ASSERT_TRUE(put(record("alice", 'a', 1)));
  const Record next = record("alice", 'b', 2);
  const auto move = [&](char from, char to, std::uint64_t sequence) {
    return registry_.transfer(start, {"alice", root(from), root(to), sequence}, next.record,
                              next.bytes);
  };
  EXPECT_EQ(move('c', 'b', 2).error(), NameError::other_root);
  EXPECT_EQ(move('a', 'c', 2).error(), NameError::malformed);  // not the root of the record
  EXPECT_EQ(move('a', 'b', 3).error(), NameError::malformed);
  EXPECT_TRUE(move('a', 'b', 2));
  EXPECT_EQ(put(record("alice", 'a', 3)).error(), NameError::other_root);
  EXPECT_EQ(put(record("alice", 'b', 3)), Outcome::renewed);
}

TEST_F(Names, UnconfirmedClaimsLapseAfterADayAndConfirmedOnesDont) {
  ASSERT_TRUE(put(record("squat", 'a', 1)));
  EXPECT_EQ(put(record("squat", 'b', 1), after(23 * hour)).error(), NameError::other_root);
  EXPECT_EQ(put(record("squat", 'b', 1), after(25 * hour)), Outcome::claimed);
  ASSERT_TRUE(registry_.confirm(after(26 * hour), host('B')));
  EXPECT_EQ(put(record("squat", 'c', 1), after(400 * hour)).error(), NameError::other_root);
}

TEST_F(Names, ANetworkClaimsSoManyADayAndRenewsFreely) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(put(record("name-" + std::to_string(i), 'a', 1)));
  EXPECT_EQ(put(record("one-more", 'a', 1)).error(), NameError::limited);
  EXPECT_TRUE(put(record("one-more", 'a', 1), start, "elsewhere"));
  EXPECT_TRUE(put(record("name-0", 'a', 2)));
  EXPECT_TRUE(put(record("tomorrow", 'a', 1), after(day)));
}

TEST_F(Names, InviteOnlyTakesNoNewNamesButRenews) {
  ASSERT_TRUE(put(record("alice", 'a', 1)));
  Registry closed{store_, {.invite_only = true}};
  const Record newbie = record("newbie", 'b', 1);
  EXPECT_EQ(closed.put(start, "n", newbie.record, newbie.bytes).error(), NameError::invite_only);
  const Record renewal = record("alice", 'a', 2);
  EXPECT_EQ(closed.put(start, "n", renewal.record, renewal.bytes), Outcome::renewed);
}

TEST_F(Names, RefusesExpiredAndEndlessRecords) {
  EXPECT_EQ(put(record("alice", 'a', 1, 0)).error(), NameError::expired);
  EXPECT_EQ(put(record("alice", 'a', 1, 500 * day)).error(), NameError::expired);
}

TEST_F(Names, EverythingIsFoundAgainInTheStore) {
  ASSERT_TRUE(put(record("alice", 'a', 1)));
  Registry again{store_, {}};
  EXPECT_EQ(again.find(start, "alice"), record("alice", 'a', 1).bytes);
  const Record thief = record("alice", 'b', 9);
  EXPECT_EQ(again.put(start, "n", thief.record, thief.bytes).error(), NameError::other_root);
}

}  // namespace
}  // namespace hearth::names
