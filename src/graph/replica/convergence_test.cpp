// The one law: whatever happens, in whatever order it becomes known, replicas end with the same
// bytes.

#include <random>

#include <gtest/gtest.h>

#include "world.h"

namespace hearth::replica::testing {
namespace {

Bytes noise(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random{seed};
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

void run(std::uint64_t seed, std::size_t size) {
  SCOPED_TRACE(seed);
  const Bytes bytes = noise(seed, size);
  Choices choices{bytes};
  World world{choices};
  world.run(size);
  world.settle();
}

TEST(Convergence, ShortHistoriesInEveryOrderEndInTheSameBytes) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) run(seed, 150);
}

TEST(Convergence, LongHistoriesInEveryOrderEndInTheSameBytes) {
  for (std::uint64_t seed = 1000; seed < 1030; ++seed) run(seed, 3000);
}

}  // namespace
}  // namespace hearth::replica::testing
