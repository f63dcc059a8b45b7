// The spaces and their engine over a real RocksDB in a directory of their own.

#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "spaces_for_test.h"
#include <hearth/graph_service/feed.h>
#include <hearth/graph_service/service.h>
#include <hearth/rocks/full_disk_for_test.h>

namespace hearth::graph_service {
namespace {

namespace asio = boost::asio;
using namespace graph_service::testing;

TEST_F(SpacesTest, HomeIsFoundedWithTheBoxsOwnerAndKeepsItsMembersInStep) {
  open();
  ASSERT_TRUE(spaces->keep_in_step({}, now()));
  EXPECT_EQ(spaces->home(), nullptr);
  found();
  Space* const home = spaces->home();
  ASSERT_NE(home, nullptr);
  EXPECT_EQ(home->name, "home");
  EXPECT_EQ(spaces->role(*home, asker(anna)), update::Role::owner);
  EXPECT_EQ(spaces->role(*home, asker(bert)), update::Role::writer);
  ASSERT_TRUE(put(bert, "x", "Bert's"));
  ASSERT_TRUE(spaces->keep_in_step({{anna, true}, {persona_of(3), false}}, now()));
  EXPECT_EQ(spaces->role(*home, asker(bert)), update::Role::none);
  EXPECT_EQ(spaces->role(*home, asker(persona_of(3))), update::Role::writer);
  EXPECT_FALSE(spaces->may_read(*home, asker(bert)));
  EXPECT_EQ(get("x")["p"]["value"], "Bert's");
}

TEST_F(SpacesTest, UpdatesNameWhomTheyWereWrittenForAndOutliveTheProcess) {
  found();
  const auto written = put(bert, "soul", 3);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->author, spaces->author());
  ASSERT_TRUE(spaces->commit());
  open();
  const json property = get("soul")["p"];
  EXPECT_EQ(property["value"], 3);
  EXPECT_EQ(property["by"]["persona"], id_text(bert));
  EXPECT_EQ(property["by"]["author"], id_text(spaces->author()));
  EXPECT_EQ(put(anna, "soul", 4)->seq, written->seq + 1);
}

TEST_F(SpacesTest, WhatIsGrantedToAnAppOutlivesTheProcessAndIsNeverMoreThanItsUserHas) {
  found();
  const auto through = [](const PersonaKey& who, std::string app) {
    Asker asks = asker(who);
    asks.app = std::move(app);
    return asks;
  };
  Space* home = spaces->home();
  EXPECT_FALSE(spaces->may_read(*home, through(anna, "notes")));
  ASSERT_TRUE(spaces->grant(*home, "notes", Access::write, now()));
  ASSERT_TRUE(spaces->grant(*home, "player", Access::read, now()));
  ASSERT_TRUE(spaces->commit());
  open();
  home = spaces->home();
  EXPECT_EQ(spaces->role(*home, through(anna, "notes")), update::Role::writer);
  EXPECT_EQ(spaces->role(*home, through(anna, "player")), update::Role::reader);
  EXPECT_EQ(spaces->role(*home, through(persona_of(9), "notes")), update::Role::none);
  EXPECT_FALSE(spaces->may_read(*home, through(persona_of(9), "notes")));
  EXPECT_FALSE(spaces->may_read(*home, through(anna, "other")));
  Space* const wall =
      *spaces->found("wall", update::SpaceKind::open, {{anna, true}}, /*is_home=*/false, now());
  EXPECT_TRUE(spaces->may_read(*wall, asker(bert)));
  EXPECT_FALSE(spaces->may_read(*wall, through(bert, "notes")));
  ASSERT_TRUE(spaces->grant(*home, "notes", Access::none, now()));
  EXPECT_FALSE(spaces->may_read(*home, through(anna, "notes")));
}

TEST_F(SpacesTest, AHistoryIsInStepAfterARestartAndPagesBackwards) {
  found();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(anna, "soul", i));
  ASSERT_TRUE(put(anna, "soul/other", 1));
  ASSERT_TRUE(spaces->commit());
  open();
  Space& home = *spaces->home();
  auto first = spaces->history(home, "soul", "", 2);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ((*first)[0].record->seq, 5U);
  const auto rest = spaces->history(home, "soul", first->back().cursor, 10);
  ASSERT_EQ(rest->size(), 3U);
  EXPECT_EQ(rest->back().record->seq, 1U);
  const json entry = history_entry("soul", *(*first)[0].record, *home.replica);
  EXPECT_EQ(entry["operations"][0]["value"], 4);
  EXPECT_EQ(entry["counts"], true);
}

