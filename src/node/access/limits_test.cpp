// What guards the ways in: guesses, the console's code, pairings, waiting things, tokens.

#include <random>
#include <string>

#include <gtest/gtest.h>

#include <hearth/access/guess_limiter.h>
#include <hearth/access/pairings.h>
#include <hearth/access/pending.h>
#include <hearth/access/sessions.h>
#include <hearth/access/setup_gate.h>
#include <hearth/base/seeded_entropy_for_test.h>

namespace hearth::access {
namespace {

using namespace std::chrono_literals;
using identity::DeviceId;
using identity::PersonaId;
using identity::SetupCode;

crypto::Ed25519PublicKey key(int seed) {
  Bytes bytes(32);
  bytes[0] = static_cast<std::byte>(seed & 0xff);
  bytes[1] = static_cast<std::byte>(seed >> 8 & 0xff);
  return crypto::Ed25519PrivateKey::from_seed(bytes).value().public_key();
}
const PersonaId anna{key(1)};
const PersonaId ben{key(2)};
constexpr Instant start{1000h};

TEST(BackOff, A10FiveAtOnceThenDoublingWaits) {
  BackOff back_off;
  Instant now = start;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(back_off.wait(now), 0s);
    back_off.count(now);
  }
  for (Duration wait = 2s; wait <= 32s; wait *= 2) {
    EXPECT_EQ(back_off.wait(now), wait);
    EXPECT_EQ(back_off.wait(now + wait - 1ns), 1ns);
    now += wait;
    EXPECT_EQ(back_off.wait(now), 0s);
    back_off.count(now);
  }
  // That were ten: the hour since the first has to pass.
  EXPECT_EQ(back_off.wait(now), start + 1h - now);
}

TEST(BackOff, S8NeverMoreThanTenInAnyHourHoweverTheyAreSpread) {
  std::mt19937 random{8};
  for (int round = 0; round < 200; ++round) {
    BackOff back_off;
    std::vector<Instant> answered;
    Instant now = start;
    while (answered.size() < 60) {
      now += std::chrono::seconds{random() % (round < 100 ? 60 : 1800)};
      // Bursts after a long rest are what a schedule of steps alone would let through.
      if (random() % 16 == 0) now += std::chrono::hours{random() % 8};
      if (back_off.wait(now) > 0s) continue;
      back_off.count(now);
      answered.push_back(now);
    }
    for (std::size_t i = 10; i < answered.size(); ++i)
      ASSERT_GE(answered[i] - answered[i - 10], 1h) << "round " << round;
  }
}

TEST(BackOff, FallsBackByOneStepAnHour) {
  BackOff back_off;
  for (int i = 0; i < 8; ++i) back_off.count(start);  // the next waits 16 s
  EXPECT_EQ(back_off.wait(start), 16s);
  // A guess an hour later takes the hour's step back, and so leaves things as they were.
  back_off.count(start + 1h);
  EXPECT_EQ(back_off.wait(start + 1h), 16s);
  // Parts of hours go on counting across guesses.
  EXPECT_EQ(back_off.wait(start + 2h), 0s);
  back_off.count(start + 2h + 30min);
  EXPECT_EQ(back_off.wait(start + 2h + 30min), 16s);
  EXPECT_FALSE(back_off.idle(start + 9h));
  EXPECT_TRUE(back_off.idle(start + 10h));
}

TEST(BackOff, NeverWaitsLongerThanAnHourAndRecovers) {
  BackOff back_off;
  for (int i = 0; i < 1000; ++i) back_off.count(start);
  EXPECT_EQ(back_off.wait(start), 1h);
  EXPECT_TRUE(back_off.idle(start + 16h));
}

// S8: whatever a guesser tries, it gets few answers.
TEST(GuessLimiter, S8AHundredThousandTriesInAnHourGetTenAnswers) {
  GuessLimiter limiter;
  int first_hour = 0;
  int later = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Instant now = start + i * 36ms;
    first_hour += limiter.guess(anna, now).has_value();
  }
  for (int i = 0; i < 1'000'000; ++i) {
    const Instant now = start + 1h + i * 36ms;
    later += limiter.guess(anna, now).has_value();
  }
  EXPECT_LE(first_hour, 10);
  EXPECT_LE(later, 20);  // ten hours
}

TEST(GuessLimiter, S8OnePersonasGuesserDoesNotStopAnother) {
  GuessLimiter limiter;
  while (limiter.guess(anna, start)) {
  }
  EXPECT_TRUE(limiter.guess(ben, start));
}

TEST(GuessLimiter, A10InAllFiftyAtOnceThenOneAMinute) {
  GuessLimiter limiter;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(limiter.guess(PersonaId{key(i)}, start)) << i;
  const auto refused = limiter.guess(PersonaId{key(99)}, start);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry_after, 1min);
  EXPECT_TRUE(limiter.guess(PersonaId{key(99)}, start + 1min));
  EXPECT_FALSE(limiter.guess(PersonaId{key(98)}, start + 1min));
  int answered = 0;
  for (int i = 0; i < 3600; ++i)
    answered += limiter.guess(PersonaId{key(100 + i)}, start + 1min + i * 1s).has_value();
  EXPECT_EQ(answered, 59);
}

