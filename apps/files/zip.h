#pragma once
// A ZIP file as a sequence of pieces (PKWARE APPNOTE 6.3): stored, not compressed, names in UTF-8,
// zip64 where 32 bits don't do. Its whole layout follows from names and sizes, so its length is
// known and any byte can be reached before a file is read; each file's CRC-32 comes after its
// bytes. No I/O.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>

namespace hearth::files {

/// CRC-32 as ZIP has it, of `data` after what gave `before` (0: nothing).
[[nodiscard]] std::uint32_t zip_crc32(BytesView data, std::uint32_t before = 0);

struct ZipEntry {
  std::string name;  ///< within the archive, parts split by '/'; a folder's without its last '/'
  bool folder = false;
  std::uint64_t size = 0;       ///< bytes; 0 for folders
  std::int64_t modified_s = 0;  ///< since 1970
};

class ZipLayout {
 public:
  /// A '\\' in a name, which some programs take for a '/', becomes '_'.
  void add(ZipEntry entry);

  [[nodiscard]] std::size_t count() const { return placed_.size(); }
  [[nodiscard]] const ZipEntry& entry(std::size_t i) const { return placed_[i].entry; }
  /// Where the entry's header begins.
  [[nodiscard]] std::uint64_t offset(std::size_t i) const { return placed_[i].offset; }
  /// The entry whose header, data or descriptor has the byte at `position`; count() beyond them.
  [[nodiscard]] std::size_t entry_at(std::uint64_t position) const;
  [[nodiscard]] std::uint64_t directory_offset() const { return directory_offset_; }
  [[nodiscard]] std::uint64_t length() const;

  /// Before the data.
  [[nodiscard]] std::string header(std::size_t i) const;
  /// After the data; empty for folders.
  [[nodiscard]] std::string descriptor(std::size_t i, std::uint32_t crc) const;
  /// After all entries: a record each, then the end.
  [[nodiscard]] std::string record(std::size_t i, std::uint32_t crc) const;
  [[nodiscard]] std::string end() const;

 private:
  struct Placed {
    ZipEntry entry;
    std::uint64_t offset;
  };
  [[nodiscard]] std::string stored_name(std::size_t i) const;

  std::vector<Placed> placed_;
  std::uint64_t directory_offset_ = 0, directory_bytes_ = 0;
};

}  // namespace hearth::files
