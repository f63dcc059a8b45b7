#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hearth/sandbox/file.h>
#include <hearth/sandbox/testing.h>
#include <hearth/sandbox/tree.h>

namespace hearth::sandbox {
namespace {

class Tree : public ::testing::Test {
 protected:
  Tree() {
    testing::put(root_ + "/app.json", "{}");
    testing::put(root_ + "/rootfs/bin/app", "program");
    ::chmod((root_ + "/rootfs/bin/app").c_str(), 0755);
    std::filesystem::create_directories(root_ + "/rootfs/data");
    std::filesystem::create_symlink("bin/app", root_ + "/rootfs/link");
  }
  Digest digest() {
    const Fd fd{::open(root_.c_str(), O_RDONLY | O_DIRECTORY)};
    return tree_digest(fd.get());
  }
  TemporaryDirectory directory_;
  std::string root_ = directory_ / "app";
};

TEST_F(Tree, DigestChangesWithEveryPartOfIt) {
  const Digest before = digest();
  EXPECT_EQ(digest(), before);
  const auto differs = [&](auto change, auto undo) {
    change();
    EXPECT_NE(digest(), before);
    undo();
    EXPECT_EQ(digest(), before);
  };
  namespace fs = std::filesystem;
  const std::string app = root_ + "/rootfs/bin/app";
  differs([&] { testing::put(app, "Program"); }, [&] { testing::put(app, "program"); });
  differs([&] { ::chmod(app.c_str(), 0644); }, [&] { ::chmod(app.c_str(), 0755); });
  differs([&] { fs::rename(app, app + "2"); }, [&] { fs::rename(app + "2", app); });
  differs([&] { fs::create_directory(root_ + "/rootfs/more"); },
          [&] { fs::remove(root_ + "/rootfs/more"); });
  differs([&] { fs::remove(root_ + "/rootfs/data"); },
          [&] { fs::create_directory(root_ + "/rootfs/data"); });
  const std::string link = root_ + "/rootfs/link";
  differs(
      [&] {
        fs::remove(link);
        fs::create_symlink("bin/other", link);
      },
      [&] {
        fs::remove(link);
        fs::create_symlink("bin/app", link);
      });
}

TEST_F(Tree, RefusesDevicesPipesAndSetuidPrograms) {
  const std::string bad = root_ + "/rootfs/bad";
  ASSERT_EQ(::mkfifo(bad.c_str(), 0644), 0);
  EXPECT_THROW((void)digest(), Trouble);
  ::unlink(bad.c_str());
  testing::put(bad, "x");
  ::chmod(bad.c_str(), 04755);
  EXPECT_THROW((void)digest(), Trouble);
}

TEST_F(Tree, CopyHasTheSameDigestAndOrdinaryModes) {
  ::chmod((root_ + "/app.json").c_str(), 0600);
  const std::string to = directory_ / "copy";
  std::filesystem::create_directory(to);
  const Fd from{::open(root_.c_str(), O_RDONLY | O_DIRECTORY)};
  const Fd copy{::open(to.c_str(), O_RDONLY | O_DIRECTORY)};
  EXPECT_EQ(copy_tree(from.get(), copy.get()), digest());
  EXPECT_EQ(tree_digest(copy.get()), digest());
  struct stat status{};
  ASSERT_EQ(::stat((to + "/app.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
}

TEST(OwnDirectory, AdoptsNothingThatSomebodyElsePutThere) {
  TemporaryDirectory directory;
  const Fd top{::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY)};
  const Owner us{::geteuid(), ::getegid()};
  EXPECT_NO_THROW((void)own_directory(top.get(), "ours", us, 0700));
  EXPECT_NO_THROW((void)own_directory(top.get(), "ours", us, 0700)) << "again";
  std::filesystem::create_directory_symlink("/etc", directory / "link");
  EXPECT_THROW((void)own_directory(top.get(), "link", us, 0700), Trouble);
  testing::put(directory / "file", "x");
  EXPECT_THROW((void)own_directory(top.get(), "file", us, 0700), Trouble);
  EXPECT_THROW((void)own_directory(top.get(), "ours", Owner{us.uid + 1, us.gid}, 0700), Trouble);
}

TEST(OpenBeneath, NeverLeavesItsDirectory) {
  TemporaryDirectory directory;
  testing::put(directory / "in/file", "x");
  std::filesystem::create_symlink("/etc/passwd", directory / "in/link");
  std::filesystem::create_symlink("file", directory / "in/inner");
  const Fd in{::open((directory / "in").c_str(), O_RDONLY | O_DIRECTORY)};
  EXPECT_TRUE(Fd{open_beneath(in.get(), "file", O_RDONLY)});
  for (const char* path : {"link", "inner", "../in/file", "/etc/passwd", "..", "/proc/self/fd/0"})
    EXPECT_FALSE(Fd{open_beneath(in.get(), path, O_RDONLY)}) << path;
}

TEST(RemoveTree, DeletesLinksAndNotWhatTheyPointTo) {
  TemporaryDirectory directory;
  testing::put(directory / "keep/file", "x");
  std::filesystem::create_directories(directory / "gone/deep");
  std::filesystem::create_directory_symlink(directory / "keep", directory / "gone/deep/link");
  const Fd top{::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY)};
  remove_tree(top.get(), "gone");
  remove_tree(top.get(), "gone");
  EXPECT_FALSE(std::filesystem::exists(directory / "gone"));
  EXPECT_TRUE(std::filesystem::exists(directory / "keep/file"));
}

}  // namespace
}  // namespace hearth::sandbox
