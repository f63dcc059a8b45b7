#pragma once
// Which messages were seen in the last seconds. Ids are hashed under a secret, so that nobody can
// make two of them meet.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <hearth/base/time.h>

namespace hearth::gun {

/// An id is forgotten between one and two times `window` after it was last seen, or sooner when
/// there are more than `max_ids`.
class Seen {
 public:
  static constexpr Duration window = std::chrono::seconds{9};
  static constexpr std::size_t max_ids = 1U << 20;

  explicit Seen(std::uint64_t secret, Instant now) : secret_(secret), turned_(now) {}

  /// True when it was seen before; from now on it was. `who` keeps the ids of peers apart.
  [[nodiscard]] bool check(std::uint64_t who, std::string_view id, Instant now) {
    if (now - turned_ >= window || younger_.size() == max_ids) {
      elder_ = std::exchange(younger_, {});
      turned_ = now;
    }
    const std::uint64_t hash = hash_of(who, id);
    const bool was = younger_.contains(hash) || elder_.contains(hash);
    younger_.insert(hash);
    return was;
  }

 private:
  /// Open addressing: eight bytes an id, and half of the places free.
  class Set {
   public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool contains(std::uint64_t hash) const {
      return !places_.empty() && places_[find(hash)] == hash;
    }
    void insert(std::uint64_t hash) {
      if (size_ * 2 >= places_.size()) grow();
      std::uint64_t& place = places_[find(hash)];
      size_ += place == hash ? 0 : 1;
      place = hash;
    }

   private:
    [[nodiscard]] std::size_t find(std::uint64_t hash) const {
      const std::size_t mask = places_.size() - 1;
      std::size_t at = hash & mask;
      while (places_[at] != 0 && places_[at] != hash) at = (at + 1) & mask;
      return at;
    }
    void grow() {
      const auto old = std::exchange(
          places_, std::vector<std::uint64_t>(places_.empty() ? 1024 : places_.size() * 2));
      for (const std::uint64_t hash : old)
        if (hash != 0) places_[find(hash)] = hash;
    }
    std::vector<std::uint64_t> places_;
    std::size_t size_ = 0;
  };

  [[nodiscard]] std::uint64_t hash_of(std::uint64_t who, std::string_view id) const {
    std::uint64_t hash = secret_ ^ (who * 0x9e3779b97f4a7c15);
    for (const char c : id) {
      hash = (hash ^ static_cast<std::uint8_t>(c)) * 0xff51afd7ed558ccd;
      hash ^= hash >> 32;
    }
    return hash == 0 ? 1 : hash;
  }

  std::uint64_t secret_;
  Instant turned_;
  Set younger_;
  Set elder_;
};

}  // namespace hearth::gun
