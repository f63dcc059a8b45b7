#pragma once
// What is left of a disk.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace hearth::rocks {

struct Room {
  std::uint64_t total = 0;      ///< bytes of the disk
  std::uint64_t available = 0;  ///< bytes left for us
};

/// Of the disk that holds that directory; nothing where it can't be looked at.
[[nodiscard]] std::optional<Room> room_of(const std::filesystem::path& directory);

/// Whether that disk has what a database needs to go on. To be asked before each write (half a
/// microsecond): after one that failed for want of room RocksDB goes on with the same log, which
/// Debian's build asserts that nobody does. A disk that can't be looked at has room.
[[nodiscard]] bool has_room(const std::filesystem::path& directory);

}  // namespace hearth::rocks
