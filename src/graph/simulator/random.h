#pragma once
// All chance in a run comes from here, and here from the seed: the same on every machine.

#include <array>
#include <cstddef>
#include <cstdint>

#include <hearth/base/entropy.h>
#include <hearth/crypto/ed25519.h>

namespace hearth::simulator {

/// SplitMix64. No two draws in one call's arguments: their order would be the compiler's.
class Random final : public Entropy {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  void fill(MutableBytes out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(next() >> 56);
  }
  /// 0 to bound - 1; 0 where the bound is.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(std::size_t permille) { return below(1000) < permille; }
  /// One of what isn't empty.
  template <class Many>
  auto& of(Many& many) {
    return many[below(many.size())];
  }
  crypto::Ed25519PrivateKey key() { return *crypto::Ed25519PrivateKey::from_seed(array<32>()); }

 private:
  std::uint64_t state_;
};

}  // namespace hearth::simulator
