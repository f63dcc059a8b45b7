#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/gun/relay_for_test.h>

namespace hearth::gun {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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

// gun.js asks once for what a link leads to: were the connection to fall before that, a page that
// stays open would never see it.
TEST_F(RelayTest, WhatIsNewBehindALinkTravelsAheadOfIt) {
  start();
  const ConnectionId writer = join();
  const ConnectionId reader = join();
  say(reader, get("g", "list"));
  heard(reader);
  say(writer,
      R"({"#":"p1","put":{"list":{"_":{"#":"list",">":{"x":1,"y":1}},"x":{"#":"line"},"y":{"#":"line"}},)"
      R"("line":{"_":{"#":"line",">":{"text":1}},"text":"hello"}}})");
  commit();
  EXPECT_THAT(
      heard_all(reader),
      HasSubstr(R"("put":{"line":{"_":{"#":"line",">":{"text":1}},"text":"hello"},"list":{)"));
  // The same in two commits.
  say(writer, put("p2", "other", "text", "\"again\""));
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard(reader), IsEmpty());
  say(writer, put("p3", "list", "v", R"({"#":"other"})"));
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard_all(reader), AllOf(HasSubstr("again"), HasSubstr(R"("v":{"#":"other"})")));
  // A link to what isn't new comes alone.
  say(writer, put("p4", "list", "z", R"({"#":"line"})", 2));
  commit();
  pass(std::chrono::milliseconds{10});
  EXPECT_THAT(heard_all(reader), AllOf(HasSubstr(R"("z":{"#":"line"})"), Not(HasSubstr("hello"))));
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

}  // namespace
}  // namespace hearth::gun
