#include <algorithm>
#include <utility>

#include <hearth/access/setup_gate.h>

namespace hearth::access {

SetupGate::SetupGate(Entropy& entropy, bool claimed) : entropy_(&entropy) {
  if (!claimed) code_ = identity::SetupCode::generate(entropy);
}

Result<Unit, SetupError> SetupGate::check(const identity::SetupCode& tried, Instant now) {
  HEARTH_CHECK(admit(now));
  if (code_->matches(tried)) return Unit{};
  count_wrong();
  return Failure{SetupError::wrong_code};
}

SetupError SetupGate::wrong(Instant now) {
  if (const auto admitted = admit(now); !admitted) return admitted.error();
  count_wrong();
  return SetupError::wrong_code;
}

bool SetupGate::take_changed() {
  return std::exchange(changed_, false);
}

void SetupGate::close() {
  code_.reset();
}

Result<Unit, SetupError> SetupGate::admit(Instant now) {
  if (!code_) return Failure{SetupError::closed};
  if (full_at_ - now > (try_burst - 1) * try_refill) return Failure{SetupError::rate_limited};
  full_at_ = std::max(full_at_, now) + try_refill;
  return Unit{};
}

void SetupGate::count_wrong() {
  if (++wrong_ < tries_per_code) return;
  wrong_ = 0;
  code_ = identity::SetupCode::generate(*entropy_);
  changed_ = true;
}

}  // namespace hearth::access
