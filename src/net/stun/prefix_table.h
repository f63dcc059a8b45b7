#pragma once
// A bounded table keyed by source prefix: what every limit on strangers' packets is counted in.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <hearth/base/endpoint.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>

namespace hearth::stun {

/// The /24 of an IPv4 address, the /64 of an IPv6 one: about one person's or one household's power
/// to choose addresses. IPv4-mapped addresses count as IPv4.
struct Prefix {
  std::uint64_t bits = 0;
  std::uint8_t family = 0;  // 4 or 6; 0: none

  [[nodiscard]] static Prefix of(const IpAddress& address);
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// A rate with a burst, as one moment (the generic cell rate algorithm). Starts full.
class Rate {
 public:
  struct Limit {
    std::uint32_t per_second = 1;  // at least 1
    std::uint32_t burst = 1;       // at least 1
  };
  /// Whether one more is within the limit now; if so it is counted.
  [[nodiscard]] bool take(Instant now, const Limit& limit) {
    const Duration interval = Duration{std::chrono::seconds{1}} / limit.per_second;
    const Instant base = full_at_ > now ? full_at_ : now;
    if (base - now > interval * (limit.burst - 1)) return false;
    full_at_ = base + interval;
    return true;
  }

 private:
  Instant full_at_{};
};

/// Fixed memory, set-associative: a new prefix takes the place of the one in its set that was used
/// longest ago, and starts from T{}. The hash is keyed, so nobody can aim at another's place.
template <class T>
class PrefixTable {
 public:
  static constexpr std::size_t ways = 4;

  /// `sets` * 4 prefixes in all; `sets` is a power of two.
  PrefixTable(std::size_t sets, Entropy& entropy)
      : slots_(sets * ways), mask_(sets - 1), key_{entropy.u64(), entropy.u64() | 1} {}

  /// The prefix's entry, new or not. Valid until the next call.
  [[nodiscard]] T& at(Instant now, const Prefix& prefix) {
    Slot* const set = &slots_[(hash(prefix) & mask_) * ways];
    Slot* oldest = set;
    for (Slot* slot = set; slot != set + ways; ++slot) {
      if (slot->prefix == prefix) {
        slot->used = now;
        return slot->value;
      }
      if (slot->used < oldest->used) oldest = slot;
    }
    *oldest = {.prefix = prefix, .used = now, .value = T{}};
    return oldest->value;
  }

  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }

 private:
  struct Slot {
    Prefix prefix;
    Instant used = Instant::min();
    T value{};
  };

  [[nodiscard]] std::size_t hash(const Prefix& prefix) const {
    std::uint64_t h = (prefix.bits ^ key_[0]) * key_[1];
    h ^= h >> 32;
    h = (h + prefix.family) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(h >> 20);
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::array<std::uint64_t, 2> key_;
};

}  // namespace hearth::stun
