#include <algorithm>
#include <utility>

#include <hearth/graph_rocks/disk_reserve.h>

namespace hearth::graph_rocks {

DiskReserve::DiskReserve(std::filesystem::path directory)
    : look_([directory = std::move(directory)] { return rocks::room_of(directory); }) {}

std::uint64_t DiskReserve::of(std::uint64_t total) {
  return std::min(total / 20, std::uint64_t{2} << 30);
}

bool DiskReserve::is_reached() const {
  const std::optional<Room> now = room();
  return now && now->available <= of(now->total);
}

}  // namespace hearth::graph_rocks
