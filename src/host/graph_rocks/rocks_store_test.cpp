#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/graph_rocks/committer.h>
#include <hearth/graph_rocks/power_cut_for_test.h>
#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/graph_store/faulty_store.h>

namespace hearth::graph_rocks {
namespace {

using graph_store::Batch;
using graph_store::Range;
using graph_store::StoreError;

class GraphRocks : public testing::Test {
 protected:
  RocksStore open() { return std::move(RocksStore::open(directory / "db").value()); }

  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path();
};

Batch one(std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(key, as_bytes(value));
  return batch;
}

std::vector<std::string> keys(const graph_store::Store& store, const Range& range) {
  std::vector<std::string> found;
  EXPECT_TRUE(store.scan(range, [&](std::string_view key, BytesView) {
    found.emplace_back(key);
    return true;
  }));
  return found;
}

// The same questions to both: the memory store is what the cores are tested on.
TEST_F(GraphRocks, AnswersAsTheMemoryStoreDoes) {
  RocksStore rocks = open();
  graph_store::MemoryStore memory;
  const std::string high{"b\xff", 2};
  for (graph_store::Store* store :
       {static_cast<graph_store::Store*>(&rocks), static_cast<graph_store::Store*>(&memory)}) {
    Batch batch;
    for (const std::string_view key : {std::string_view{"a"}, std::string_view{"b"},
                                       std::string_view{high}, std::string_view{"c\0d", 3}})
      batch.put(key, as_bytes("x"));
    batch.put("gone", as_bytes("x"));
    batch.erase("gone");
    ASSERT_TRUE(store->write(batch));
    EXPECT_EQ(store->durable().value(), 0u);
    ASSERT_EQ(store->sync().value().value(), 1u);
    EXPECT_EQ(store->durable().value(), 1u);
    EXPECT_EQ(store->get("a").value(), to_bytes("x"));
    EXPECT_EQ(store->get("gone").value(), std::nullopt);
    const std::vector<std::string_view> asked{"c", "b"};
    EXPECT_EQ(store->get_many(asked).value(),
              (std::vector<std::optional<Bytes>>{std::nullopt, to_bytes("x")}));
  }
  for (const auto order : {Range::Order::ascending, Range::Order::descending})
    for (const char* from : {"", "a", "b", "bb", "z"})
      for (const char* to : {"", "b", "c", "d", "a"})
        EXPECT_EQ(keys(rocks, {from, to, order}), keys(memory, {from, to, order}))
            << from << " to " << to;
}

TEST_F(GraphRocks, IsItsOwnersAlone) {
  const RocksStore store = open();
  struct stat info{};
  ASSERT_EQ(stat((directory / "db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  EXPECT_FALSE(RocksStore::open(directory / "db"));
}

TEST_F(GraphRocks, NamesABitThatTurnedOnTheDisk) {
  {
    RocksStore store = open();
    for (int i = 0; i < 1000; ++i)
      ASSERT_TRUE(store.write(one("key" + std::to_string(i), std::string(100, 'v'))));
  }
  {
    RocksStore store = open();
  }  // the log becomes a table
  bool flipped = false;
  for (const auto& file : std::filesystem::directory_iterator{directory / "db"}) {
    if (file.path().extension() != ".sst") continue;
    std::fstream stream{file.path(), std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(20);
    const char before = static_cast<char>(stream.peek());
    stream.put(static_cast<char>(before ^ 1));
    flipped = true;
  }
  ASSERT_TRUE(flipped);
  RocksStore store = open();
  EXPECT_EQ(store.get("key0"), Failure{StoreError::corrupt});
  EXPECT_EQ(store.verify_checksums(), Failure{StoreError::corrupt});
}

TEST_F(GraphRocks, ACheckpointIsTheStoreOfThatMoment) {
  RocksStore store = open();
  ASSERT_TRUE(store.write(one("before", "1")));
  ASSERT_TRUE(store.checkpoint(directory / "copy"));
  ASSERT_TRUE(store.write(one("after", "1")));
  RocksStore copy = std::move(RocksStore::open(directory / "copy").value());
  EXPECT_EQ(keys(copy, {}), std::vector<std::string>{"before"});
  EXPECT_TRUE(copy.verify_checksums());
}

TEST_F(GraphRocks, CommitsInOrderAndSharesSyncs) {
  RocksStore store = open();
  boost::asio::io_context io;
  const auto work = boost::asio::make_work_guard(io);
  std::vector<int> done;
  {
    Committer committer{io.get_executor(), store};
    for (int i = 0; i < 100; ++i)
      committer.commit(one("key", std::to_string(i)), [&done, i](Result<Unit, StoreError> result) {
        EXPECT_TRUE(result);
        done.push_back(i);
      });
    while (done.size() < 100) io.run_one();
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(store.get("key").value(), to_bytes("99"));
  EXPECT_EQ(store.durable().value(), 100u);
}

TEST_F(GraphRocks, SaysThatACommitFailed) {
  graph_store::FaultyStore store;
  store.set_capacity(10);
  boost::asio::io_context io;
  const auto work =
      boost::asio::require(io.get_executor(), boost::asio::execution::outstanding_work.tracked);
  Committer committer{io.get_executor(), store};
  std::optional<Result<Unit, StoreError>> result;
  committer.commit(one("key", "more than ten bytes"), [&](auto got) { result = got; });
  while (!result) io.run_one();
  EXPECT_EQ(*result, Failure{StoreError::full});
}

TEST_F(GraphRocks, AcknowledgedCommitsSurviveKill) {
  for (int round = 0; round < 3; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      auto store = RocksStore::open(directory / "db");
      if (!store) _exit(1);
      for (std::uint32_t i = 0;; ++i) {
        Batch batch;
        for (const char* side : {"left/", "right/"})
          batch.put(side + std::to_string(round) + "/" + std::to_string(i), Bytes(100));
        if (!store->write(batch) || !store->sync()) _exit(1);
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
    }
    close(pipe_ends[1]);
    std::uint32_t last = 0;
    for (int reads = 0; reads <= 5 + round * 7; ++reads)
      ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    kill(child, SIGKILL);
    std::uint32_t more = 0;
    while (read(pipe_ends[0], &more, sizeof more) == sizeof more) last = more;
    close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const RocksStore store = open();
    const std::string prefix = std::to_string(round) + "/";
    for (std::uint32_t i = 0; i <= last; ++i)
      ASSERT_TRUE(store.get("left/" + prefix + std::to_string(i)).value()) << i;
    ASSERT_EQ(keys(store, graph_store::prefix_range("left/" + prefix)).size(),
              keys(store, graph_store::prefix_range("right/" + prefix)).size());
  }
}

// Batches of two records, some synced; then the power goes, in the middle of the log or of a
// flush. What was synced is there, no batch is there by half, and none without those before it.
TEST_F(GraphRocks, SyncedWritesSurvivePowerCuts) {
  const auto disk = std::make_shared<PowerCutFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  std::mt19937_64 random{11};
  int next = 0;
  int durable = 0;
  for (int round = 0; round < 25; ++round) {
    {
      // Small memtables: tables and manifests are written while the power goes, too.
      auto store =
          RocksStore::open(directory / "db", {.memtable_bytes = 1 << 16, .env = env.get()});
      ASSERT_TRUE(store) << round << ": " << store.error().message;
      std::vector<int> found;
      ASSERT_TRUE(
          store->scan(graph_store::prefix_range("left/"), [&](std::string_view key, BytesView) {
            found.push_back(std::stoi(std::string{key.substr(5)}));
            return true;
          }));
      ASSERT_GE(static_cast<int>(found.size()), durable) << round;
      ASSERT_EQ(keys(*store, graph_store::prefix_range("right/")).size(), found.size()) << round;
      for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], static_cast<int>(i));
      next = static_cast<int>(found.size());
      const int writes = static_cast<int>(random() % 60);
      for (int i = 0; i < writes; ++i) {
        std::string number = std::to_string(next++);
        number.insert(0, 8 - number.size(), '0');
        Batch batch;
        batch.put("left/" + number, Bytes(random() % 2000));
        batch.put("right/" + number, Bytes(random() % 2000));
        ASSERT_TRUE(store->write(batch));
        if (random() % 4 != 0) continue;
        ASSERT_TRUE(store->sync());
        durable = next;
      }
      disk->fail();
    }
    disk->cut(random);
  }
  EXPECT_GT(durable, 200);
}

// The log is written by what the disk has room for; what didn't fit was never acknowledged.
TEST_F(GraphRocks, AFailingDiskIsAnErrorAndLosesNothing) {
  const auto disk = std::make_shared<PowerCutFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  {
    auto store = RocksStore::open(directory / "db", {.env = env.get()});
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(one("a", "1")));
    ASSERT_TRUE(store->sync());
    disk->fail();
    EXPECT_FALSE(store->write(one("b", "1")) && store->sync());
    EXPECT_EQ(store->get("a").value(), to_bytes("1"));
  }
  std::mt19937_64 random{1};
  disk->cut(random);
  const RocksStore store = open();
  EXPECT_EQ(keys(store, {}), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace hearth::graph_rocks
