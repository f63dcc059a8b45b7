#pragma once
// Several files and folders as one ZIP file, read from the disk while it is sent.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "space.h"
#include "zip.h"

namespace hearth::files {

/// What is in it is fixed when it is made; the bytes are read later, and a file that has changed
/// meanwhile breaks the download. Thread-safe; all of it blocks.
class Archive {
 public:
  static constexpr std::size_t most_entries = 100'000;

  /// Everything below `paths`, each under its own name; links and devices are left out. Throws
  /// Problem: not_found, too_large beyond most_entries.
  Archive(const Space& space, const std::vector<Path>& paths, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t length() const { return layout_.length(); }
  [[nodiscard]] std::size_t files() const { return files_; }

  /// Goes through the archive once, from any position. Keeps one file open.
  class Reader {
   public:
    Reader(std::shared_ptr<Archive> archive, std::uint64_t position);
    /// Fills all of `out` unless the archive ends. Throws Problem when a file isn't what it was.
    std::size_t read(MutableBytes out);

   private:
    std::size_t read_piece(MutableBytes out);
    std::size_t read_data(std::size_t i, std::uint64_t at, MutableBytes out);

    std::shared_ptr<Archive> archive_;
    std::uint64_t position_;
    std::size_t record_ = 0;  ///< of the directory, and where it begins there
    std::uint64_t record_at_ = archive_->layout_.directory_offset();
    Fd fd_;  ///< of the entry `open_`, and the sum of what was read of it
    std::size_t open_ = 0;
    std::uint32_t crc_ = 0;
  };

 private:
  struct Source {
    Path path;
    std::string etag;
  };
  void add(const Path& path, std::string name, const Facts& facts);
  [[nodiscard]] Fd open(std::size_t i) const;
  /// Known when the file has been read once; else reads it.
  [[nodiscard]] std::uint32_t crc(std::size_t i);
  void keep_crc(std::size_t i, std::uint32_t crc);

  const Space& space_;
  std::string name_;
  ZipLayout layout_;
  std::vector<Source> sources_;
  std::size_t files_ = 0;
  std::mutex mutex_;
  std::vector<std::optional<std::uint32_t>> crcs_;
};

/// The archives of one person that may still be asked for, or gone on with. Thread-safe.
class Archives {
 public:
  /// Its id.
  std::string keep(std::shared_ptr<Archive> archive, std::int64_t now_ms);
  /// Throws Problem 404 when it isn't kept any more.
  [[nodiscard]] std::shared_ptr<Archive> find(std::string_view id, std::int64_t now_ms);

 private:
  struct Kept {
    std::string id;
    std::shared_ptr<Archive> archive;
    std::int64_t used_ms;
  };
  static constexpr std::size_t most_kept = 4;
  static constexpr std::int64_t kept_ms = 30 * 60'000;
  std::mutex mutex_;
  std::list<Kept> kept_;  ///< most recently used first
};

}  // namespace hearth::files
