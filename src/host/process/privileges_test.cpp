#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/process/privileges.h>
#include <hearth/process/test_child.h>

namespace hearth::process {
namespace {

TEST(Privileges, AreGoneForGood) {
  ASSERT_TRUE(is_root()) << "run the tests as root";
  const std::string status = in_child([] {
    become({.uid = 64999, .gid = 64999});
    std::ifstream file{"/proc/self/status"};
    std::stringstream text;
    text << file.rdbuf() << "back:" << (::setuid(0) == 0 ? "yes" : "no");
    return text.str();
  });
  EXPECT_NE(status.find("Uid:\t64999\t64999\t64999\t64999"), std::string::npos) << status;
  EXPECT_NE(status.find("Gid:\t64999\t64999\t64999\t64999"), std::string::npos);
  EXPECT_NE(status.find("Groups:\t \n"), std::string::npos);
  for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_NE(status.find(std::string{set} + ":\t0000000000000000"), std::string::npos) << set;
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(status.find("back:no"), std::string::npos);
}

TEST(Privileges, AnUnknownUserIsAnUnprivilegedUid) {
  const Account account = account_of("no-such-user-here");
  EXPECT_TRUE(account.fallback);
  EXPECT_GT(account.uid, 1000U);
  EXPECT_FALSE(account_of("root").fallback);
}

TEST(HandOver, GivesEverythingButTheAppsAndFollowsNoLink) {
  ASSERT_TRUE(is_root()) << "run the tests as root";
  const std::filesystem::path dir = std::filesystem::path{::testing::TempDir()} / "hand-over";
  std::filesystem::create_directories(dir / "apps/files");
  std::filesystem::create_directories(dir / "sandbox/apps");
  std::filesystem::create_directories(dir / "db");
  std::ofstream{dir / "db/file"} << "x";
  std::ofstream{::testing::TempDir() + "outside"} << "x";
  std::filesystem::create_symlink(::testing::TempDir() + "outside", dir / "db/link");
  hand_over(dir.string(), {.uid = 64999, .gid = 64999});
  const auto owner = [](const std::filesystem::path& path) {
    struct stat info{};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info.st_uid;
  };
  EXPECT_EQ(owner(dir), 64999U);
  EXPECT_EQ(owner(dir / "db/file"), 64999U);
  EXPECT_EQ(owner(dir / "db/link"), 64999U);
  EXPECT_EQ(owner(::testing::TempDir() + "outside"), 0U);
  EXPECT_EQ(owner(dir / "apps"), 64999U);
  EXPECT_EQ(owner(dir / "apps/files"), 0U);
  EXPECT_EQ(owner(dir / "sandbox"), 0U);
  EXPECT_EQ(owner(dir / "sandbox/apps"), 0U);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace hearth::process
