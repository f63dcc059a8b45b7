#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "test_box.h"
#include <hearth/appliance/file.h>
#include <hearth/appliance/keys.h>

namespace hearth::appliance {
namespace {

class KeysTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  SeededEntropy entropy{1};
  Keys open() { return Keys::open(directory.path(), entropy, Timestamp::from_seconds(1000)); }
  std::filesystem::path file(std::string_view name) const { return directory.path() / name; }
};

TEST_F(KeysTest, A4TheFirstStartMakesAKeyAndTheSecondKeepsIt) {
  const Keys first = open();
  const Keys second = open();
  EXPECT_EQ(first.root(), second.root());
  EXPECT_EQ(first.peer_id(), second.peer_id());
  EXPECT_EQ(first.host_certificate(), second.host_certificate());
  EXPECT_EQ(first.opaque().encode(), second.opaque().encode());
  EXPECT_EQ(first.certificate().epoch, 1u);
  EXPECT_EQ(first.certificate().not_before, 1000u);
  EXPECT_EQ(identity::HostCertificate::verify(first.host_certificate())->root, first.root());
}

TEST_F(KeysTest, FilesAreTheOwnersAlone) {
  (void)open();
  ASSERT_EQ(chmod(file("host.key").c_str(), 0644), 0);
  (void)open();
  for (const char* name : {"root.key", "root.pub", "host.key", "opaque.key"}) {
    struct stat info{};
    ASSERT_EQ(stat(file(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777u, 0600u) << name;
  }
}

TEST_F(KeysTest, ForgettingTheRootKeyLeavesTheRest) {
  Keys keys = open();
  const auto words = keys.recovery_words();
  ASSERT_TRUE(words);
  keys.forget_root_key();
  EXPECT_FALSE(std::filesystem::exists(file("root.key")));
  EXPECT_FALSE(keys.recovery_words());
  const Keys again = open();
  EXPECT_FALSE(again.root_key_is_here());
  EXPECT_EQ(again.root(), keys.root());
  EXPECT_EQ(again.host_certificate(), keys.host_certificate());
}

TEST_F(KeysTest, RotationMakesANewHostUnderTheNextEpochOfTheSameRoot) {
  Keys keys = open();
  std::string words;
  const auto shown = keys.recovery_words();
  for (const auto word : *shown) words += std::string{word} + " ";
  keys.forget_root_key();
  const auto old = keys.peer_id();

  const auto seed = identity::seed_from_words(words);
  const auto root_key = crypto::Ed25519PrivateKey::from_seed(seed->bytes());
  keys.rotate_host_key(*root_key, entropy, Timestamp::from_seconds(5000));
  EXPECT_NE(keys.peer_id(), old);
  EXPECT_EQ(keys.certificate().epoch, 2u);
  EXPECT_EQ(keys.certificate().root, keys.root());
  EXPECT_EQ(open().host_certificate(), keys.host_certificate());
  EXPECT_THROW(keys.rotate_host_key(crypto::Ed25519PrivateKey::generate(entropy), entropy,
                                    Timestamp::from_seconds(1)),
               KeysError);
}

TEST_F(KeysTest, AFirstStartThatWasCutOffIsTakenUp) {
  const auto root = open().root();
  std::filesystem::remove(file("host.key"));
  std::filesystem::remove(file("opaque.key"));
  std::filesystem::remove(file("root.pub"));
  std::ofstream{file("host.key.new")} << "half of it";
  EXPECT_EQ(open().root(), root);
  EXPECT_EQ(open().root(), root);
}

TEST_F(KeysTest, NothingMissingOrDamagedIsMadeAnewLater) {
  (void)open();
  const auto put_back = [&](const char* name, auto harm) {
    const auto kept = read_private(file(name), 4096);
    harm(file(name));
    EXPECT_THROW((void)open(), KeysError) << name;
    write_private(file(name), *kept);
    EXPECT_NO_THROW((void)open()) << name;
  };
  put_back("opaque.key", [](const auto& path) { std::filesystem::remove(path); });
  for (const char* name : {"opaque.key", "host.key", "root.key", "root.pub"})
    put_back(name, [](const auto& path) { std::ofstream{path} << "rubbish"; });

  // The host key of another root.
  TemporaryDirectory other;
  SeededEntropy entropy2{2};
  (void)Keys::open(other.path(), entropy2, Timestamp::from_seconds(1));
  std::filesystem::copy_file(other.path() / "host.key", file("host.key"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THROW((void)open(), KeysError);
}

TEST_F(KeysTest, LosingHostAndRootIsAnErrorAndNotANewAppliance) {
  open().forget_root_key();
  std::filesystem::remove(file("host.key"));
  EXPECT_THROW((void)open(), KeysError);
}

}  // namespace
}  // namespace hearth::appliance
