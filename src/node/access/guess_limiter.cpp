#include <algorithm>

#include <hearth/access/guess_limiter.h>

namespace hearth::access {
namespace {

/// From here on each wait is the longest.
constexpr int top_level = BackOff::free_guesses + 11;  // 2^12 s is above an hour

constexpr Duration window = std::chrono::hours{1};

}  // namespace

int BackOff::level(Instant now) const {
  if (level_ == 0) return 0;
  const auto steps = (now - settled_at_) / step_lasts;
  return static_cast<int>(std::max<std::int64_t>(0, level_ - steps));
}

void BackOff::settle(Instant now) {
  const int current = level(now);
  // Part of an hour goes on counting, unless there is nothing to count down.
  settled_at_ = current == 0 ? now : settled_at_ + (level_ - current) * step_lasts;
  level_ = current;
  std::erase_if(recent_, [now](Instant at) { return at + window <= now; });
}

Duration BackOff::wait(Instant now) const {
  Duration wait = Duration::zero();
  if (recent_.size() >= max_in_an_hour) wait = std::max(wait, recent_.front() + window - now);
  const int current = level(now);
  if (current < free_guesses) return wait;
  const Duration pause = std::min<Duration>(
      longest_wait, std::chrono::seconds{2} * (std::int64_t{1} << (current - free_guesses)));
  return std::max(wait, last_ + pause - now);
}

void BackOff::count(Instant now) {
  settle(now);
  level_ = std::min(top_level, level_ + 1);
  last_ = now;
  if (recent_.size() >= max_in_an_hour) recent_.erase(recent_.begin());
  recent_.push_back(now);
}

void BackOff::take_back(Instant now) {
  settle(now);
  level_ = std::max(0, level_ - 1);
  // The oldest, since it would leave the hour first: what strangers did stays counted.
  if (!recent_.empty()) recent_.erase(recent_.begin());
}

bool BackOff::idle(Instant now) const {
  return level(now) == 0 && (recent_.empty() || recent_.back() + window <= now);
}

Duration GuessLimiter::wait_in_all(Instant now) const {
  return std::max(Duration::zero(), full_at_ - now - (burst - 1) * refill);
}

Result<Unit, GuessLimiter::Refused> GuessLimiter::guess(const identity::PersonaId& persona,
                                                        Instant now) {
  const auto found = personas_.find(persona);
  const Duration own = found == personas_.end() ? Duration::zero() : found->second.wait(now);
  const Duration wait = std::max(own, wait_in_all(now));
  if (wait > Duration::zero()) return Failure{Refused{.retry_after = wait}};

  if (found == personas_.end() && personas_.size() >= max_personas) {
    std::erase_if(personas_, [now](const auto& entry) { return entry.second.idle(now); });
    if (personas_.size() >= max_personas) return Failure{Refused{.retry_after = refill}};
  }
  personas_[persona].count(now);
  full_at_ = std::max(full_at_, now) + refill;
  return Unit{};
}

void GuessLimiter::verified(const identity::PersonaId& persona, Instant now) {
  const auto found = personas_.find(persona);
  if (found == personas_.end()) return;
  found->second.take_back(now);
  if (found->second.idle(now)) personas_.erase(found);
  full_at_ = std::max(now, full_at_ - refill);
}

}  // namespace hearth::access
