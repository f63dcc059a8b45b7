// Several replicas, and people who do anything: fork, take over, remove, delete, live in another
// decade. All end with the same bytes, and again after loading.
#include "world_for_test.h"

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  replica::testing::Choices choices{std::as_bytes(std::span{data, size})};
  const bool an_honest_home = choices.below(4) == 1;
  replica::testing::World world{choices, an_honest_home};
  world.run(300);
  world.settle();
  return 0;
}
