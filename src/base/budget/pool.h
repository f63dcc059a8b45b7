#pragma once
// A bound on what others can make us hold, counted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <hearth/base/assert.h>

namespace hearth::budget {

/// Whose business it is, from the least to the most trusted.
enum class Standing : std::uint8_t {
  stranger,
  newcomer,  ///< a stranger who holds little so far
  enrolled,  ///< a device of the box's people; at a flock, an appliance that is registered there
};
inline constexpr std::size_t standings = 3;

/// A counter with a limit, shared by all that counts in it (one thread). A pool with a parent
/// counts there as well: one per connection under one per layer under one for all. Outlives what it
/// counts.
///
/// It may keep a part for newcomers and another for the enrolled: strangers that have grown large
/// fill the rest and no more, so they can't starve whoever comes later.
class Pool {
 public:
  /// What one may hold and still count as a newcomer.
  static constexpr std::size_t modest_bytes = std::size_t{256} << 10;

  /// The parts that are kept are at most the limit, together.
  explicit Pool(std::size_t limit, Pool* parent = nullptr, std::size_t for_newcomers = 0,
                std::size_t for_enrolled = 0)
      : limit_(limit), for_newcomers_(for_newcomers), for_enrolled_(for_enrolled), parent_(parent) {
    HEARTH_ASSERT(for_newcomers <= limit && for_enrolled <= limit - for_newcomers);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// For whoever has all of this pool: their own part of a larger one.
  void set_standing(Standing standing) { standing_ = standing; }
  [[nodiscard]] Standing standing() const { return standing_; }

  /// For its one holder. False, and nothing counted, when that would exceed this limit or a
  /// parent's.
  [[nodiscard]] bool reserve(std::size_t amount) {
    if (!has_room(amount, limit_)) return refuse(standing_);
    Standing asks = standing_;
    if (asks == Standing::stranger && used_ + amount <= modest_bytes) asks = Standing::newcomer;
    if (parent_ != nullptr && !parent_->reserve(amount, asks)) return false;
    used_ += amount;
    return true;
  }
  /// For one of many.
  [[nodiscard]] bool reserve(std::size_t amount, Standing asks) {
    if (!has_room(amount, limit_for(asks))) return refuse(asks);
    if (parent_ != nullptr && !parent_->reserve(amount, asks)) return false;
    used_ += amount;
    return true;
  }
  /// Whether it is filled further than those of that standing may; counted as a refusal. For what
  /// was taken before it was known whose it is.
  [[nodiscard]] bool overrun_by(Standing asks) { return used_ > limit_for(asks) && !refuse(asks); }
  /// Counts beyond the limit too: for small amounts without which nothing would move.
  void force(std::size_t amount) {
    if (parent_ != nullptr) parent_->force(amount);
    used_ += amount;
  }
  void release(std::size_t amount) {
    HEARTH_ASSERT(amount <= used_);
    used_ -= amount;
    if (parent_ != nullptr) parent_->release(amount);
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  /// How far those of a standing can fill it.
  [[nodiscard]] std::size_t limit_for(Standing asks) const {
    if (asks == Standing::enrolled) return limit_;
    return limit_ - for_enrolled_ - (asks == Standing::newcomer ? 0 : for_newcomers_);
  }
  /// How often this very pool had no room, since the start.
  [[nodiscard]] std::uint64_t refused(Standing asks) const {
    return refused_[static_cast<std::size_t>(asks)];
  }

 private:
  [[nodiscard]] bool has_room(std::size_t amount, std::size_t limit) const {
    return amount <= limit && used_ <= limit - amount;
  }
  bool refuse(Standing asks) {
    ++refused_[static_cast<std::size_t>(asks)];
    return false;
  }

  std::size_t limit_;
  std::size_t for_newcomers_;
  std::size_t for_enrolled_;
  std::size_t used_ = 0;
  Standing standing_ = Standing::stranger;
  std::array<std::uint64_t, standings> refused_{};
  Pool* parent_;
};

/// So much of a pool, given back at its end. Empty by default.
class Claim {
 public:
  Claim() = default;
  Claim(Claim&& other) noexcept
      : pool_(std::move(other.pool_)), amount_(std::exchange(other.amount_, 0)) {}
  Claim& operator=(Claim&& other) noexcept {
    if (this == &other) return *this;
    release();
    pool_ = std::move(other.pool_);
    amount_ = std::exchange(other.amount_, 0);
    return *this;
  }
  ~Claim() { release(); }

  /// Nothing when there is no room. A null pool has room for everybody.
  [[nodiscard]] static std::optional<Claim> take(std::shared_ptr<Pool> pool, std::size_t amount,
                                                 Standing asks) {
    if (pool && !pool->reserve(amount, asks)) return std::nullopt;
    Claim claim;
    claim.pool_ = std::move(pool);
    claim.amount_ = amount;
    return claim;
  }
  /// False, and nothing changed, when there is no room for so much more.
  [[nodiscard]] bool grow(std::size_t more, Standing asks) {
    if (pool_ && !pool_->reserve(more, asks)) return false;
    amount_ += more;
    return true;
  }
  void release() noexcept {
    if (pool_) pool_->release(amount_);
    pool_.reset();
    amount_ = 0;
  }
  [[nodiscard]] std::size_t amount() const { return amount_; }

 private:
  std::shared_ptr<Pool> pool_;
  std::size_t amount_ = 0;
};

}  // namespace hearth::budget
