#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hearth/appliance/file.h>

namespace hearth::appliance {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw std::system_error{errno, std::generic_category(), what + " " + path.string()};
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : path_(path) {
    value_ = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return value_ >= 0; }
  [[nodiscard]] int value() const { return value_; }

  void write(BytesView content) {
    while (!content.empty()) {
      const ssize_t written = ::write(value_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("can't write", path_);
      content = content.subspan(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    if (::fsync(value_) != 0) fail("can't sync", path_);
  }

 private:
  std::filesystem::path path_;
  int value_ = -1;
};

void sync_directory(const std::filesystem::path& directory) {
  Descriptor descriptor{directory, O_RDONLY | O_DIRECTORY};
  if (!descriptor.is_open()) fail("can't open", directory);
  descriptor.sync();
}

}  // namespace

void write_private(const std::filesystem::path& path, BytesView content) {
  std::filesystem::path beside = path;
  beside += ".new";
  {
    // What an earlier crash left may have other rights: start from nothing.
    if (::unlink(beside.c_str()) != 0 && errno != ENOENT) fail("can't remove", beside);
    Descriptor descriptor{beside, O_WRONLY | O_CREAT | O_EXCL};
    if (!descriptor.is_open()) fail("can't create", beside);
    descriptor.write(content);
    descriptor.sync();
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) fail("can't rename", beside);
  sync_directory(path.parent_path());
}

std::optional<Bytes> read_private(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor descriptor{path, O_RDONLY};
  if (!descriptor.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    fail("can't open", path);
  }
  struct stat info{};
  if (::fstat(descriptor.value(), &info) != 0) fail("can't look at", path);
  if ((info.st_mode & 077) != 0 && ::fchmod(descriptor.value(), 0600) != 0)
    fail("can't make private", path);
  Bytes content(limit + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(descriptor.value(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("can't read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) throw std::length_error{path.string() + " is too large to be what it should"};
  content.resize(size);
  return content;
}

void wipe_file(const std::filesystem::path& path) {
  {
    Descriptor descriptor{path, O_WRONLY};
    if (!descriptor.is_open()) {
      if (errno == ENOENT) return;
      fail("can't open", path);
    }
    struct stat info{};
    if (::fstat(descriptor.value(), &info) != 0) fail("can't look at", path);
    descriptor.write(Bytes(static_cast<std::size_t>(info.st_size)));
    descriptor.sync();
  }
  if (::unlink(path.c_str()) != 0) fail("can't remove", path);
  sync_directory(path.parent_path());
}

}  // namespace hearth::appliance