TEST(GuessLimiter, WhoKnowsThePasswordIsNotCounted) {
  GuessLimiter limiter;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limiter.guess(anna, start)) << i;
    limiter.verified(anna, start);
  }
  EXPECT_EQ(limiter.tracked(), 0u);
  // But it takes back its own guess alone, not a stranger's.
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(limiter.guess(anna, start));
  EXPECT_FALSE(limiter.guess(anna, start + 1s));
  ASSERT_TRUE(limiter.guess(anna, start + 2s));
  limiter.verified(anna, start + 2s);
  EXPECT_FALSE(limiter.guess(anna, start + 3s));
}

TEST(GuessLimiter, NamesWithoutEndTakeNoMemoryWithoutEnd) {
  GuessLimiter limiter;
  Instant now = start;
  for (int i = 0; i < 3000; ++i) {
    (void)limiter.guess(PersonaId{key(i)}, now);
    now += 20s;
  }
  EXPECT_LE(limiter.tracked(), GuessLimiter::max_personas);
}

class SetupGateTest : public testing::Test {
 protected:
  SeededEntropy entropy;
  SetupGate gate{entropy, /*claimed=*/false};
  Instant now = start;
  SetupCode other() { return SetupCode::generate(entropy); }
};

TEST_F(SetupGateTest, D1TheCodeOpensAndOthersDoNot) {
  const SetupCode code = *gate.code();
  EXPECT_EQ(gate.check(other(), now).error(), SetupError::wrong_code);
  EXPECT_TRUE(gate.check(code, now));
}

TEST_F(SetupGateTest, D1RefusedForEverOnceThereIsAnOwner) {
  const SetupCode code = *gate.code();
  gate.close();
  EXPECT_FALSE(gate.code());
  EXPECT_EQ(gate.check(code, now).error(), SetupError::closed);
  EXPECT_EQ(gate.wrong(now), SetupError::closed);
  EXPECT_FALSE((SetupGate{entropy, /*claimed=*/true}.code()));
}

TEST_F(SetupGateTest, TenWrongTriesMakeANewCode) {
  const SetupCode first = *gate.code();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(gate.check(other(), now).error(), SetupError::wrong_code);
  EXPECT_FALSE(gate.take_changed());
  EXPECT_EQ(gate.check(other(), now).error(), SetupError::wrong_code);
  EXPECT_TRUE(gate.take_changed());
  EXPECT_FALSE(gate.take_changed());
  EXPECT_FALSE(gate.code()->matches(first));
  now += 1min;
  EXPECT_EQ(gate.check(first, now).error(), SetupError::wrong_code);
  EXPECT_TRUE(gate.check(*gate.code(), now));
}

TEST_F(SetupGateTest, TriesAreOneASecondAfterTheFirstTen) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gate.check(other(), now).error(), SetupError::wrong_code);
  EXPECT_EQ(gate.check(*gate.code(), now).error(), SetupError::rate_limited);
  EXPECT_TRUE(gate.check(*gate.code(), now + 1s));
  EXPECT_EQ(gate.check(*gate.code(), now + 1s).error(), SetupError::rate_limited);
}

class PairingsTest : public testing::Test {
 protected:
  Pairings pairings;
  static Pairing pairing(int seed, const PersonaId& persona = anna, int by = 50) {
    return {.key = key(seed), .persona = persona, .made_by = DeviceId{key(by)}, .expires = 600};
  }
};

TEST_F(PairingsTest, WorksOnce) {
  ASSERT_TRUE(pairings.open(pairing(10), start));
  EXPECT_EQ((*pairings.find(key(10), start))->persona, anna);
  pairings.use(key(10));
  EXPECT_EQ(pairings.find(key(10), start).error(), PairingError::used);
  EXPECT_TRUE(pairings.open_of(anna, start).empty());
}

TEST_F(PairingsTest, WorksForTenMinutesAndTellsWhyNotAfterwards) {
  ASSERT_TRUE(pairings.open(pairing(10), start));
  EXPECT_TRUE(pairings.find(key(10), start + 10min - 1ns));
  EXPECT_EQ(pairings.find(key(10), start + 10min).error(), PairingError::expired);
  ASSERT_TRUE(pairings.open(pairing(11), start + 2h));
  EXPECT_EQ(pairings.find(key(10), start + 2h).error(), PairingError::not_found);
}

TEST_F(PairingsTest, ClosesForItsPersonaAlone) {
  ASSERT_TRUE(pairings.open(pairing(10), start));
  EXPECT_EQ(pairings.close(key(10), ben, start).error(), PairingError::not_found);
  EXPECT_TRUE(pairings.close(key(10), anna, start));
  EXPECT_EQ(pairings.find(key(10), start).error(), PairingError::not_found);
}

