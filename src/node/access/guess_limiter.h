#pragma once
// How often strangers may guess at passwords (docs/protocol/identity.md, Guesses).
//
// A guess is counted when it is answered, and taken back when it turns out to have known the
// password. Names nobody has are counted like the others, so that counting gives nothing away.

#include <cstdint>
#include <map>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/identity/id.h>

namespace hearth::access {

/// Per persona: 5 at once, then one each 2, 4, 8 … 3,600 s; one step less for each hour. Whatever
/// the steps allow, no more than 10 in any hour.
class BackOff {
 public:
  static constexpr int free_guesses = 5;
  static constexpr std::size_t max_in_an_hour = 10;
  static constexpr Duration longest_wait = std::chrono::hours{1};
  static constexpr Duration step_lasts = std::chrono::hours{1};

  /// How long until the next guess may be made; zero: now.
  [[nodiscard]] Duration wait(Instant now) const;
  void count(Instant now);
  /// One counted guess was none.
  void take_back(Instant now);
  [[nodiscard]] bool idle(Instant now) const;

 private:
  /// The steps that time has not taken off yet.
  [[nodiscard]] int level(Instant now) const;
  void settle(Instant now);

  int level_ = 0;
  Instant settled_at_{};         ///< level_ was true then; hours are counted from here
  Instant last_{};               ///< the last guess
  std::vector<Instant> recent_;  ///< those of the last hour, oldest first: at most 10
};

/// In all: 50 at once, then 60 an hour.
class GuessLimiter {
 public:
  static constexpr std::int64_t burst = 50;
  static constexpr Duration refill = std::chrono::minutes{1};
  /// The budget in all lets through about 1,000 names before the first is forgotten again.
  static constexpr std::size_t max_personas = 2048;

  struct Refused {
    Duration retry_after;
  };
  /// Counts one guess at `persona` (or at the name of nobody, under its fake id), or refuses it.
  [[nodiscard]] Result<Unit, Refused> guess(const identity::PersonaId& persona, Instant now);
  /// A counted guess knew the password.
  void verified(const identity::PersonaId& persona, Instant now);

  [[nodiscard]] std::size_t tracked() const { return personas_.size(); }

 private:
  [[nodiscard]] Duration wait_in_all(Instant now) const;

  std::map<identity::PersonaId, BackOff> personas_;
  /// When the budget will be full again: `burst` guesses ahead of now means that none is left.
  Instant full_at_{};
};

}  // namespace hearth::access
