// Spaces that look after themselves: what goes, what stays, and what a crash leaves.

#include "upkeep.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "spaces_for_test.h"
#include <hearth/graph_lines/transfer.h>
#include <hearth/graph_service/service.h>
#include <hearth/graph_store/memory_store.h>

namespace hearth::graph_service {
namespace {

using namespace graph_service::testing;
namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;

class UpkeepTest : public SpacesTest {
 protected:
  UpkeepTest() { upkeep = {.updates = 100, .bytes = 1 << 20, .spare_updates = 50, .step = 50}; }
  /// The whole of it, as the service does it. Says what was done; nothing: it was not begun.
  std::optional<Upkeep::Done> look_after(
      Upkeep::Wanted wanted = Upkeep::Wanted::what_is_due,
      const std::function<void()>& between_steps = [] {}) {
    auto begun = Upkeep::begin(*spaces, *spaces->home(), wanted, now());
    EXPECT_TRUE(spaces->commit());
    if (!begun) return std::nullopt;
    const auto looked = begun->look(directory / upkeep_copy_name, stopping);
    EXPECT_TRUE(looked) << looked.error().message;
    for (bool more = looked.has_value(); more;) {
      const auto stepped = begun->step(*spaces, now());
      EXPECT_TRUE(stepped) << stepped.error().message;
      more = stepped && *stepped;
      between_steps();
    }
    begun->compact(stopping);
    return begun->done();
  }
  /// A batch of puts to properties of one node.
  void rewrite(std::size_t properties, double value) {
    json edits = json::array();
    for (std::size_t i = 0; i < properties; ++i)
      edits.push_back({{"op", "put"},
                       {"soul", "node"},
                       {"property", "p" + std::to_string(i)},
                       {"value", value + static_cast<double>(i)}});
    write(edits);
  }
  void write(const json& edits) {
    const auto written =
        spaces->write(*spaces->home(), asker(anna), now(),
                      [&](replica::Draft& draft) { return apply_edits(edits, draft); });
    ASSERT_TRUE(written) << written.error().message;
  }
  Replica& replica() { return **spaces->replica(*spaces->home(), now()); }
  Bytes state() { return *replica().canonical_state(); }
  bool is_sound() {
    const auto findings = replica().verify();
    if (findings)
      for (const auto& each : *findings)
        ADD_FAILURE() << static_cast<int>(each.what) << " " << each.soul << " " << each.seq;
    return findings && findings->empty();
  }
  /// As it lies on the disk.
  std::uint64_t table_bytes() {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator{directory / "spaces"})
      if (entry.path().extension() == ".sst") bytes += entry.file_size();
    return bytes;
  }
  std::string exported() {
    graph_lines::Exporter exporter{replica()};
    std::string text;
    for (auto line = *exporter.next(); line; line = *exporter.next()) text += *line;
    return text;
  }
  std::atomic<bool> stopping{false};
};

TEST_F(UpkeepTest, ASpaceThatIsRewrittenAHundredThousandTimesStaysSmallOnTheDisk) {
  constexpr std::size_t properties = 5;
  constexpr int updates_a_day = 100, days = 200;
  found();
  std::vector<std::uint64_t> sizes;
  std::uint64_t dropped = 0;
  double value = 0;
  for (int day = 1; day <= days; ++day) {
    for (int i = 0; i < updates_a_day; ++i) {
      ms += day_ms / updates_a_day - 1;
      rewrite(properties, value += 10);
    }
    ASSERT_TRUE(spaces->commit());
    if (day % 10 != 0) continue;
    const auto done = look_after(Upkeep::Wanted::what_is_due, [&] {
      // Whoever reads meanwhile.
      const json node = get("node");
      ASSERT_EQ(node.size(), properties);
      for (std::size_t i = 0; i < properties; ++i)
        ASSERT_EQ(node["p" + std::to_string(i)]["value"], value + static_cast<double>(i));
    });
    ASSERT_TRUE(done) << day;
    EXPECT_GT(done->checkpoint, 0U);
    dropped += done->updates;
    sizes.push_back(table_bytes());
  }
  EXPECT_GT(dropped, 15'000U);
  // Forty days and what came since the last time: it was as much a hundred days ago.
  EXPECT_LT(sizes[19], sizes[9] + sizes[9] / 4);
  RecordProperty("table_bytes_after_100_days", static_cast<int>(sizes[9]));
  RecordProperty("table_bytes_after_200_days", static_cast<int>(sizes[19]));
  RecordProperty("longest_step_us", static_cast<int>(spaces->home()->upkeep.longest_step_us));

  const Bytes before = state();
  open();
  EXPECT_TRUE(equal(state(), before));
  EXPECT_EQ(get("node")["p0"]["value"], value);
  EXPECT_TRUE(is_sound());
  EXPECT_EQ(spaces->home()->upkeep.updates, dropped);
  // Of what went histories say nothing any more; of what stayed all.
  const auto history = spaces->history(*spaces->home(), "node", "", 100'000);
  ASSERT_TRUE(history);
  EXPECT_EQ(history->size(), replica().status().updates);
}

/// Edits of all kinds, of which most are taken back.
class UpkeepOfEverything : public UpkeepTest {
 protected:
  void SetUp() override {
    found();
    for (int i = 0; i < 400; ++i) {
      ms += hour_ms;
      const std::string soul = "s" + std::to_string(i % 7);
      json edits = json::array(
          {{{"op", "put"}, {"soul", soul}, {"property", "v"}, {"value", i}},
           {{"op", "include"}, {"soul", soul}, {"property", "set"}, {"value", i % 5}},
           {{"op", "insert"}, {"soul", soul}, {"property", "l"}, {"at", 0}, {"values", {i, -i}}},
           {{"op", "add"}, {"soul", "sum"}, {"property", "n"}, {"by", 1}}});
      if (i % 3 == 0)
        edits.push_back({{"op", "exclude"}, {"soul", soul}, {"property", "set"}, {"value", i % 5}});
      if (i % 2 == 0)
        edits.push_back(
            {{"op", "erase"}, {"soul", soul}, {"property", "l"}, {"at", 0}, {"count", 2}});
      write(edits);
      if (i % 50 == 49) write(json::array({{{"op", "remove"}, {"soul", soul}}}));
      rewrite(1, i);
    }
    ms += 40 * day_ms;
    ASSERT_TRUE(spaces->checkpoint(*spaces->home(), now()));
    ms += day_ms;
    rewrite(1, 1000);
    ASSERT_TRUE(spaces->commit());
  }
};

TEST_F(UpkeepOfEverything, WhereverItIsKilledNothingIsLostAndTheNextOneGoesOn) {
  upkeep.step = 100;
  open();
  Bytes before;
  std::vector<fs::path> crashes;
  const auto done = look_after(Upkeep::Wanted::all_that_helps, [&] {
    // A state names its newest checkpoint, which the first step brought.
    if (crashes.empty()) before = state();
    // What a kill would leave: the files as they are now, of a store that nobody closed.
    const fs::path left = directory / ("crash" + std::to_string(crashes.size()));
    fs::create_directory(left);
    for (const char* name : {"spaces", "home.key", "author.key"})
      fs::copy(directory / name, left / name, fs::copy_options::recursive);
    crashes.push_back(left);
  });
  ASSERT_TRUE(done);
  EXPECT_GT(done->updates, 300U);
  ASSERT_GE(crashes.size(), 4U);
  EXPECT_TRUE(is_sound());
  EXPECT_TRUE(equal(state(), before));
  const json node = get("node");
  const fs::path whole = directory;
  std::uint64_t last = 0;
  for (const fs::path& crash : crashes) {
    SCOPED_TRACE(crash);
    directory = crash;
    open();
    ASSERT_NE(spaces->home(), nullptr);
    EXPECT_EQ(get("node"), node);
    EXPECT_TRUE(is_sound());
    EXPECT_GE(spaces->home()->upkeep.updates, last);
    last = spaces->home()->upkeep.updates;
    (void)look_after(Upkeep::Wanted::all_that_helps);
    EXPECT_EQ(spaces->home()->upkeep.updates, done->updates);
    EXPECT_TRUE(is_sound());
    EXPECT_EQ(get("node"), node);
    rewrite(1, 2000);
    EXPECT_EQ(get("node")["p0"]["value"], 2000);
  }
  directory = whole;
  open();
}

TEST_F(UpkeepOfEverything, WhatIsStoppedOrMeetsAnotherMembershipLeavesTheSpaceAsItIs) {
  stopping = true;
  auto begun = Upkeep::begin(*spaces, *spaces->home(), Upkeep::Wanted::all_that_helps, now());
  ASSERT_TRUE(begun);
  const auto stopped = begun->look(directory / upkeep_copy_name, stopping);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(fs::exists(directory / upkeep_copy_name));
  stopping = false;

  begun = Upkeep::begin(*spaces, *spaces->home(), Upkeep::Wanted::all_that_helps, now());
  ASSERT_TRUE(begun->look(directory / upkeep_copy_name, stopping));
  const auto updates = replica().status().updates;
  ASSERT_TRUE(spaces->keep_in_step({{anna, true}}, now()));
  const auto step = begun->step(*spaces, now());
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::conflict);
  EXPECT_EQ(replica().status().updates, updates);
  EXPECT_TRUE(look_after(Upkeep::Wanted::all_that_helps));
  EXPECT_LT(replica().status().updates, updates);
}

// A device that saw the space grow, was away, and comes back when much of that is gone.
TEST_F(UpkeepTest, AReplicaThatWasAwayComesBackToWhatIsLeft) {
  found();
  const auto device = key_of(77);
  const auto persona = persona_of(77);
  ASSERT_TRUE(spaces->keep_in_step({{anna, true}, {bert, false}, {persona, false}}, now()));
  const model::SpaceId id = spaces->home()->id;
  graph_store::MemoryStore store;
  auto away = std::move(*Replica::open(store, "s/", id, now()));
  const auto bring = [&](std::string text) {
    EXPECT_TRUE(away->advance(now()));
    std::size_t refused = 0;
    graph_lines::Importer importer{*away, [&](std::uint64_t, auto) { ++refused; }};
    EXPECT_TRUE(importer.feed(text));
    const auto imported = importer.finish();
    EXPECT_TRUE(imported && imported->complete) << refused;
  };
  for (int i = 0; i < 50; ++i) {
    ms += hour_ms;
    rewrite(2, i);
  }
  bring(exported());
  const auto write_away = [&](const char* property) {
    auto draft = away->draft(update::author_of(device.public_key()), now());
    ASSERT_TRUE(draft);
    (void)draft->put("theirs", property, 1.0);
    ASSERT_TRUE(away->write(*draft, device));
  };
  write_away("offline");

  for (int i = 0; i < 300; ++i) {
    ms += 6 * hour_ms;
    rewrite(2, 100 + i);
  }
  ASSERT_TRUE(look_after());  // a checkpoint
  ms += day_ms;
  const auto done = look_after(Upkeep::Wanted::all_that_helps);
  ASSERT_TRUE(done);
  EXPECT_GT(done->updates, 100U);

  bring(exported());
  ASSERT_TRUE(away->advance(now()));
  // What it wrote meanwhile is older than the checkpoint remembers: it writes it anew.
  const auto anew = away->write_anew(device, now());
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->size(), 1U);
  for (const crdt::AuthorNumber author : away->ledger().authors_by_key())
    for (const auto* record : away->ledger().find_log(author)->records())
      if (away->authors().key(author) == update::author_of(device.public_key()))
        (void)spaces->home()->replica->add(
            update::VerifiedUpdate::trusted(*away->update_of(*record)));
  ms += 1000;
  ASSERT_TRUE(away->advance(now()));
  ASSERT_TRUE(spaces->home()->replica->advance({.ms = ms}));
  EXPECT_TRUE(equal(*away->canonical_state(), *spaces->home()->replica->canonical_state()));
  EXPECT_EQ(get("theirs")["offline"]["value"], 1);
}

TEST_F(UpkeepTest, APurgeGoesOnInStepsBetweenOthersTurns) {
  found();
  constexpr int nodes = 2000;
  for (const char* op : {"put", "remove"}) {
    json edits = json::array();
    for (int i = 0; i < nodes; ++i) {
      const std::string soul = "node/" + std::to_string(i);
      edits.push_back({{"op", op}, {"soul", soul}, {"property", "gone"}});
      if (op == std::string_view{"put"}) {
        edits.back()["value"] = i;
        edits.push_back({{"op", "put"}, {"soul", soul}, {"property", "p"}, {"value", i}});
      }
      if (edits.size() >= 500) write(std::exchange(edits, json::array()));
    }
    if (!edits.empty()) write(edits);
  }
  ms += 31 * day_ms;
  ASSERT_EQ(look_after()->checkpoint, 1U);
  EXPECT_FALSE(spaces->work());
  ms += hour_ms;
  EXPECT_TRUE(replica().is_sweeping());
  int turns = 0;
  for (; spaces->work(); ++turns) {
    const json node = get("node/" + std::to_string(turns * 7));
    EXPECT_EQ(node["p"]["value"], turns * 7);
    EXPECT_FALSE(node.contains("gone"));
    rewrite(1, turns);
    ASSERT_TRUE(spaces->commit());
    if (turns == 1) open();
  }
  EXPECT_GE(turns, nodes / 500);
  EXPECT_FALSE(replica().is_sweeping());
  const Bytes before = state();
  open();
  EXPECT_FALSE(replica().is_sweeping());
  EXPECT_TRUE(equal(state(), before));
  EXPECT_TRUE(is_sound());
}

/// The home's key on another box, and what it has of the space: not all that a checkpoint covers.
class MovedHomeTest : public UpkeepTest {
 protected:
  /// A space of 20 updates and a checkpoint, and then the box that has it without the update at
  /// `missing`.
  void move_without(std::uint64_t missing) {
    found();
    for (int i = 0; i < 20; ++i) rewrite(1, i);
    EXPECT_EQ(look_after(Upkeep::Wanted::all_that_helps)->checkpoint, 1U);
    const model::SpaceId id = spaces->home()->id;
    std::vector<std::pair<Bytes, bool>> statements;
    EXPECT_TRUE(replica().statements([&](BytesView statement, bool is_entry) {
      statements.emplace_back(to_bytes(statement), is_entry);
    }));
    const ledger::AuthorLog& written =
        *replica().ledger().find_log(*replica().authors().find(spaces->author()));
    std::vector<update::Update> updates;
    for (const auto* record : written.records()) updates.push_back(*replica().update_of(*record));

    const fs::path key = directory / "home.key";
    directory /= "other";
    fs::create_directories(directory);
    fs::copy_file(key, directory / "home.key");
    open();
    EXPECT_TRUE(spaces->adopt(id, "moved", now()));
    for (const auto& [statement, is_entry] : statements)
      EXPECT_TRUE(is_entry ? moved().add_entry(statement) : moved().add_checkpoint(statement));
    for (const update::Update& update : updates) {
      auto verified = update::VerifiedUpdate::trusted(update);
      if (update.header.seq == missing)
        left_out = verified;
      else
        EXPECT_TRUE(moved().add_kept(std::move(verified)));
    }
    EXPECT_TRUE(spaces->commit());
  }
  Space& space() { return *spaces->find("moved"); }
  Replica& moved() { return **spaces->replica(space(), now()); }
  /// As somebody asks for it; what went wrong is noted.
  void look_after_it() {
    auto begun = Upkeep::begin(*spaces, space(), Upkeep::Wanted::all_that_helps, now());
    ASSERT_TRUE(begun);
    ASSERT_TRUE(spaces->commit());
    if (const auto looked = begun->look(directory / upkeep_copy_name, stopping); !looked)
      return begun->note_failure(*spaces, looked.error());
    while (*begun->step(*spaces, now())) continue;
  }
  std::optional<update::VerifiedUpdate> left_out;
};

TEST_F(MovedHomeTest, WhatALastCheckpointCoversHasToBeHereForTheNextOne) {
  move_without(20);
  const PersonaKey author{spaces->author().value()};
  ASSERT_TRUE(spaces->set_role(space(), author, update::Role::writer, now()));
  ASSERT_TRUE(put(anna, "soul", 1, "moved"));
  look_after_it();
  EXPECT_NE(space().upkeep.why.find("last checkpoint covers"), std::string::npos);

  ASSERT_EQ(moved().add(*left_out), replica::Accepted::added);
  look_after_it();
  EXPECT_EQ(space().upkeep.why, "");
  EXPECT_EQ(moved().ledger().checkpoints.chain().size(), 2U);
}

TEST_F(MovedHomeTest, WhatWasLoadedAndCantBeProvedIsNamed) {
  move_without(10);
  EXPECT_FALSE(moved().is_proved());
  look_after_it();
  EXPECT_NE(space().upkeep.why.find("isn't proved"), std::string::npos);
}

TEST_F(UpkeepTest, CheckpointsComeByCountAndAgeAndNotSoonerThanThePause) {
  found();
  EXPECT_FALSE(look_after());
  rewrite(1, 1);
  EXPECT_FALSE(look_after());
  ms += 25 * hour_ms;
  const auto aged = look_after();
  ASSERT_TRUE(aged);
  EXPECT_EQ(aged->checkpoint, 1U);
  ms += 48 * hour_ms;
  EXPECT_FALSE(look_after());  // nothing came
  for (int i = 0; i < 99; ++i) rewrite(1, i);
  const auto outlook =
      Upkeep::outlook(*spaces, *spaces->home(), Upkeep::Wanted::what_is_due, now());
  EXPECT_EQ(outlook.updates, 99U);
  EXPECT_EQ(outlook.number, 1U);
  EXPECT_TRUE(outlook.is_keeper);
  ASSERT_TRUE(look_after());  // of age
  for (int i = 0; i < 200; ++i) rewrite(1, i);
  EXPECT_FALSE(look_after());
  ms += hour_ms;
  EXPECT_EQ(look_after()->checkpoint, 3U);
  // What is covered may go 30 days later, and a checkpoint of then says so.
  ms += 31 * day_ms;
  EXPECT_EQ(look_after()->checkpoint, 4U);
  ms += hour_ms;
  EXPECT_GT(look_after()->updates, 200U);
  ms += 60 * day_ms;
  EXPECT_FALSE(look_after());
}

TEST_F(UpkeepTest, AClockThatIsBehindMakesNoCheckpoint) {
  found();
  ms += 60 * day_ms;
  for (int i = 0; i < 150; ++i) rewrite(1, i);
  ASSERT_TRUE(spaces->commit());
  ms -= 50 * day_ms;
  open();
  EXPECT_FALSE(look_after());
  EXPECT_FALSE(look_after(Upkeep::Wanted::all_that_helps));
  ms += 50 * day_ms;
  EXPECT_TRUE(look_after());
}

TEST_F(UpkeepTest, ASpaceThatIsBeingImportedIsLeftAlone) {
  found();
  for (int i = 0; i < 150; ++i) rewrite(1, i);
  ms += 2 * hour_ms;
  spaces->home()->imported = now();
  EXPECT_FALSE(look_after(Upkeep::Wanted::all_that_helps));
  ms += 120'000;
  EXPECT_TRUE(look_after());
}

// --- in hearthd ------------------------------------------------------------------------------

class UpkeepService : public Scratch {
 protected:
  void start() {
    service.emplace(io.get_executor(),
                    ServiceOptions{.directory = directory,
                                   .upkeep = {.updates = 50,
                                              .pause = std::chrono::milliseconds{0},
                                              .interval = std::chrono::milliseconds{20}}},
                    clock, entropy, log);
    service->set_people({{anna, true}, {bert, false}});
  }
  std::pair<int, json> ask(std::string method, std::string path, const json& body = nullptr,
                           const PersonaKey& who = anna) {
    http::Request request{.method = std::move(method), .target = std::string{api_path} + path};
    if (!body.is_null()) {
      request.headers.set("Content-Type", "application/json");
      request.body = http::make_body(body.dump());
    }
    std::optional<std::pair<int, json>> answer;
    asio::co_spawn(io, answer_to(std::move(request), asker(who)),
                   [&](const std::exception_ptr& failed, std::pair<int, json> got) {
                     EXPECT_FALSE(failed);
                     answer = std::move(got);
                   });
    io.restart();
    while (!answer && io.run_one_for(std::chrono::seconds{20}) > 0) continue;
    return answer.value_or(std::pair{0, json{}});
  }
  http::Task<std::pair<int, json>> answer_to(http::Request request, Asker who) {
    auto handled = service->handle(std::move(request), std::move(who));
    http::Response response = co_await std::move(handled);
    auto reading = http::read_all(*response.body, std::size_t{1} << 20);
    const std::string text = co_await std::move(reading);
    co_return std::pair{response.status, json::parse(text, nullptr, false)};
  }
  json upkeep() { return ask("GET", "/spaces/home/stats").second["upkeep"]; }
  void put(int count) {
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(ask("PUT", "/spaces/home/nodes/n" + std::to_string(i), {{"properties", {{"p", i}}}})
                    .first,
                200);
  }
  asio::io_context io;
  loop::SystemClock clock;
  std::optional<Service> service;
};

TEST_F(UpkeepService, LooksAfterItsSpacesByItselfAndStopsAtOnce) {
  start();
  put(60);
  for (int i = 0; i < 500 && !upkeep().contains("last"); ++i) io.run_for(milliseconds{20});
  const json kept = upkeep();
  ASSERT_TRUE(kept.contains("last")) << kept;
  EXPECT_EQ(kept["checkpoint"]["number"], 1);
  EXPECT_LT(kept["since_checkpoint"]["updates"], 50);
  put(3);
  const auto asked = ask("POST", "/spaces/home/upkeep");
  EXPECT_EQ(asked.first, 200) << asked.second;
  EXPECT_EQ(asked.second["checkpoint"], 2);
  EXPECT_EQ(ask("POST", "/spaces/home/upkeep").second["done"], false);
  EXPECT_EQ(ask("POST", "/spaces/home/upkeep", nullptr, bert).first, 403);
  EXPECT_EQ(ask("POST", "/spaces/none/upkeep").first, 404);

  // It ends in the middle of whatever it does, and the store can be opened again.
  for (int round = 0; round < 5; ++round) {
    put(60);
    asio::co_spawn(
        io,
        answer_to({.method = "POST", .target = "/api/graph/v1/spaces/home/upkeep"}, asker(anna)),
        [](const std::exception_ptr&, const auto&) {});
    io.restart();
    io.run_for(milliseconds{3 * round});
    const auto from = std::chrono::steady_clock::now();
    service.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds{2});
    start();
    EXPECT_EQ(ask("GET", "/spaces/home/nodes/n59").second["properties"]["p"]["value"], 59);
  }
  EXPECT_EQ(ask("POST", "/spaces/home/verify").second["ok"], true);
}

}  // namespace
}  // namespace hearth::graph_service
