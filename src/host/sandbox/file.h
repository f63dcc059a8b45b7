#pragma once
// Files as root may touch them: below a directory that is held open, never through a link.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <hearth/base/bytes.h>
#include <hearth/loop/fd.h>

namespace hearth::sandbox {

/// What went wrong, in words a person can act on.
struct Trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Adds what errno says: "can't open X: Permission denied".
[[noreturn]] void throw_errno(const std::string& what);

using loop::Fd;

/// openat2(2) with RESOLVE_BENEATH, NO_SYMLINKS and NO_MAGICLINKS, always close-on-exec. -1 and
/// errno on failure.
[[nodiscard]] int open_beneath(int directory, const char* path, int flags, mode_t mode = 0);

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
/// Opens `name` in `directory`, made with this owner and mode when it isn't there. One that is
/// there must be a directory of that owner already: nothing that somebody else put there is ever
/// adopted. Throws Trouble.
[[nodiscard]] Fd own_directory(int directory, const std::string& name, Owner owner, mode_t mode);

/// The whole of a small file such as those of /proc; throws Trouble beyond `limit`.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit = 1 << 20);
[[nodiscard]] std::string read_all(int fd, std::size_t limit);
/// Written beside, synced, renamed.
void replace_file(int directory, const std::string& name, std::string_view text, mode_t mode);
void write_file(const std::string& path, std::string_view text);
/// Removes a tree below an open directory without following links. Nothing there is fine.
void remove_tree(int directory, const std::string& name);
/// Names in a directory, sorted by bytes, without "." and "..".
[[nodiscard]] std::vector<std::string> list_directory(int directory);

}  // namespace hearth::sandbox
