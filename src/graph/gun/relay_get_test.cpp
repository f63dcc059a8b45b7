#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hearth/gun/relay_for_test.h>

namespace hearth::gun {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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

}  // namespace
}  // namespace hearth::gun
