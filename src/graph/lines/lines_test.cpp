#include <random>

#include <gtest/gtest.h>

#include <hearth/graph_lines/transfer.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/replica/world_for_test.h>
#include <hearth/update/samples_for_test.h>

namespace hearth::graph_lines {
namespace {

using replica::Replica;
using replica::testing::beginning;
using replica::testing::day_ms;
using replica::testing::deliver;
using replica::testing::Space;
using namespace std::string_literals;

std::string exported(Replica& replica) {
  std::string text;
  Exporter exporter{replica};
  while (const auto line = *exporter.next()) text += *line;
  return text;
}

struct Copy {
  graph_store::MemoryStore store;
  std::unique_ptr<Replica> replica;
  Imported imported;
  std::vector<std::pair<std::uint64_t, ImportError>> refused;

  explicit Copy(std::string_view text, std::size_t chunk = 1000, Timestamp now = beginning) {
    const auto space = space_of(text.substr(0, text.find('\n')));
    EXPECT_TRUE(space);
    if (!space) return;
    replica = std::move(*Replica::open(store, "copy/", *space, now));
    Importer importer{
        *replica, [&](std::uint64_t line, ImportError why) { refused.emplace_back(line, why); }};
    for (std::size_t at = 0; at < text.size(); at += chunk)
      EXPECT_TRUE(importer.feed(text.substr(at, chunk)));
    imported = *importer.finish();
  }
};

// Forks, removed members, void and unknown updates, checkpoints, purges.
TEST(Lines, AnySpaceComesBackByteForByte) {
  std::size_t lines = 0;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    Bytes noise(3000);
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    replica::testing::Choices choices{noise};
    replica::testing::World world{choices};
    world.run(3000);
    world.settle();
    Replica& replica = *world.places().front().replica;
    const std::string text = exported(replica);
    Copy copy{text, 1 + random() % 5000, replica.now()};
    EXPECT_TRUE(copy.imported.complete);
    EXPECT_EQ(exported(*copy.replica), text);
    EXPECT_TRUE(equal(*copy.replica->canonical_state(), world.state()));
    lines += copy.imported.lines;
  }
  EXPECT_GT(lines, 1500U);
}

/// One author who wrote one of everything.
struct Diary {
  Space space{1};
  graph_store::MemoryStore store;
  std::unique_ptr<Replica> replica = std::move(*Replica::open(store, "s/", space.id, beginning));
  Timestamp now = beginning;

