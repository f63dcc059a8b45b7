#pragma once
// The console's code, which makes the first owner (docs/protocol/identity.md).

#include <optional>

#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/identity/setup_code.h>

namespace hearth::access {

enum class SetupError : std::uint8_t {
  /// There is an owner: refused for ever.
  closed,
  wrong_code,
  /// Too many tries in a row: wait a second.
  rate_limited,
};

class SetupGate {
 public:
  static constexpr int tries_per_code = 10;
  /// Tries in all: 10 at once, then one a second. A guesser of 40 bits needs ages; the owner, whom
  /// somebody may crowd out, seconds.
  static constexpr Duration try_refill = std::chrono::seconds{1};
  static constexpr int try_burst = 10;

  /// `claimed`: there is an owner already. Borrows `entropy` for life.
  SetupGate(Entropy& entropy, bool claimed);

  /// For the console. Nothing once closed.
  [[nodiscard]] const std::optional<identity::SetupCode>& code() const { return code_; }
  /// Each call is a try. After 10 wrong ones the code is another: show it (changed()).
  [[nodiscard]] Result<Unit, SetupError> check(const identity::SetupCode& tried, Instant now);
  /// For something that is no code at all: a wrong try like the others.
  [[nodiscard]] SetupError wrong(Instant now);
  /// Whether the code became another since the last call.
  [[nodiscard]] bool take_changed();
  void close();

 private:
  [[nodiscard]] Result<Unit, SetupError> admit(Instant now);
  void count_wrong();

  Entropy* entropy_;
  std::optional<identity::SetupCode> code_;
  int wrong_ = 0;
  bool changed_ = false;
  Instant full_at_{};
};

}  // namespace hearth::access
