#pragma once
// What a full disk still has: people's writes stop before the box can't start, log in or delete.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <hearth/rocks/room.h>

namespace hearth::graph_rocks {

class DiskReserve {
 public:
  using Room = rocks::Room;
  using Look = std::function<std::optional<Room>()>;

  /// The disk that holds that directory.
  explicit DiskReserve(std::filesystem::path directory);
  explicit DiskReserve(Look look) : look_(std::move(look)) {}

  /// Bytes that stay free of a disk of that size: 5 %, at most 2 GiB.
  [[nodiscard]] static std::uint64_t of(std::uint64_t total);
  /// As it is now; nothing where the disk can't be looked at.
  [[nodiscard]] std::optional<Room> room() const { return look_(); }
  /// Whether no more is left than that. A disk that can't be looked at is not full.
  [[nodiscard]] bool is_reached() const;

 private:
  Look look_;
};

}  // namespace hearth::graph_rocks
