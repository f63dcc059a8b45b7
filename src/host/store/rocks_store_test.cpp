#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/store/rocks_store.h>

namespace hearth::store {
namespace {

using storage::Batch;

class RocksStoreTest : public testing::Test {
 protected:
  RocksStore open() { return std::move(RocksStore::open(directory / "db").value()); }

  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path();
};

std::vector<std::string> keys(const RocksStore& store, std::string_view prefix) {
  std::vector<std::string> found;
  EXPECT_TRUE(store.scan(prefix, [&](std::string_view key, BytesView) {
    found.emplace_back(key);
    return true;
  }));
  return found;
}

TEST_F(RocksStoreTest, KeepsWhatWasWrittenAcrossReopening) {
  {
    RocksStore store = open();
    ASSERT_TRUE(store.put("a", to_bytes("1")));
    ASSERT_TRUE(store.put("b", {}));
    ASSERT_TRUE(store.erase("a"));
  }
  const RocksStore store = open();
  EXPECT_EQ(store.get("a").value(), std::nullopt);
  EXPECT_EQ(store.get("b").value(), Bytes{});
}

TEST_F(RocksStoreTest, ScansAPrefixInOrderAndStopsWhenTold) {
  RocksStore store = open();
  Batch batch;
  for (const char* key : {"q/2", "p/2", "p/1", "p0", "p/", "o"}) batch.put(key, to_bytes("x"));
  batch.put(std::string{"p/\xff", 3}, to_bytes("x"));
  ASSERT_TRUE(store.write(batch));
  EXPECT_EQ(keys(store, "p/"),
            (std::vector<std::string>{"p/", "p/1", "p/2", std::string{"p/\xff", 3}}));
  int visited = 0;
  ASSERT_TRUE(store.scan("p/", [&](std::string_view, BytesView) { return ++visited < 2; }));
  EXPECT_EQ(visited, 2);
}

TEST_F(RocksStoreTest, ABatchIsInOrderAndWhole) {
  RocksStore store = open();
  Batch batch;
  batch.put("a", to_bytes("1"));
  batch.erase("a");
  batch.put("b", to_bytes("2"));
  ASSERT_TRUE(store.write(batch));
  EXPECT_EQ(keys(store, ""), std::vector<std::string>{"b"});
}

TEST_F(RocksStoreTest, S9TheDatabaseIsItsOwnersAlone) {
  const RocksStore store = open();
  struct stat info{};
  ASSERT_EQ(stat((directory / "db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
}

TEST_F(RocksStoreTest, ASecondProcessIsRefused) {
  const RocksStore store = open();
  EXPECT_FALSE(RocksStore::open(directory / "db"));
}

TEST_F(RocksStoreTest, AnUnusableDirectoryIsAnError) {
  EXPECT_FALSE(RocksStore::open("/proc/no/such/place"));
}

// The child writes batch after batch and reports each one that was acknowledged; it is killed in
// the middle. Whatever was acknowledged must be there, and no batch by half.
TEST_F(RocksStoreTest, AcknowledgedWritesSurviveKillAndBatchesAreNeverHalf) {
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      auto store = RocksStore::open(directory / "db");
      if (!store) _exit(1);
      for (std::uint32_t i = 0;; ++i) {
        const std::string name = std::to_string(round) + "/" + std::to_string(i);
        Batch batch;
        batch.put("left/" + name, Bytes(100));
        batch.put("right/" + name, Bytes(100));
        if (!store->write(batch)) _exit(1);
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
    }
    close(pipe_ends[1]);
    // Killed at another point of its work each round, after at least one acknowledgement.
    std::uint32_t acknowledged = 0;
    std::uint32_t last = 0;
    for (int reads = 0; reads <= round * 7; ++reads) {
      ASSERT_EQ(read(pipe_ends[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
      last = acknowledged;
    }
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
      last = acknowledged;
    close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    const RocksStore store = open();
    const std::string prefix = std::to_string(round) + "/";
    for (std::uint32_t i = 0; i <= last; ++i)
      ASSERT_TRUE(store.get("left/" + prefix + std::to_string(i)).value().has_value()) << i;
    ASSERT_EQ(keys(store, "left/" + prefix).size(), keys(store, "right/" + prefix).size());
  }
}

}  // namespace
}  // namespace hearth::store
