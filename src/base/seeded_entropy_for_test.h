#pragma once

#include <random>

#include <hearth/base/entropy.h>

namespace hearth {

/// The same bytes for the same seed, on every machine.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(engine_() & 0xff);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hearth
