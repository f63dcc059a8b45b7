#include <algorithm>
#include <utility>

#include <sys/statvfs.h>

#include <hearth/graph_rocks/disk_reserve.h>

namespace hearth::graph_rocks {

DiskReserve::DiskReserve(std::filesystem::path directory)
    : look_([directory = std::move(directory)]() -> std::optional<Room> {
        struct statvfs disk{};
        if (statvfs(directory.c_str(), &disk) != 0) return std::nullopt;
        return Room{.total = std::uint64_t{disk.f_blocks} * disk.f_frsize,
                    .available = std::uint64_t{disk.f_bavail} * disk.f_frsize};
      }) {}

std::uint64_t DiskReserve::of(std::uint64_t total) {
  return std::min(total / 20, std::uint64_t{2} << 30);
}

bool DiskReserve::is_reached() const {
  const std::optional<Room> now = room();
  return now && now->available <= of(now->total);
}

}  // namespace hearth::graph_rocks
