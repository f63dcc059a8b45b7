#pragma once
// When a space is looked after.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearth::graph_service {

struct UpkeepOptions {
  /// Nothing is done before it is asked for.
  bool only_when_asked = false;
  /// A checkpoint is made after so many updates, or so many bytes of them, but not sooner after the
  /// one before than `pause`; of anything at all after `age`.
  std::uint64_t updates = 10'000;
  std::uint64_t bytes = std::uint64_t{16} << 20;
  std::chrono::milliseconds pause = std::chrono::hours{1};
  std::chrono::milliseconds age = std::chrono::hours{24};
  /// Space is taken back where so many updates more than last time are old enough.
  std::uint64_t spare_updates = 1000;
  /// Updates in a step.
  std::size_t step = 500;
  /// How often it is looked whether something is due.
  std::chrono::milliseconds interval = std::chrono::minutes{1};
};

}  // namespace hearth::graph_service
