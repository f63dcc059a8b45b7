#include <gtest/gtest.h>
#include <sys/stat.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/rocks/database.h>
#include <hearth/rocks/full_disk_for_test.h>

namespace hearth::rocks {
namespace {

std::string read(rocksdb::DB& db, const std::string& key) {
  std::string value;
  EXPECT_TRUE(db.Get({}, key, &value).ok());
  return value;
}

TEST(RocksDatabase, IsItsOwnersAloneAndOneAtATime) {
  const TemporaryDirectory scratch;
  const auto db = open(scratch / "db", {});
  ASSERT_TRUE(db) << db.error();
  struct stat info{};
  ASSERT_EQ(stat((scratch / "db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  EXPECT_FALSE(open(scratch / "db", {}));
  EXPECT_FALSE(open("/proc/nowhere/db", {}));
}

TEST(RocksDatabase, AFullDiskIsAnErrorAndNeverTheEndOfTheProcess) {
  const TemporaryDirectory scratch;
  {
    auto db = open(scratch / "db", {});
    ASSERT_TRUE(db) << db.error();
    ASSERT_TRUE((*db)->Put({}, "a", "before").ok());
    const FullDisk full;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE((*db)->Put({}, "a", "during").ok());
    EXPECT_EQ(read(**db, "a"), "before");
    db->reset();
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(open(scratch / "db", {}));
    EXPECT_FALSE(open(scratch / "another", {}));
  }
  const auto db = open(scratch / "db", {});
  ASSERT_TRUE(db) << db.error();
  EXPECT_EQ(read(**db, "a"), "before");
  EXPECT_TRUE((*db)->Put({}, "a", "after").ok());
}

}  // namespace
}  // namespace hearth::rocks
