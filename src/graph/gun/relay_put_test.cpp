#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/gun/relay_for_test.h>
#include <hearth/gun/sea_vectors_for_test.h>
#include <hearth/gun/signature_scan.h>

namespace hearth::gun {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(RelayTest, AcknowledgesOnlyWhatIsDurable) {
  start();
  const ConnectionId id = join();
  say(id, put("p1", "s", "a", R"("x")"));
  EXPECT_THAT(heard(id), IsEmpty());
  commit();
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p1")"), HasSubstr(R"("ok":true)")));
  restart();
  const ConnectionId other = join();
  say(other, get("g1", "s"));
  EXPECT_THAT(heard_all(other), HasSubstr(R"("put":{"s":{"_":{"#":"s",">":{"a":1000}},"a":"x"}})"));
}

TEST_F(RelayTest, AcknowledgesWhatIsStaleOrTheSameButNoSoonerThanWhatWon) {
  start();
  const ConnectionId id = join();
  say(id, put("p1", "s", "a", "2", 5));
  say(id, put("p2", "s", "a", "1", 4));
  say(id, put("p3", "s", "a", "2", 5));
  EXPECT_THAT(heard(id), IsEmpty());
  commit();
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p1")"), HasSubstr(R"("@":"p2")"),
                                   HasSubstr(R"("@":"p3")"), Not(HasSubstr("err"))));
  say(id, put("p4", "s", "a", "1", 4));
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p4")"), HasSubstr(R"("ok":true)")));
}

TEST_F(RelayTest, RefusesInvalidGraphsWithAnErrorAndTakesNothingOfThem) {
  start();
  const ConnectionId id = join();
  const std::vector<std::string> bad{
      R"({"#":"b","put":1})",
      R"({"#":"b","put":{"s":null}})",
      R"({"#":"b","put":{"s":{"a":1}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"t",">":{"a":1}},"a":1}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s"},"a":1}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"a":1}},"a":1,"b":2}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"a":"1"}},"a":1}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"a":1}},"a":[1]}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"a":1}},"a":{"b":1}}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"a":1}},"a":"\ud800"}}})",
      R"({"#":"b","put":{"":{"_":{"#":"",">":{"a":1}},"a":1}}})",
      R"({"#":"b","put":{"s":{"_":{"#":"s",">":{"":1}},"":1}}})",
      R"({"#":"b","put":{"good":{"_":{"#":"good",">":{"a":1}},"a":1},"s":{"a":1}}})",
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    std::string frame = bad[i];
    frame.replace(frame.find("\"b\""), 3, "\"b" + std::to_string(i) + "\"");
    say(id, frame);
    EXPECT_THAT(heard_all(id),
                AllOf(HasSubstr("\"@\":\"b" + std::to_string(i) + "\""), HasSubstr(R"("err":")")))
        << frame;
  }
  EXPECT_EQ(relay->poll_commit(), std::nullopt);
  EXPECT_EQ(relay->counters().refused_puts, bad.size());
}

TEST_F(RelayTest, PropertyNamesAreDataWhateverJavaScriptCallsThem) {
  start();
  const ConnectionId id = join();
  say(id,
      R"({"#":"p","put":{"s":{"_":{"#":"s",">":{"hasOwnProperty":1,"__proto__":1,"toString":1}},)"
      R"("hasOwnProperty":1,"__proto__":2,"toString":3}}})");
  commit();
  EXPECT_THAT(heard_all(id), HasSubstr(R"("ok":true)"));
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), HasSubstr(R"("__proto__":2,"hasOwnProperty":1,"toString":3)"));
}

// With sequential ids of varying width gun's own relay drops some: "x1" + "0" is "x10".
TEST_F(RelayTest, LosesNoPutToItsOwnIds) {
  start();
  const ConnectionId id = join();
  std::string batch;
  for (int i = 0; i < 50; ++i)
    batch += (i > 0 ? "," : "[") + put("x" + std::to_string(i), "s" + std::to_string(i), "a", "1");
  say(id, batch + "]");
  commit();
  const std::string all = heard_all(id);
  for (int i = 0; i < 50; ++i) EXPECT_THAT(all, HasSubstr("\"@\":\"x" + std::to_string(i) + "\""));
}

TEST_F(RelayTest, PassesOverWhatOneConnectionRepeatsFor9Seconds) {
  start();
  const ConnectionId id = join();
  const ConnectionId other = join();
  say(id, get("g", "s"));
  say(id, get("g", "s"));
  EXPECT_THAT(heard(id), SizeIs(1));
  say(other, get("g", "s"));  // ids of others are others' ids
  EXPECT_THAT(heard(other), SizeIs(1));
  EXPECT_EQ(relay->counters().repeated, 1u);
  pass(std::chrono::seconds{9});
  heard(id);
  say(id, R"({"#":"x","dam":"hi"})");
  say(id, get("h", "s"));
  pass(std::chrono::seconds{9});
  heard(id);
  say(id, get("i", "s"));
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), HasSubstr(R"("@":"g")"));
}

