#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/gun/relay_for_test.h>

namespace hearth::gun {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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

}  // namespace
}  // namespace hearth::gun
