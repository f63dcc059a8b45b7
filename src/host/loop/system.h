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

}  // namespace hearth::loop
