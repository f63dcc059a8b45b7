// Several replicas, and people who do anything: fork, take over, remove, delete, live in another
// decade. All end with the same bytes, and again after loading.
#include "world_for_test.h"

using namespace hearth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  replica::testing::Choices choices{std::as_bytes(std::span{data, size})};
  replica::testing::World world{choices};
  world.run(300);
  world.settle();
  return 0;
}