TEST_F(SpacesTest, AStoreThatCameBackFromABackupWritesUnderANewKeyUnderAHigherTerm) {
  found();
  ASSERT_TRUE(put(anna, "soul", 1));
  ASSERT_TRUE(spaces->commit());
  const auto before = spaces->author();
  const auto copy = directory / "copy";
  ASSERT_TRUE(spaces->store()->checkpoint(copy));
  make_restorable(copy);
  ASSERT_TRUE(put(anna, "soul", 2));
  ASSERT_TRUE(spaces->commit());
  spaces.reset();
  std::filesystem::remove_all(directory / "spaces");
  std::filesystem::rename(copy, directory / "spaces");
  open();
  EXPECT_NE(spaces->author(), before);
  EXPECT_EQ(get("soul")["p"]["value"], 1);
  const auto written = put(anna, "soul", 3);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->seq, 1U);
  EXPECT_EQ(get("soul")["p"]["value"], 3);
  EXPECT_EQ(spaces->home()->replica->ledger().membership.head_entry().term, 2U);
}

TEST_F(SpacesTest, TheAuthorsKeyIsPrivateAndStaysWithItsStore) {
  found();
  using std::filesystem::perms;
  for (const char* name : {"author.key", "home.key"})
    EXPECT_EQ(std::filesystem::status(directory / name).permissions(),
              perms::owner_read | perms::owner_write);
  const auto author = spaces->author();
  open();
  EXPECT_EQ(spaces->author(), author);
}

