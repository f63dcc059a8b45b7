#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/graph_store/faulty_store.h>
#include <hearth/gun/relay.h>
#include <hearth/gun/sea_vectors_for_test.h>
#include <hearth/gun/signature_scan.h>

namespace hearth::gun {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(random_());
  }

 private:
  std::mt19937_64 random_;
};

const IpAddress somewhere = IpAddress::v4({192, 0, 2, 1});

/// A relay on a store that commits when told.
class RelayTest : public testing::Test {
 protected:
  void start(Limits limits = {}) { relay.emplace(store, limits, entropy, at); }
  void restart() {
    SeededEntropy power{7};
    store.crash(power);
    start();
    frames.clear();
  }

  ConnectionId join(const IpAddress& address = somewhere) {
    const ConnectionId id = *relay->connect(address, at);
    collect();
    frames[id].clear();
    return id;
  }
  void say(ConnectionId id, const std::string& frame) {
    relay->receive(id, frame, at);
    collect();
  }
  void commit() {
    if (const auto batch = relay->poll_commit()) {
      ASSERT_TRUE(store.write(*batch));
      ASSERT_TRUE(store.sync());
      relay->committed(at);
    }
    collect();
  }
  void pass(std::chrono::milliseconds time) {
    at.now += time;
    at.wall_ms += static_cast<double>(time.count());
    relay->advance(at);
    collect();
  }
  void collect() {
    while (const auto id = relay->poll_ready())
      while (true) {
        std::string frame = relay->next_frame(*id, at);
        if (frame.empty()) break;
        frames[*id].push_back(std::move(frame));
      }
  }
  std::vector<std::string> heard(ConnectionId id) { return std::exchange(frames[id], {}); }
  std::string heard_all(ConnectionId id) {
    std::string all;
    for (const std::string& frame : heard(id)) all += frame + "\n";
    return all;
  }
  static std::string put(std::string_view id, std::string_view soul, std::string_view name,
                         std::string_view json, double state = 1000) {
    return fmt(R"({"#":"$","put":{"$":{"_":{"#":"$",">":{"$":$}},"$":$}}})",
               {id, soul, soul, name, std::to_string(state), name, json});
  }
  static std::string get(std::string_view id, std::string_view soul) {
    return fmt(R"({"#":"$","get":{"#":"$"}})", {id, soul});
  }
  static std::string fmt(std::string_view pattern, const std::vector<std::string>& parts) {
    std::string text;
    std::size_t next = 0;
    for (const char c : pattern)
      if (c == '$')
        text += parts[next++];
      else
        text += c;
    return text;
  }
  static std::string fmt(std::string_view pattern, std::initializer_list<std::string_view> parts) {
    return fmt(pattern, std::vector<std::string>{parts.begin(), parts.end()});
  }

  Moment at{.now = Instant{std::chrono::hours{1}}, .wall_ms = 1'700'000'000'000};
  SeededEntropy entropy{1};
  graph_store::FaultyStore store;
  std::optional<Relay> relay;
  std::map<ConnectionId, std::vector<std::string>> frames;
};

TEST_F(RelayTest, SaysHelloAndAnswersIt) {
  start();
  const ConnectionId id = *relay->connect(somewhere, at);
  collect();
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("dam":"?")"), HasSubstr(R"("pid":")")));
  say(id, R"({"#":"q1","dam":"?","pid":"them"})");
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"q1")"), HasSubstr(R"("dam":"?")")));
  say(id, R"({"#":"q2","@":"x","dam":"?","pid":"them"})");
  say(id, R"({"#":"q3","dam":"hi"})");
  say(id, R"({"#":"q4","dam":"opt","opt":{"peers":"http://evil.example/gun"}})");
  say(id, R"({"#":"q5","dam":"mob","peers":["http://evil.example/gun"]})");
  EXPECT_THAT(heard(id), IsEmpty());
}

TEST_F(RelayTest, BeatsEvery20Seconds) {
  start();
  const ConnectionId id = join();
  pass(std::chrono::milliseconds{19'900});
  EXPECT_THAT(heard(id), IsEmpty());
  pass(std::chrono::milliseconds{200});
  EXPECT_THAT(heard(id), ElementsAre("[]"));
  say(id, "[]");
  EXPECT_THAT(heard(id), IsEmpty());
}

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

TEST_F(RelayTest, DropsJunkAndStaysOpen) {
  start();
  const ConnectionId id = join();
  for (const char* junk : {"{bad", "[1,2", "\"str\"", "12", "\xff\xfe", "", "{\"put\":{", "null"}) {
    say(id, junk);
    EXPECT_THAT(heard_all(id), HasSubstr(R"("dam":"!")")) << junk;
  }
  say(id, "[1,2,\"x\",[[{}]],{}]");
  EXPECT_THAT(heard(id), IsEmpty());
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), HasSubstr(R"("@":"g")"));
}

TEST_F(RelayTest, RefusesFramesThatAreTooLarge) {
  start({.frame_bytes = 100});
  const ConnectionId id = join();
  say(id, std::string(101, ' '));
  EXPECT_THAT(heard_all(id), HasSubstr("Message too big!"));
}

TEST_F(RelayTest, TakesTheMessagesOfABatchInOrder) {
  start();
  const ConnectionId id = join();
  say(id, "[" + put("p1", "s", "a", "1", 1) + ",[" + put("p2", "s", "a", "2", 2) + "]," +
              get("g", "s") + "]");
  commit();
  EXPECT_THAT(heard_all(id),
              AllOf(HasSubstr(R"("@":"p1")"), HasSubstr(R"("@":"p2")"), HasSubstr(R"("a":2)")));
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

TEST_F(RelayTest, AlwaysAnswersAGet) {
  start();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "1"));
  commit();
  heard(id);
  int next = 0;
  for (const char* query :
       {R"({"#":"s"})", R"({"#":"none"})", R"({"#":"s",".":"a"})", R"({"#":"s",".":"none"})",
        R"({"#":{"*":"s"}})", R"({"#":"s",".":{"*":"a"}})", R"({"#":{"*":"none"}})", R"({})",
        R"({"#":""})", R"({"#":1})", R"({"#":{"=":"s"},".":{"=":"a"}})", R"("s")"}) {
    const std::string name = "g" + std::to_string(next++);
    say(id, R"({"#":")" + name + R"(","get":)" + query + "}");
    EXPECT_THAT(heard_all(id), HasSubstr("\"@\":\"" + name + "\"")) << query;
  }
}

TEST_F(RelayTest, AnswersAtOnceThatThereIsNothing) {
  start();
  const ConnectionId id = join();
  say(id, get("g", "none"));
  const std::string answer = heard_all(id);
  EXPECT_THAT(answer, AllOf(HasSubstr(R"("@":"g")"), Not(HasSubstr("put")), Not(HasSubstr("err"))));
}

TEST_F(RelayTest, AnswersLexByBytesOfValues) {
  start();
  const ConnectionId id = join();
  for (int i = 0; i < 9; ++i)
    say(id, put("p" + std::to_string(i), "s" + std::to_string(i), "a", "\"12345678\""));
  commit();
  heard(id);
  const auto count = [&](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t place = text.find("12345678"); place != std::string::npos;
         place = text.find("12345678", place + 1))
      ++found;
    return found;
  };
  say(id, R"({"#":"g1","get":{"#":{"*":"s"}}})");
  EXPECT_EQ(count(heard_all(id)), 1u);
  say(id, R"({"#":"g2","get":{"#":{"*":"s"},"%":25}})");
  EXPECT_EQ(count(heard_all(id)), 3u);
  say(id, R"({"#":"g3","get":{"#":{">":"s3","<":"s5"},"%":10000}})");
  EXPECT_EQ(count(heard_all(id)), 3u);
  say(id, R"({"#":"g4","get":{"#":{"*":"s","-":1}}})");
  EXPECT_THAT(heard_all(id), HasSubstr("\"s8\""));
  say(id, R"({"#":"g5","get":{"#":{"*":"s"},"%":200000}})");
  EXPECT_EQ(count(heard_all(id)), 1u);
}

TEST_F(RelayTest, AnswersANodeOf20000PropertiesInChunks) {
  start();
  const ConnectionId writer = join();
  const ConnectionId reader = join();
  std::string states, values;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "\"property" + std::to_string(i) + "\"";
    states += (i > 0 ? "," : "") + name + ":1";
    values += "," + name + ":\"" + std::string(100, 'v') + "\"";
  }
  say(writer, R"({"#":"p","put":{"s":{"_":{"#":"s",">":{)" + states + "}}" + values + "}}}");
  commit();
  EXPECT_THAT(heard_all(writer), HasSubstr(R"("ok":true)"));
  say(reader, get("g", "s"));
  const auto answer = heard(reader);
  std::size_t properties = 0;
  for (const std::string& frame : answer) {
    EXPECT_LT(frame.size(), 200'000u);
    for (std::size_t place = frame.find("\":\"v"); place != std::string::npos;
         place = frame.find("\":\"v", place + 1))
      ++properties;
  }
  EXPECT_GT(answer.size(), 10u);
  EXPECT_EQ(properties, 20'000u);
  EXPECT_THAT(answer.back(), Not(HasSubstr(R"("%")")));
}

TEST_F(RelayTest, TellsSubscribersOfANodeOrAPropertyWhatChanged) {
  start();
  const ConnectionId writer = join();
  const ConnectionId whole = join();
  const ConnectionId one = join();
  const ConnectionId nobody = join();
  say(whole, get("g", "s"));
  say(one, R"({"#":"g","get":{"#":"s",".":"a"}})");
  heard(whole), heard(one);
  say(writer, put("p1", "s", "a", "1", 1));
  EXPECT_THAT(heard(whole), IsEmpty());  // not before it is durable
  commit();
  EXPECT_THAT(heard_all(whole), HasSubstr(R"("put":{"s":{"_":{"#":"s",">":{"a":1}},"a":1}})"));
  EXPECT_THAT(heard_all(one), HasSubstr(R"("a":1)"));
  heard(writer);
  say(writer, put("p2", "s", "b", "2", 1));
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard_all(whole), HasSubstr(R"("b":2)"));
  EXPECT_THAT(heard(one), IsEmpty());
  EXPECT_THAT(heard(nobody), IsEmpty());
  relay->disconnect(whole);
  say(writer, put("p3", "s", "b", "3", 2));
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard(whole), IsEmpty());
}

TEST_F(RelayTest, AsksOtherFollowersForWhatItDoesNotHave) {
  start();
  const ConnectionId holder = join();
  const ConnectionId asker = join();
  const ConnectionId stranger = join();
  say(holder, get("g1", "s"));
  heard(holder);
  say(asker, get("g2", "s"));
  EXPECT_THAT(heard_all(asker), HasSubstr(R"("@":"g2")"));
  const std::string asked = heard_all(holder);
  EXPECT_THAT(asked, HasSubstr(R"("get":{"#":"s"})"));
  EXPECT_THAT(heard(stranger), IsEmpty());
  const std::string id = asked.substr(6, 9);
  std::string answer = put("a1", "s", "a", "\"kept\"");
  answer.insert(1, R"("@":")" + id + R"(",)");
  say(holder, answer);
  commit();
  EXPECT_THAT(heard_all(asker), HasSubstr("\"kept\""));
  EXPECT_THAT(heard(holder), IsEmpty());  // an answer isn't acknowledged
  say(stranger, get("g3", "s"));
  EXPECT_THAT(heard_all(stranger), HasSubstr("\"kept\""));
  EXPECT_EQ(relay->counters().forwarded_gets, 1u);
}

TEST_F(RelayTest, TellsNeitherTheWriterNorWhomTheWriterTold) {
  start();
  const ConnectionId writer = join();
  const ConnectionId friendly = join();
  const ConnectionId other = join();
  say(friendly, R"({"#":"q","dam":"?","pid":"friend"})");
  for (const ConnectionId id : {writer, friendly, other}) say(id, get("g", "s"));
  for (const ConnectionId id : {writer, friendly, other}) heard(id);
  std::string frame = put("p", "s", "a", "1");
  frame.insert(1, R"("><":"x,friend",)");
  say(writer, frame);
  commit();
  EXPECT_THAT(heard_all(writer), Not(HasSubstr("put")));
  EXPECT_THAT(heard(friendly), IsEmpty());
  EXPECT_THAT(heard_all(other), HasSubstr(R"("a":1)"));
}

TEST_F(RelayTest, LosesNoValueThatWasNotSuperseded) {
  start();
  const ConnectionId writer = join();
  const ConnectionId reader = join();
  say(reader, get("g", "s"));
  heard(reader);
  for (int i = 0; i < 200; ++i) {
    say(writer, put("a" + std::to_string(i), "s", "a", std::to_string(i), i));
    say(writer, put("b" + std::to_string(i), "s", "n" + std::to_string(i), "1", i));
    if (i % 3 == 0) commit();
    if (i % 7 == 0) pass(std::chrono::milliseconds{1});
  }
  commit();
  pass(std::chrono::milliseconds{10});
  const std::string all = heard_all(reader);
  EXPECT_THAT(all, HasSubstr(R"("a":199)"));
  for (int i = 0; i < 200; ++i) EXPECT_THAT(all, HasSubstr("\"n" + std::to_string(i) + "\":1"));
}

TEST_F(RelayTest, ASlowSubscriberGetsTheLatestWhenItHasCaughtUp) {
  start({.queue_bytes = 20'000});
  const ConnectionId writer = join();
  const ConnectionId slow = join();
  say(slow, get("g", "s"));
  say(slow, get("h", "t"));
  heard(slow);
  for (int i = 0; i < 50; ++i) {
    relay->receive(writer,
                   put("p" + std::to_string(i), "s", "a" + std::to_string(i % 10),
                       "\"" + std::string(1000, 'x') + std::to_string(i) + "\"", i),
                   at);
    const auto batch = relay->poll_commit();
    ASSERT_TRUE(store.write(*batch));
    relay->committed(at);
    at.now += std::chrono::milliseconds{5};
    relay->advance(at);
  }
  EXPECT_GT(relay->counters().lagged, 0u);
  EXPECT_FALSE(relay->wants_input(slow));
  collect();
  const std::string all = heard_all(slow);
  for (int i = 40; i < 50; ++i) EXPECT_THAT(all, HasSubstr("x" + std::to_string(i) + "\""));
  EXPECT_TRUE(relay->wants_input(slow));
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

TEST_F(RelayTest, NamesDamageAndGoesOn) {
  start();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "1"));
  say(id, put("q", "t", "a", "1"));
  commit();
  SeededEntropy random{3};
  ASSERT_TRUE(store.flip_bit(random, std::string{"ns\0", 3}));
  start();
  const ConnectionId again = join();
  say(again, get("g", "s"));
  EXPECT_THAT(heard_all(again), HasSubstr("damaged"));
  say(again, put("r", "s", "a", "2", 2000));
  EXPECT_THAT(heard_all(again), AllOf(HasSubstr(R"("@":"r")"), HasSubstr("damaged")));
  say(again, get("h", "t"));
  EXPECT_THAT(heard_all(again), HasSubstr(R"("a":1)"));
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

TEST(SignatureScan, SeesThatAFrameMayBeSignedHoweverItIsEscaped) {
  EXPECT_TRUE(may_be_signed(R"({"put":{"~a.b":{"x":"{\":\":1,\"~\":\"s\"}"}}})"));
  EXPECT_TRUE(may_be_signed(R"({"put":{"\u007ea.b":{"x":"{\u0022"}}})"));
  EXPECT_TRUE(may_be_signed(R"({"put":{"\u007Ea.b":{"x":"{\u0022"}}})"));
  EXPECT_FALSE(may_be_signed(R"({"get":{"#":"~a.b"}})"));
  EXPECT_FALSE(may_be_signed(R"({"put":{"a":{"x":"a \"quote\""}}})"));
}

TEST_F(RelayTest, BoundsConnectionsInAllAndOfAnAddress) {
  start({.connections = 3, .connections_per_address = 2});
  const IpAddress other = IpAddress::v4({192, 0, 2, 2});
  const auto first = relay->connect(somewhere, at);
  EXPECT_TRUE(first);
  EXPECT_TRUE(relay->connect(somewhere, at));
  EXPECT_FALSE(relay->connect(somewhere, at));
  EXPECT_TRUE(relay->connect(other, at));
  EXPECT_FALSE(relay->connect(other, at));
  relay->disconnect(*first);
  EXPECT_TRUE(relay->connect(other, at));
}

TEST_F(RelayTest, SlowsDownAnAddressThatSendsTooMuch) {
  start({.bytes_per_second_per_address = 1000});
  const ConnectionId id = join();
  const ConnectionId neighbour = join(IpAddress::v4({192, 0, 2, 2}));
  for (int i = 0; i < 90; ++i) say(id, put("p" + std::to_string(i), "s", "a", std::to_string(i)));
  EXPECT_FALSE(relay->wants_input(id));
  EXPECT_TRUE(relay->wants_input(neighbour));
  pass(std::chrono::seconds{10});
  EXPECT_TRUE(relay->wants_input(id));
}

TEST_F(RelayTest, BoundsSubscriptionsAndStillAnswers) {
  start({.subscriptions_per_connection = 2});
  const ConnectionId id = join();
  const ConnectionId writer = join();
  for (const char* soul : {"a", "b", "c"}) say(id, get(std::string{"g"} + soul, soul));
  EXPECT_THAT(heard_all(id), HasSubstr(R"("@":"gc")"));
  for (const char* soul : {"a", "b", "c"})
    say(writer, put(std::string{"p"} + soul, soul, "x", "1"));
  commit();
  const std::string all = heard_all(id);
  EXPECT_THAT(all, AllOf(HasSubstr("\"a\""), HasSubstr("\"b\""), Not(HasSubstr("\"c\""))));
}

TEST_F(RelayTest, RefusesWritesToAFullSpaceAndStillReads) {
  start();
  const ConnectionId id = join();
  say(id, put("p", "s", "a", "1"));
  commit();
  heard(id);
  relay->set_full(true);
  say(id, put("q", "s", "b", "1"));
  EXPECT_THAT(heard_all(id), AllOf(HasSubstr(R"("@":"q")"), HasSubstr("full")));
  say(id, get("g", "s"));
  EXPECT_THAT(heard_all(id), HasSubstr(R"("a":1)"));
}

TEST_F(RelayTest, ReadsFromNobodyWhileTheDiskIsBehind) {
  start({.pending_bytes = 10'000});
  const ConnectionId id = join();
  for (int i = 0; i < 100; ++i)
    say(id, put("p" + std::to_string(i), "s" + std::to_string(i), "a",
                "\"" + std::string(100, 'x') + "\""));
  EXPECT_FALSE(relay->wants_input(id));
  commit();
  EXPECT_TRUE(relay->wants_input(id));
}

TEST_F(RelayTest, ClosesTheConnectionToItself) {
  start();
  const ConnectionId id = *relay->connect(somewhere, at);
  collect();
  const std::string hello = heard_all(id);
  const std::string pid = hello.substr(hello.find(R"("pid":")") + 7, 9);
  say(id, R"({"#":"q","dam":"?","pid":")" + pid + "\"}");
  EXPECT_TRUE(relay->should_close(id));
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

}  // namespace
}  // namespace hearth::gun
