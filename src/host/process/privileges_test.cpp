#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hearth/process/privileges.h>

namespace hearth::process {
namespace {

/// What `inside` writes, run in a child of its own.
template <class F>
std::string in_child(F inside) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = inside();
    const bool whole =
        ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(whole ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text(65536, '\0');
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

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