TEST_F(SpacesTest, ADamagedSpaceIsNamedAndTheOthersAreServed) {
  found();
  ASSERT_TRUE(spaces->found("other", update::SpaceKind::guarded, {{anna, true}}, false, now()));
  ASSERT_TRUE(put(anna, "soul", 1));
  ASSERT_TRUE(put(anna, "soul", 2, "other"));
  ASSERT_TRUE(spaces->commit());
  graph_store::Batch rot;
  rot.put(replica_prefix(spaces->home()->number) + "m", to_bytes("rot"));
  ASSERT_TRUE(spaces->store()->write(rot));
  open();
  EXPECT_EQ(spaces->home()->replica, nullptr);
  EXPECT_THAT(spaces->home()->why, ::testing::HasSubstr("damaged"));
  EXPECT_EQ(spaces->replica(*spaces->home(), now()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(get("soul", "other")["p"]["value"], 2);
  ASSERT_TRUE(put(anna, "soul", 3, "other"));
  EXPECT_TRUE(spaces->commit());
}

TEST_F(SpacesTest, ARemovedSpaceIsGoneAtOnceAndItsRoomComesBackInSteps) {
  found();
  const auto make = [&] {
    return (*spaces->found("diary", update::SpaceKind::guarded, {{anna, true}}, false, now()))
        ->number;
  };
  const std::uint32_t old = make();
  ASSERT_TRUE(put(anna, "cake", 1));
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(put(anna, "day/" + std::to_string(i), i, "diary"));
  ASSERT_TRUE(spaces->commit());
  const auto keys_of = [&](std::uint32_t number) {
    std::size_t keys = 0;
    for (char table = 'a'; table <= 'z'; ++table)
      EXPECT_TRUE(spaces->store()->scan(graph_store::prefix_range(numbered(table, number)),
                                        [&](std::string_view, BytesView) {
                                          ++keys;
                                          return true;
                                        }));
    return keys;
  };
  EXPECT_GT(keys_of(old), 1400U);

  spaces->remove(*spaces->find("diary"));
  ASSERT_TRUE(spaces->commit());
  EXPECT_EQ(spaces->find("diary"), nullptr);
  EXPECT_TRUE(spaces->work());
  ASSERT_TRUE(spaces->commit());
  open();  // as after a kill
  EXPECT_EQ(spaces->find("diary"), nullptr);
  const std::uint32_t next = make();
  EXPECT_NE(next, old);
  ASSERT_TRUE(put(anna, "day/1", "another", "diary"));
  ASSERT_TRUE(spaces->commit());
  while (spaces->work()) ASSERT_TRUE(spaces->commit());
  EXPECT_EQ(keys_of(old), 0U);
  EXPECT_EQ(get("day/1", "diary")["p"]["value"], "another");
  EXPECT_EQ(get("cake")["p"]["value"], 1);
  open();
  EXPECT_EQ(spaces->all().size(), 2U);
  EXPECT_FALSE(spaces->work());
}

TEST_F(SpacesTest, AFullDiskIsToldTakesNothingAndIsWrittenToAgainOnceThereIsRoom) {
  found();
  ASSERT_TRUE(put(anna, "soul", "before"));
  ASSERT_TRUE(spaces->commit());
  {
    const rocks::FullDisk full;
    ASSERT_TRUE(put(anna, "soul", "during"));
    const auto failed = spaces->commit();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
    EXPECT_EQ(get("soul")["p"]["value"], "before");
  }
  ms += 2000;
  ASSERT_TRUE(put(anna, "soul", "after"));
  ASSERT_TRUE(spaces->commit());
  open();
  EXPECT_EQ(get("soul")["p"]["value"], "after");
}

TEST_F(SpacesTest, ASyncThatFailsAfterTheStoreWasGivenUpIsOneMoreFailure) {
  found();
  ASSERT_TRUE(put(anna, "soul", "before"));
  ASSERT_TRUE(spaces->commit());
  {
    const rocks::FullDisk full;
    ASSERT_TRUE(put(anna, "soul", "during"));
    ASSERT_FALSE(spaces->commit());
    ms += 2000;
    EXPECT_FALSE(put(anna, "soul", "during"));
    ASSERT_EQ(spaces->store(), nullptr);
    (void)spaces->store_failed();  // as the thread that syncs says
    EXPECT_EQ(spaces->commit().error().code, ErrorCode::unavailable);
    EXPECT_FALSE(spaces->work());
    EXPECT_TRUE(spaces->commit());
  }
  ms += 2000;
  ASSERT_TRUE(put(anna, "soul", "after"));
  ASSERT_TRUE(spaces->commit());
  EXPECT_EQ(get("soul")["p"]["value"], "after");
}

TEST(Notation, ValuesRoundTrip) {
  for (const char* text :
       {"null", "true", "3", "-0.5", "\"x\"", R"({"#":"soul"})", R"({"bytes":"AAH_"})"}) {
    const auto value = value_of(json::parse(text));
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(to_json(*value).dump(), text);
  }
  for (const char* text :
       {"[]", "{}", R"({"#":""})", R"({"#":1})", R"({"bytes":"A"})", R"({"#":"a","x":1})"})
    EXPECT_FALSE(value_of(json::parse(text))) << text;
}

TEST(GraphQueue, TellsOfEachThingOnceAndOfTooManyOnlyThatTheyWere) {
  int woken = 0;
  Queue queue{{}, {}, [&] { ++woken; }};
  for (int i = 0; i < 3; ++i) queue.add({"soul", "p"});
  queue.add({"soul", "q"});
  EXPECT_EQ(queue.take().changes.size(), 2U);
  EXPECT_TRUE(queue.empty());
  for (std::size_t i = 0; i <= Queue::max_changes; ++i) queue.add({std::to_string(i), "p"});
  const auto told = queue.take();
  EXPECT_TRUE(told.lost);
  EXPECT_TRUE(told.changes.empty());
  EXPECT_GT(woken, 0);
}

// --- the engine ------------------------------------------------------------------------------

class EngineTest : public Scratch {
 protected:
  void start(bool relaxed = false) {
    engine = std::make_unique<Engine>(
        io.get_executor(), Engine::Options{.spaces = {.directory = directory}, .relaxed = relaxed},
        clock, entropy, log, [this](News told) { news.push_back(std::move(told)); });
    engine->tell([](Spaces& spaces, Timestamp now) {
      ASSERT_TRUE(spaces.keep_in_step({{anna, true}}, now));
    });
  }
  Turn put(std::string soul, json value) {
    return [soul = std::move(soul), value = std::move(value)](Spaces& spaces, Timestamp now) {
      const auto written =
          spaces.write(*spaces.home(), asker(anna), now, [&](replica::Draft& draft) {
            return apply_edits(
                json::array({{{"op", "put"}, {"soul", soul}, {"property", "p"}, {"value", value}}}),
                draft);
          });
      Reply reply = written ? Reply{.status = 200} : reply_of(written.error());
      reply.after_sync = true;
      return reply;
    };
  }
  void ask(Turn turn) {
    ++asked;
    asio::co_spawn(
        io, engine->ask(std::move(turn)),
        [this](const std::exception_ptr&, Reply reply) { replies.push_back(std::move(reply)); });
  }
  void run() {
    io.restart();
    while (replies.size() < asked) io.run_one_for(std::chrono::seconds{10});
  }
  asio::io_context io;
  loop::SystemClock clock;
  std::unique_ptr<Engine> engine;
  std::vector<Reply> replies;
  std::vector<News> news;
  std::size_t asked = 0;
  /// The engine's news keep coming when nothing is asked.
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
};

TEST_F(EngineTest, WritesThatWaitTogetherShareCommitsAndSyncsAndAreTold) {
  start();
  for (int i = 0; i < 500; ++i) ask(put("soul" + std::to_string(i), i));
  run();
  for (const Reply& reply : replies) EXPECT_EQ(reply.status, 200) << reply.body;
  const EngineCounters counters = engine->counters();
  EXPECT_LT(counters.commits, 250U);
  EXPECT_LE(counters.syncs, counters.commits + 1);
  // Of several of one millisecond the later ones show, and are told, in the next.
  std::size_t changes = 0;
  do {
    changes = 0;
    for (const News& each : news)
      for (const auto& [space, list] : each.changes) changes += list.size();
  } while (changes < 500 && io.run_one_for(std::chrono::seconds{10}) > 0);
  EXPECT_EQ(changes, 500U);
}

TEST_F(EngineTest, WhatWasAskedIsDoneWhenItEndsAndIsThereWhenItComesBack) {
  start();
  for (int i = 0; i < 50; ++i) ask(put("soul" + std::to_string(i), i));
  io.restart();
  io.poll();
  engine.reset();
  io.poll();
  replies.clear();
  asked = 0;
  start();
  ask([](Spaces& spaces, Timestamp) {
    std::size_t count = 0;
    EXPECT_TRUE(spaces.home()->replica->souls("", [&](std::string_view) {
      ++count;
      return true;
    }));
    return Reply{.status = static_cast<int>(count)};
  });
  run();
  EXPECT_EQ(replies.at(0).status, 50);
}

TEST_F(EngineTest, RelaxedWritesAreAnsweredBeforeTheyAreSynced) {
  start(/*relaxed=*/true);
  for (int i = 0; i < 20; ++i) {
    ask(put("soul", i));
    run();
  }
  EXPECT_LE(engine->counters().syncs, 2U);
  EXPECT_GE(engine->counters().commits, 20U);
}

}  // namespace
}  // namespace hearth::graph_service
