#include <sys/statvfs.h>

#include <hearth/rocks/room.h>

namespace hearth::rocks {
namespace {

/// For logs, tables and manifests under way, and for the database to put itself in order.
constexpr std::uint64_t least_bytes = std::uint64_t{16} << 20;

}  // namespace

std::optional<Room> room_of(const std::filesystem::path& directory) {
  struct statvfs disk{};
  if (statvfs(directory.c_str(), &disk) != 0) return std::nullopt;
  return Room{.total = std::uint64_t{disk.f_blocks} * disk.f_frsize,
              .available = std::uint64_t{disk.f_bavail} * disk.f_frsize};
}

bool has_room(const std::filesystem::path& directory) {
  const auto room = room_of(directory);
  return !room || room->available >= least_bytes;
}

}  // namespace hearth::rocks