TEST_F(RelayTest, AStaleWriteAfterARestartDoesNotWin) {
  start();
  say(join(), put("p", "s", "a", "\"new\"", 2000));
  commit();
  restart();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "\"old\"", 1000));
  commit();
  heard(id);
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), HasSubstr("\"new\""));
}

TEST_F(RelayTest, AWriteOfTheFutureIsAcknowledgedInvisibleAndSurvivesARestart) {
  start();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "\"later\"", at.wall_ms + 60'000));
  EXPECT_THAT(heard(id), IsEmpty());
  commit();
  EXPECT_THAT(heard_all(id), HasSubstr(R"("ok":true)"));
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), Not(HasSubstr("later")));
  restart();
  const ConnectionId reader = join();
  say(reader, get("g", "s"));
  heard(reader);
  ASSERT_TRUE(relay->deadline());
  pass(std::chrono::milliseconds{59'000});
  heard(reader);
  pass(std::chrono::milliseconds{1'001});
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard_all(reader), HasSubstr("\"later\""));
  commit();
  EXPECT_EQ(store.size(), 1u);  // the deferred record is gone
}

TEST_F(RelayTest, AWriteMoreThanADayAheadIsRefused) {
  start();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "1", at.wall_ms + 24.1 * 3600 * 1000));
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p")"), HasSubstr("clock")));
}

TEST_F(RelayTest, TheWritesThatMayWaitAreBounded) {
  start({.deferred = 2});
  const ConnectionId id = join();
  for (int i = 0; i < 3; ++i)
    say(id, put("p" + std::to_string(i), "s", "a", "1", at.wall_ms + 1000 + i));
  commit();
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p0","ok")"), HasSubstr(R"("@":"p1","ok")"),
                                   HasSubstr(R"("@":"p2","err")")));
}

TEST_F(RelayTest, AFailedCommitIsAnErrorForAllThatWaitedAndChangesNothing) {
  start();
  const ConnectionId id = join();
  say(id, put("p0", "s", "a", "\"before\"", 1));
  commit();
  say(id, get("g0", "s"));
  heard(id);
  say(id, put("p1", "s", "a", "\"lost\"", 2));
  const auto batch = relay->poll_commit();
  ASSERT_TRUE(batch);
  say(id, put("p2", "s", "b", "\"lost\"", 2));
  say(id, get("g1", "s"));
  EXPECT_THAT(heard(id), IsEmpty());
  relay->commit_failed(StoreError::full, at);
  collect();
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"p1","err":"The disk is full.")"),
                                   HasSubstr(R"("@":"p2","err")"), HasSubstr(R"("@":"g1","err")"),
                                   Not(HasSubstr("ok"))));
  say(id, get("g2", "s"));
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr("before"), Not(HasSubstr("lost"))));
}

TEST_F(RelayTest, RefusesForgedWritesToAUsersSoulAndTakesGenuineOnes) {
  at.wall_ms = 1795269100000;
  start();
  const ConnectionId id = join();
  int allowed = 0, refused = 0;
  std::vector<std::string> said;
  for (const SeaVector& vector : sea_vectors) {
    if (vector.expected == Expected::the_block || vector.expected == Expected::blocked ||
        vector.name.find('"') != std::string_view::npos)
      continue;
    std::string state = "0.1";
    if (vector.state > 1) {
      std::array<char, 40> digits;
      state = std::string{digits.data(), static_cast<std::size_t>(std::snprintf(
                                             digits.data(), digits.size(), "%.17g", vector.state))};
    }
    said.push_back(fmt(
        R"({"#":"$","put":{"$":{"_":{"#":"$",">":{"$":$}},"$":$}}})",
        std::vector<std::string>{"v" + std::to_string(allowed + refused), std::string{vector.soul},
                                 std::string{vector.soul}, std::string{vector.name}, state,
                                 std::string{vector.name}, std::string{vector.json}}));
    say(id, said.back());
    commit();
    const std::string all = heard_all(id);
    if (vector.expected == Expected::allowed) {
      ++allowed;
      EXPECT_THAT(all, HasSubstr(R"("ok":true)")) << vector.json;
    } else {
      ++refused;
      EXPECT_THAT(all, HasSubstr(R"("err")")) << vector.json;
    }
  }
  EXPECT_GT(allowed, 10);
  EXPECT_GT(refused, 10);
  EXPECT_GT(relay->counters().verifications, 20u);

  // The same on another relay, which was told of every signature and looks at none.
  start();
  const ConnectionId again = join();
  SignatureScan scan{said, at.wall_ms};
  Sea elsewhere;
  int turns = 1;
  while (scan.step(elsewhere, 3)) ++turns;
  EXPECT_GT(turns, 5);
  relay->note_signatures(scan.take());
  int accepted = 0;
  for (const std::string& frame : said) {
    EXPECT_TRUE(may_be_signed(frame) || frame.find("~@") != std::string::npos ||
                frame.find("\\") == std::string::npos)
        << frame;
    say(again, frame);
    commit();
    if (heard_all(again).find(R"("ok":true)") != std::string::npos) ++accepted;
  }
  EXPECT_EQ(accepted, allowed);
  EXPECT_EQ(relay->counters().verifications, 0u);
}