  Diary() { deliver(*replica, space.founding()); }
  void write(const auto& edit) {
    now.ms += 1;
    auto draft = replica->draft(update::author_of(space.devices[0].public_key()), now);
    edit(*draft);
    ASSERT_TRUE(replica->write(*draft, space.devices[0], space.certificates[0]));
  }
};

TEST(Lines, SayWhatWasWrittenAsAPersonWouldLookForIt) {
  Diary diary;
  diary.write([](replica::Draft& draft) {
    (void)draft.put("album/1", "title", "Sea \"and\" sun\n"s);
    (void)draft.put("album/1", "cover", model::Link{"photo/1"});
    (void)draft.put("album/1", "raw", to_bytes("\x01"));
    (void)draft.add("album/1", "views", -3);
    (void)draft.include("album/1", "tags", "sea"s, {{"by", 1.5}});
    (void)draft.insert("album/1", "order", 0, {1.0, model::Null{}, true});
    (void)draft.remove("album/2");
  });
  diary.write([](replica::Draft& draft) {
    (void)draft.exclude("album/1", "tags", "sea"s);
    (void)draft.erase("album/1", "order", 1, 2);
    (void)draft.remove("album/1", "title");
  });
  const std::string text = exported(*diary.replica);
  const std::string first =
      R"("body":{"state":1763731139001,"changes":{"album/1":[["put","title","Sea \"and\" sun\n"],)"
      R"(["put","cover",{"#":"photo/1"}],["put","raw",{"bytes":"AQ"}],["add","views",-3],)"
      R"(["include","tags","sea",{"by":1.5}],["insert","order",null,"right",[1,null,true]]],)"
      R"("album/2":[["delete"]]}}})";
  const std::string second = R"("changes":{"album/1":[["exclude","tags","sea",[[0,1,4]]],)"
                             R"(["erase","order",[[0,1,6,2]]],["delete","title"]]}}})";
  EXPECT_NE(text.find(first + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find(second + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[\"found\",\"protected\","), std::string::npos);
  EXPECT_TRUE(text.ends_with("\n{\"end\":4}\n"));
  EXPECT_EQ(exported(*Copy{text}.replica), text);
}

TEST(Lines, ABodyThatIsNotHeldIsNamedByItsHash) {
  Diary diary;
  diary.write([](replica::Draft& draft) { (void)draft.put("a", "x", 1.0); });
  graph_store::MemoryStore store;
  auto headers = std::move(*Replica::open(store, "s/", diary.space.id, beginning));
  deliver(*headers, diary.space.founding());
  const auto* record = diary.replica->ledger().find_log(0)->head();
  auto update = *diary.replica->update_of(*record);
  update.body = std::nullopt;
  ASSERT_TRUE(headers->add(update::VerifiedUpdate::trusted(update), diary.space.certificates[0]));
  const std::string text = exported(*headers);
  EXPECT_NE(text.find("\"hash\":"), std::string::npos);
  EXPECT_EQ(text.find("\"body\":"), std::string::npos);
  Copy copy{text};
  EXPECT_TRUE(copy.imported.complete);
  EXPECT_EQ(exported(*copy.replica), text);
}

TEST(Lines, WhatIsWrongIsNamedByItsLineAndTheRestIsTaken) {
  Diary diary;
  for (int i = 0; i < 5; ++i)
    diary.write([&](replica::Draft& draft) { (void)draft.put("a", "x", static_cast<double>(i)); });
  std::vector<std::string> lines;
  for (const std::string text = exported(*diary.replica); const char c : text) {
    if (lines.empty() || lines.back().ends_with('\n')) lines.emplace_back();
    lines.back() += c;
  }
  ASSERT_EQ(lines.size(), 8U);  // begin, entry, five updates, end
  const auto refused = [&](std::size_t line, const std::string& instead) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) text += i == line ? instead : lines[i];
    return Copy{text}.refused;
  };
  using Refused = std::vector<std::pair<std::uint64_t, ImportError>>;
  const auto with = [](std::string line, std::string_view from, std::string_view to) {
    return line.replace(line.find(from), from.size(), to);
  };
  EXPECT_EQ(refused(9, ""), Refused{});
  EXPECT_EQ(refused(6, "nonsense\n"), (Refused{{7, ImportError::malformed}}));
  EXPECT_EQ(refused(6, std::string(max_line_size + 1, ' ') + "\n"),
            (Refused{{7, ImportError::too_long}}));
  EXPECT_EQ(refused(6, with(lines[6], "[\"put\",\"x\",4]", "[\"put\",\"x\",9]")),
            (Refused{{7, ImportError::bad_signature}}));
  EXPECT_EQ(refused(5, with(lines[5], "\"seq\":4", "\"seq\":3")),
            (Refused{{6, ImportError::bad_signature}, {7, ImportError::waiting}}));
  EXPECT_EQ(refused(7, ""), (Refused{{8, ImportError::cut_short}}));
  EXPECT_EQ(refused(6, lines[0] + lines[6]), (Refused{{7, ImportError::out_of_place},
                                                      {9, ImportError::out_of_place},
                                                      {10, ImportError::cut_short}}));
  EXPECT_EQ(space_of("{\"hearth-graph\":2,\"space\":\"\"}"), Failure{LineError::wrong_version});
}

