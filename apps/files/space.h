#pragma once
// One persona's files, trash and uploads on the disk:
//   <space>/files/…                 the tree
//   <space>/trash/<id>/{item,info}  what was thrown away; the id begins with when
//   <space>/uploads/<id>{,.part}    see uploads.h
// Thread-safe: reading takes no lock, changes are made one after another.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "disk.h"
#include "listing.h"

namespace hearth::files {

enum class OnConflict : std::uint8_t { fail, keep_both, replace };

struct Entry {
  Path path;
  Facts facts;
  std::string sha256;  ///< hexadecimal; empty when not known
};

struct Trashed {
  std::string id;
  std::string path;
  Kind kind = Kind::file;
  std::uint64_t size = 0;
  std::int64_t deleted_ms = 0;
};

struct Usage {
  std::uint64_t used = 0, free = 0, files = 0, folders = 0, trash = 0;
};

inline constexpr std::int64_t trash_days = 30;

class Space {
 public:
  /// `directory` is the space's own, made by the caller. `now_ms` is the wall clock.
  Space(Fd directory, std::function<std::int64_t()> now_ms);

  [[nodiscard]] Entry entry(const Path& path) const;
  [[nodiscard]] Page list(const Path& path, const PageRequest& request);
  [[nodiscard]] OpenFile open(const Path& path) const { return open_file(files_.get(), path); }
  /// Entries below `path` whose names contain `text` without case; at most `limit`, for 5 s at
  /// most.
  [[nodiscard]] std::vector<Entry> search(const Path& path, std::string_view text,
                                          std::size_t limit, bool& complete) const;
  /// Calls `each` with the path and facts of everything below a folder, folders before what is in
  /// them.
  void below(const Path& path,
             const std::function<void(const std::string&, const Facts&)>& each) const;
  [[nodiscard]] Usage usage();

  /// The topmost folder that was made.
  std::string make_folder(const Path& path);
  /// Where it is now.
  Path move(const Path& from, const Path& to, OnConflict on_conflict);
  /// Its id in the trash.
  std::string trash(const Path& path);
  Path restore(const std::string& id, OnConflict on_conflict);
  void erase(const std::string& id);
  void empty_trash();
  /// Newest first, from after `cursor` (an id).
  [[nodiscard]] std::vector<Trashed> trashed(const std::string& cursor, std::size_t limit,
                                             std::size_t& total, std::string& next);
  /// Deletes what has been in the trash for 30 days.
  void expire();

  /// Puts a finished file (`name` in `directory`, synced) to `to`, as an upload ends.
  /// `before_rename` is told the final path.
  Path place(int directory, const std::string& name, const Path& to, OnConflict on_conflict,
             const std::function<void(const Path&)>& before_rename);

  [[nodiscard]] int uploads() const { return uploads_.get(); }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_(); }

 private:
  std::string trash_locked(const Path& path);
  Path put_locked(int directory, const std::string& name, const Path& to, OnConflict on_conflict,
                  const std::function<void(const Path&)>& before_rename);

  Fd directory_, files_, trash_, uploads_;
  std::function<std::int64_t()> now_ms_;
  std::mutex changing_;
  std::atomic<std::uint64_t> changes_{1};
  Listings listings_;
  std::mutex usage_mutex_;
  Usage usage_;
  std::uint64_t usage_changes_ = 0;
};

/// SHA-256 as kept with a file (an extended attribute that also holds its size and time); empty
/// when it is stale or not there.
[[nodiscard]] std::string kept_sha256(int fd, const Facts& facts);
void keep_sha256(int fd, const std::string& hex);

}  // namespace hearth::files
