#pragma once
// Files below a directory that is held open, and never through a link: openat2(2) with
// RESOLVE_BENEATH, NO_SYMLINKS and NO_MAGICLINKS. Only regular files are ever opened for their
// bytes.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "name.h"
#include <hearth/base/bytes.h>
#include <hearth/loop/fd.h>

namespace hearth::files {

/// What goes back to whom asked: a code and an HTTP status of docs/protocol/files.md, and plain
/// words.
struct Problem : std::runtime_error {
  Problem(int its_status, std::string its_code, const std::string& words)
      : std::runtime_error(words), status(its_status), code(std::move(its_code)) {}
  int status;
  std::string code;
};
[[nodiscard]] Problem not_found(std::string_view path);
/// From errno; `what` is what was tried, as "save the file".
[[nodiscard]] Problem problem_of(int error, const std::string& what);

using loop::Fd;

enum class Kind : std::uint8_t { folder, file, other };

struct Facts {
  Kind kind = Kind::other;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
  /// Changes when the bytes may have: of inode, size and time. Strong, in its quotes.
  [[nodiscard]] std::string etag() const;
};
[[nodiscard]] Facts facts_of(const struct stat& status);

/// A directory (the top for the empty path). Throws Problem.
[[nodiscard]] Fd open_folder(int top, const Path& path);
/// The same, every part made when missing. `made` is the topmost that was, if any.
[[nodiscard]] Fd make_folders(int top, const Path& path, std::string* made = nullptr);
[[nodiscard]] Fd make_folder(int directory, const char* name);

/// A regular file for reading, with its facts; anything else is a Problem and isn't opened.
struct OpenFile {
  Fd fd;
  Facts facts;
};
[[nodiscard]] OpenFile open_file(int top, const Path& path);

/// Of one name, without following it. False: nothing there.
[[nodiscard]] bool look(int directory, const std::string& name, Facts& facts);

/// Bytes that people may still fill of that disk: not its last 10 % (4 GiB at most), for the box
/// has to go on, and to delete. Its graph leaves half of that.
[[nodiscard]] std::uint64_t room_at(int fd);

void write_all(int fd, std::string_view bytes);
[[nodiscard]] std::string read_small(int directory, const std::string& name,
                                     std::size_t limit = 65536);
/// Beside, synced, renamed over, synced.
void replace_small(int directory, const std::string& name, std::string_view text);
void remove_tree(int directory, const std::string& name);
[[nodiscard]] std::vector<std::string> names_in(int directory);

}  // namespace hearth::files