// Made by SEA: a write under a certificate that names a block, of a state in the future.
TEST_F(RelayTest, LooksForBlocksOfWritesForLaterToo) {
  const SeaVector* vector = nullptr;
  for (const SeaVector& each : sea_vectors)
    if (each.expected == Expected::blocked) vector = &each;
  ASSERT_NE(vector, nullptr);
  at.wall_ms = vector->state - 1000;
  start();
  const ConnectionId id = join();
  say(id, fmt(R"({"#":"$","put":{"$":{"_":{"#":"$",">":{"$":1795269020000.001}},"$":$}}})",
              {"p", vector->soul, vector->soul, vector->name, vector->name, vector->json}));
  commit();
  EXPECT_THAT(heard_all(id), HasSubstr(R"("ok":true)"));
}

// Whatever order messages come in, with crashes between them: what was acknowledged is there, and
// what is there is what HAM says of some of the messages that were sent.
TEST_F(RelayTest, LosesNothingAcknowledgedToCrashes) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random{seed};
    SeededEntropy power{seed};
    store = {};
    start();
    ConnectionId id = join();
    std::map<std::string, int> sent, acknowledged;
    int next = 0;
    std::optional<graph_store::Batch> in_flight;
    std::map<std::string, std::string> name_of;
    for (int step = 0; step < 150; ++step) {
      switch (random() % 8) {
        case 0: {
          if (in_flight) {
            ASSERT_TRUE(store.write(*in_flight));
            ASSERT_TRUE(store.sync());
            in_flight.reset();
            relay->committed(at);
            collect();
          } else {
            in_flight = relay->poll_commit();
          }
          break;
        }
        case 1:
          if (random() % 4 == 0) {
            if (in_flight && random() % 2 == 0) {
              ASSERT_TRUE(store.write(*in_flight));
            }
            store.crash(power);
            in_flight.reset();
            start();
            frames.clear();
            id = join();
          }
          break;
        default: {
          const std::string name = "n" + std::to_string(random() % 10);
          const std::string message = "p" + std::to_string(next);
          name_of[message] = name;
          say(id, put(message, "s", name, std::to_string(next), next));
          sent[name] = next++;
        }
      }
      for (const std::string& frame : heard(id))
        for (std::size_t place = frame.find(R"("@":"p)"); place != std::string::npos;
             place = frame.find(R"("@":"p)", place + 1)) {
          const int number = std::stoi(frame.substr(place + 6));
          int& newest = acknowledged[name_of["p" + std::to_string(number)]];
          newest = std::max(newest, number);
        }
    }
    store.crash(power);
    start();
    id = join();
    say(id, get("g", "s"));
    const std::string all = heard_all(id);
    for (const auto& [name, number] : acknowledged) {
      const std::size_t place = all.rfind("\"" + name + "\":");
      ASSERT_NE(place, std::string::npos) << seed;
      const int held = std::stoi(all.substr(place + name.size() + 3));
      ASSERT_GE(held, number) << seed << " " << name;
      ASSERT_LE(held, sent[name]) << seed;
    }
  }
}

TEST(SignatureScan, SeesThatAFrameMayBeSignedHoweverItIsEscaped) {
  EXPECT_TRUE(may_be_signed(R"({"put":{"~a.b":{"x":"{\":\":1,\"~\":\"s\"}"}}})"));
  EXPECT_TRUE(may_be_signed(R"({"put":{"\u007ea.b":{"x":"{\u0022"}}})"));
  EXPECT_TRUE(may_be_signed(R"({"put":{"\u007Ea.b":{"x":"{\u0022"}}})"));
  EXPECT_FALSE(may_be_signed(R"({"get":{"#":"~a.b"}})"));
  EXPECT_FALSE(may_be_signed(R"({"put":{"a":{"x":"a \"quote\""}}})"));
}

}  // namespace
}  // namespace hearth::gun
