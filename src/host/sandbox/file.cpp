#include <algorithm>
#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <hearth/sandbox/file.h>

namespace hearth::sandbox {

void throw_errno(const std::string& what) {
  const int error = errno;
  throw Trouble{what + ": " + std::strerror(error)};
}

int open_beneath(int directory, const char* path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

Fd own_directory(int directory, const std::string& name, Owner owner, mode_t mode) {
  const bool made = ::mkdirat(directory, name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) throw_errno("can't make the directory " + name);
  Fd fd{open_beneath(directory, name.c_str(), O_RDONLY | O_DIRECTORY)};
  if (!fd) throw_errno("can't open the directory " + name);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) throw_errno("can't look at the directory " + name);
  // One just made is root's; if it isn't, somebody swapped it.
  const uid_t expected = made ? ::geteuid() : owner.uid;
  if (status.st_uid != expected)
    throw Trouble{"the directory " + name + " belongs to uid " + std::to_string(status.st_uid) +
                  " and not to " + std::to_string(expected)};
  if (::fchown(fd.get(), owner.uid, owner.gid) != 0 || ::fchmod(fd.get(), mode) != 0)
    throw_errno("can't give the directory " + name + " to its owner");
  return fd;
}

std::string read_all(int fd, std::size_t limit) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("can't read");
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > limit) throw Trouble{"a file is larger than " + std::to_string(limit)};
  }
}

std::string read_file(const std::string& path, std::size_t limit) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) throw_errno("can't open " + path);
  return read_all(fd.get(), limit);
}

namespace {
void write_all(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("can't write " + name);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}
}  // namespace

void replace_file(int directory, const std::string& name, std::string_view text, mode_t mode) {
  const std::string fresh = name + ".new";
  Fd fd{open_beneath(directory, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode)};
  if (!fd) throw_errno("can't write " + fresh);
  write_all(fd.get(), text, fresh);
  if (::fsync(fd.get()) != 0 ||
      ::renameat(directory, fresh.c_str(), directory, name.c_str()) != 0 || ::fsync(directory) != 0)
    throw_errno("can't write " + name);
}

void write_file(const std::string& path, std::string_view text) {
  const Fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd) throw_errno("can't write " + path);
  write_all(fd.get(), text, path);
}

std::vector<std::string> list_directory(int directory) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) throw_errno("can't list a directory");
  DIR* stream = ::fdopendir(copy);
  if (stream == nullptr) throw_errno("can't list a directory");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

void remove_tree(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
  {
    const Fd fd{open_beneath(directory, name.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!fd) throw_errno("can't delete " + name);
    for (const auto& child : list_directory(fd.get())) remove_tree(fd.get(), child);
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw_errno("can't delete " + name);
}

}  // namespace hearth::sandbox