// What is left after space was taken back is a whole space, by the digest that the home signed.
TEST(Lines, ASpaceThatTookSpaceBackIsLoadedAndProved) {
  Diary diary;
  for (int i = 0; i < 50; ++i)
    diary.write([&](replica::Draft& draft) {
      (void)draft.put("a", "x", static_cast<double>(i));
      (void)draft.add("a", "n", 1);
      if (i % 10 == 0) (void)draft.insert("a", "l", 0, {static_cast<double>(i)});
      if (i == 35) (void)draft.erase("a", "l", 1, 2);
      if (i == 20) (void)draft.remove("a", "n");
    });
  diary.now.ms += 40 * day_ms;
  const auto checkpoint = diary.replica->checkpoint(diary.space.home, diary.now);
  ASSERT_TRUE(checkpoint);
  diary.now.ms += day_ms;
  diary.write([](replica::Draft& draft) { (void)draft.put("b", "x", 1.0); });
  const std::string whole = exported(*diary.replica);
  const Bytes state = *diary.replica->canonical_state();
  EXPECT_EQ(diary.replica->reclaim(),
            18U);  // sums that were deleted; what list elements hang from stays
  const std::string text = exported(*diary.replica);
  EXPECT_LT(text.size(), whole.size());

  const Copy copy{text, 1000, diary.now};
  EXPECT_TRUE(copy.imported.complete);
  EXPECT_TRUE(equal(*copy.replica->canonical_state(), state));
  EXPECT_EQ(exported(*copy.replica), text);
  // An update that is missing and should not be.
  std::string less = text;
  const std::size_t line = less.find("\"seq\":45,");
  const std::size_t begin = less.rfind('\n', line) + 1;
  less.erase(begin, less.find('\n', line) + 1 - begin);
  const std::size_t end = less.rfind(":");
  less.replace(end + 1, less.find('}', end) - end - 1, std::to_string(copy.imported.lines - 2));
  const Copy without{less, 1000, diary.now};
  using Refused = std::vector<std::pair<std::uint64_t, ImportError>>;
  EXPECT_EQ(without.refused, (Refused{{copy.imported.lines - 1, ImportError::unproved}}));
}

TEST(Lines, AnImportIntoAnotherSpaceTakesNothing) {
  Diary diary;
  diary.write([](replica::Draft& draft) { (void)draft.put("a", "x", 1.0); });
  graph_store::MemoryStore store;
  auto other = std::move(*Replica::open(store, "s/", Space{2}.id, beginning));
  std::size_t refused = 0;
  Importer importer{*other, [&](std::uint64_t, ImportError) { ++refused; }};
  ASSERT_TRUE(importer.feed(exported(*diary.replica)));
  const auto imported = *importer.finish();
  EXPECT_EQ(imported.added, 0U);
  EXPECT_FALSE(imported.complete);
  EXPECT_EQ(imported.refused, refused);
}

TEST(Lines, StatementsAndUpdatesOfEveryShapeRoundTrip) {
  using namespace update::testing;
  const auto key = update::testing::key_of(1);
  update::Update complete{
      .header = sample_header(), .signature = {}, .body = sample_body().encode()};
  complete.header.body = update::hash_of(*complete.body);
  update::Update later = complete;  // an operation of a later version
  later.body = *from_hex("850100f6808182617381820800");
  later.header.body = update::hash_of(*later.body);
  update::Update sealed = complete;
  sealed.header.epoch = 7;
  update::Update broken = complete;
  broken.body = to_bytes("broken");
  broken.header.body = update::hash_of(*broken.body);
  const model::SpaceId space = complete.header.space;
  update::Entry entry = sample_entry();
  entry.space = space;
  const std::vector<Line> lines{
      Beginning{space},
      EntryLine{update::sign(sample_first(), key)},
      EntryLine{update::sign(entry, key)},
      CheckpointLine{update::sign(sample_checkpoint(), key)},
      UpdateLine{complete, to_bytes("certificate")},
      UpdateLine{later, {}},
      UpdateLine{sealed, {}},
      UpdateLine{broken, {}},
      End{7},
  };
  for (const Line& line : lines) {
    const std::string text = write_line(line);
    EXPECT_EQ(read_line(text, space), line) << text;
    for (std::size_t size = 0; size < text.size(); ++size)
      EXPECT_FALSE(read_line(std::string_view{text}.substr(0, size), space));
  }
}

}  // namespace
}  // namespace hearth::graph_lines