TEST_F(PairingsTest, ARevokedDevicesPairingsGoWithIt) {
  ASSERT_TRUE(pairings.open(pairing(10, anna, 50), start));
  ASSERT_TRUE(pairings.open(pairing(11, anna, 51), start));
  pairings.close_made_by(DeviceId{key(50)});
  EXPECT_EQ(pairings.open_of(anna, start).size(), 1u);
  pairings.close_all_of(anna);
  EXPECT_TRUE(pairings.open_of(anna, start).empty());
}

TEST_F(PairingsTest, AreBounded) {
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(pairings.open(pairing(10 + i), start));
  EXPECT_EQ(pairings.open(pairing(40), start).error(), PairingError::too_many);
  EXPECT_TRUE(pairings.open(pairing(41, ben), start));
  EXPECT_TRUE(pairings.open(pairing(40), start + 10min));
}

class PendingTest : public testing::Test {
 protected:
  SeededEntropy entropy;
  Pending<std::string> pending{{.lifetime = 1min, .per_owner = 2, .in_all = 4}};
  PendingId add(std::string_view owner, std::string thing, Instant now = start) {
    return pending.add(as_bytes(owner), std::move(thing), entropy, now);
  }
  auto take(const PendingId& id, std::string_view owner, Instant now = start) {
    return pending.take(id, as_bytes(owner), now);
  }
};

TEST_F(PendingTest, IsTakenOnceByItsOwnerInTime) {
  const auto a = add("anna", "a");
  EXPECT_FALSE(take(a, "ben"));
  EXPECT_EQ(take(a, "anna"), "a");
  EXPECT_FALSE(take(a, "anna"));
  const auto b = add("anna", "b");
  EXPECT_FALSE(take(b, "anna", start + 1min));
  EXPECT_EQ(pending.size(), 0u);
}

TEST_F(PendingTest, AnOwnerWithTooManyLosesItsOwnOldest) {
  const auto bens = add("ben", "b");
  const auto first = add("anna", "1");
  const auto second = add("anna", "2");
  const auto third = add("anna", "3");
  EXPECT_FALSE(take(first, "anna"));
  EXPECT_TRUE(take(second, "anna"));
  EXPECT_TRUE(take(third, "anna"));
  EXPECT_TRUE(take(bens, "ben"));
}

TEST_F(PendingTest, TheNewestIsTakenWithoutItsId) {
  add("anna", "1");
  add("anna", "2");
  add("ben", "3");
  EXPECT_EQ(pending.take_newest(as_bytes("anna"), start), "2");
  EXPECT_EQ(pending.take_newest(as_bytes("anna"), start), "1");
  EXPECT_FALSE(pending.take_newest(as_bytes("anna"), start));
  EXPECT_FALSE(pending.take_newest(as_bytes("ben"), start + 1min));
}

TEST_F(PendingTest, IsBoundedInAll) {
  for (int i = 0; i < 100; ++i) add("owner " + std::to_string(i), "x");
  EXPECT_EQ(pending.size(), 4u);
}

TEST_F(PendingTest, WhoAsksForManyTakesThePlaceOfItsOwnKind) {
  const auto annas = add("anna", "a");
  for (int i = 0; i < 100; ++i) add("eve " + std::to_string(i % 2), "x");
  EXPECT_EQ(pending.size(), 4u);
  EXPECT_EQ(take(annas, "anna"), "a");
}

class SessionsTest : public testing::Test {
 protected:
  SeededEntropy entropy;
  Sessions sessions;
  const DeviceId phone{key(60)};
  const DeviceId laptop{key(61)};
};

TEST_F(SessionsTest, ATokenNamesItsDeviceForTwelveHours) {
  const auto token = sessions.open(phone, entropy, start);
  EXPECT_EQ(token.size(), 43u);
  EXPECT_EQ(sessions.device(token, start + 12h - 1ns), phone);
  EXPECT_FALSE(sessions.device(token, start + 12h));
  EXPECT_FALSE(sessions.device(token + "A", start));
  EXPECT_FALSE(sessions.device("", start));
  EXPECT_FALSE(sessions.device(std::string(43, 'A'), start));
}

TEST_F(SessionsTest, ARevokedDevicesTokensAreWorthNothing) {
  const auto token = sessions.open(phone, entropy, start);
  const auto other = sessions.open(laptop, entropy, start);
  sessions.close(phone);
  EXPECT_FALSE(sessions.device(token, start));
  EXPECT_TRUE(sessions.device(other, start));
}

TEST_F(SessionsTest, ADeviceWithTooManyLosesItsOldest) {
  const auto other = sessions.open(laptop, entropy, start);
  const auto first = sessions.open(phone, entropy, start);
  std::string last;
  for (int i = 1; i <= 16; ++i) last = sessions.open(phone, entropy, start + i * 1s);
  EXPECT_FALSE(sessions.device(first, start + 20s));
  EXPECT_TRUE(sessions.device(last, start + 20s));
  EXPECT_TRUE(sessions.device(other, start + 20s));
}

}  // namespace
}  // namespace hearth::access
