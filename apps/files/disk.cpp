#include "disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hearth::files {
namespace {

int open_beneath(int top, const char* path, int flags, mode_t mode = 0) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const auto fd = static_cast<int>(::syscall(SYS_openat2, top, path, &how, sizeof how));
    // EAGAIN: something was renamed on the way.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return fd;
  }
}

}  // namespace

Problem not_found(std::string_view path) {
  return {404, "not_found", "There is nothing called \"" + std::string{path} + "\" here."};
}

Problem problem_of(int error, const std::string& what) {
  switch (error) {
    case ENOENT:
      return {404, "not_found", "Can't " + what + ": it isn't there any more."};
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
      return {404, "not_found", "Can't " + what + ": the way there isn't made of folders."};
    case EEXIST:
    case ENOTEMPTY:
      return {409, "conflict", "Can't " + what + ": that name is taken."};
    case EINVAL:
      return {409, "conflict", "Can't " + what + ": a folder can't go into itself."};
    case EISDIR:
      return {409, "conflict", "Can't " + what + ": it is a folder."};
    case ENAMETOOLONG:
      return {400, "bad_request", "Can't " + what + ": the name is too long."};
    case ENOSPC:
    case EDQUOT:
      return {507, "no_space", "Can't " + what + ": the disk of your box is full."};
    case EMFILE:
    case ENFILE:
      return {503, "busy", "Can't " + what + " just now: too much is going on. Try again."};
    default:
      return {500, "internal", "Can't " + what + ": " + std::strerror(error) + "."};
  }
}

std::string Facts::etag() const {
  char text[64];
  const int length = std::snprintf(
      text, sizeof text, "\"%llx-%llx-%llx\"", static_cast<unsigned long long>(inode),
      static_cast<unsigned long long>(this->size), static_cast<unsigned long long>(modified_ns));
  return {text, static_cast<std::size_t>(length)};
}

Facts facts_of(const struct stat& status) {
  Facts facts;
  facts.kind = S_ISDIR(status.st_mode)   ? Kind::folder
               : S_ISREG(status.st_mode) ? Kind::file
                                         : Kind::other;
  facts.size = facts.kind == Kind::file ? static_cast<std::uint64_t>(status.st_size) : 0;
  facts.modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  facts.inode = status.st_ino;
  return facts;
}

Fd open_folder(int top, const Path& path) {
  Fd fd{open_beneath(top, path.is_top() ? "." : path.text().c_str(), O_RDONLY | O_DIRECTORY)};
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
    throw Problem{404, "not_found", "There is no folder \"" + path.text() + "\"."};
  throw problem_of(errno, "open the folder");
}

Fd make_folder(int directory, const char* name) {
  if (::mkdirat(directory, name, 0700) != 0 && errno != EEXIST)
    throw problem_of(errno, "make the folder");
  Fd fd{open_beneath(directory, name, O_RDONLY | O_DIRECTORY)};
  if (!fd) throw problem_of(errno, "open the folder");
  return fd;
}

Fd make_folders(int top, const Path& path, std::string* made) {
  Fd at = open_folder(top, {});
  std::string so_far;
  for (const auto part : path.parts()) {
    const std::string name{part};
    so_far += (so_far.empty() ? "" : "/") + name;
    if (::mkdirat(at.get(), name.c_str(), 0700) == 0) {
      (void)::fsync(at.get());
      if (made != nullptr && made->empty()) *made = so_far;
    } else if (errno != EEXIST) {
      throw problem_of(errno, "make the folder");
    }
    Fd next{open_beneath(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!next) {
      if (errno == ENOTDIR || errno == ELOOP)
        throw Problem{409, "conflict", "\"" + so_far + "\" isn't a folder."};
      throw problem_of(errno, "make the folder");
    }
    at = std::move(next);
  }
  return at;
}

bool look(int directory, const std::string& name, Facts& facts) {
  struct stat status{};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw problem_of(errno, "look at the file");
  }
  facts = facts_of(status);
  return true;
}

OpenFile open_file(int top, const Path& path) {
  if (path.is_top()) throw Problem{409, "conflict", "This is a folder."};
  const Fd folder = open_folder(top, path.parent());
  const std::string name{path.name()};
  Facts facts;
  if (!look(folder.get(), name, facts)) throw not_found(path.text());
  if (facts.kind == Kind::folder)
    throw Problem{409, "conflict", "\"" + path.text() + "\" is a folder."};
  if (facts.kind == Kind::other)
    throw Problem{409, "conflict",
                  "\"" + path.text() + "\" is neither a file nor a folder, so it isn't opened."};
  // Not blocking, should a pipe have taken its place since.
  OpenFile file{
      Fd{open_beneath(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)},
      {}};
  struct stat status{};
  if (!file.fd || ::fstat(file.fd.get(), &status) != 0) throw problem_of(errno, "open the file");
  file.facts = facts_of(status);
  if (file.facts.kind != Kind::file) throw not_found(path.text());
  return file;
}

std::uint64_t room_at(int fd) {
  struct statvfs disk{};
  if (::fstatvfs(fd, &disk) != 0) throw problem_of(errno, "look at the disk");
  const std::uint64_t reserve =
      std::min(std::uint64_t{disk.f_blocks} * disk.f_frsize / 10, std::uint64_t{4} << 30);
  const std::uint64_t available = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  return available - std::min(available, reserve);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw problem_of(errno, "save the file");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_small(int directory, const std::string& name, std::size_t limit) {
  const Fd fd{open_beneath(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)};
  if (!fd) throw problem_of(errno, "read");
  std::string text;
  char buffer[8192];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0) throw problem_of(errno, "read");
    if (count == 0 || text.size() > limit) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

void replace_small(int directory, const std::string& name, std::string_view text) {
  const std::string fresh = name + ".new";
  {
    const Fd fd{
        open_beneath(directory, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600)};
    if (!fd) throw problem_of(errno, "save");
    write_all(fd.get(), text);
    if (::fsync(fd.get()) != 0) throw problem_of(errno, "save");
  }
  if (::renameat(directory, fresh.c_str(), directory, name.c_str()) != 0 || ::fsync(directory) != 0)
    throw problem_of(errno, "save");
}

std::vector<std::string> names_in(int directory) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = copy < 0 ? nullptr : ::fdopendir(copy);
  if (stream == nullptr) throw problem_of(errno, "list the folder");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  return names;
}

void remove_tree(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
  {
    const Fd fd{open_beneath(directory, name.c_str(), O_RDONLY | O_DIRECTORY)};
    if (!fd) throw problem_of(errno, "delete");
    for (const auto& child : names_in(fd.get())) remove_tree(fd.get(), child);
  }
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw problem_of(errno, "delete");
}

}  // namespace hearth::files
