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

}  // namespace hearth::loop
