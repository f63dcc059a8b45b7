#pragma once
// The machine's clocks and randomness: wrapped once, made in main(), handed down.

#include <chrono>

#include <hearth/base/entropy.h>
#include <hearth/base/time.h>

namespace hearth::loop {

class SystemClock {
 public:
  [[nodiscard]] Instant now() const;
  [[nodiscard]] Timestamp wall() const;
};

/// The same moment for an Asio timer.
[[nodiscard]] std::chrono::steady_clock::time_point to_steady(Instant at);

/// getrandom(2) through the crypto library.
class SystemEntropy final : public Entropy {
 public:
  void fill(MutableBytes out) override;
};

/// Sets up malloc for a process whose work is done by `arenas` threads: call it first thing in
/// main(). Buffers of a transfer under way are used again; after a burst memory goes back.
void tune_allocator(int arenas);

}  // namespace hearth::loop
