#include <malloc.h>
#include <sys/random.h>

#include <hearth/base/assert.h>
#include <hearth/loop/system.h>

namespace hearth::loop {

Instant SystemClock::now() const {
  return Instant{
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

Timestamp SystemClock::wall() const {
  return {.ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
}

std::chrono::steady_clock::time_point to_steady(Instant at) {
  return std::chrono::steady_clock::time_point{
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(at.time_since_epoch())};
}

void SystemEntropy::fill(MutableBytes out) {
  while (!out.empty()) {
    const ssize_t count = ::getrandom(out.data(), out.size(), 0);
    HEARTH_ASSERT(count > 0);
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

void tune_allocator(int arenas) {
  ::mallopt(M_ARENA_MAX, arenas);
  // Must exceed what a stream has in flight (a send buffer and a few reads): below that each chunk
  // costs a brk(2) down, one up, and the faults between, as much as its encryption.
  ::mallopt(M_TRIM_THRESHOLD, 2 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

}  // namespace hearth::loop
