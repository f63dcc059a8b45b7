#pragma once
// States, as HAM calls the times that writes claim, and the clock that stamps our own.

#include <compare>
#include <optional>

#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/codec/cbor.h>
#include <hearth/model/value.h>

namespace hearth::model {

/// Milliseconds since 1970 with fractions, from whoever wrote them: 0 to `highest`.
class Stamp {
 public:
  /// The last moment JavaScript's Date knows.
  static constexpr double highest = 8.64e15;

  constexpr Stamp() = default;
  [[nodiscard]] static constexpr std::optional<Stamp> create(double ms) {
    if (!(ms >= 0 && ms <= highest)) return std::nullopt;  // NaN, too
    return Stamp{ms == 0 ? 0.0 : ms};
  }
  /// Clamped into the range.
  [[nodiscard]] static Stamp at(Timestamp time);
  [[nodiscard]] constexpr double ms() const { return ms_; }
  /// The least stamp above this one that our own writes take: 2^-12 ms, more where a double's
  /// steps are larger. `highest` stays.
  [[nodiscard]] Stamp next() const;
  /// Whether it shows then: `now` stands for all of its millisecond.
  [[nodiscard]] constexpr bool is_reached(Timestamp now) const {
    return ms_ < static_cast<double>(now.ms) + 1;
  }

  // Never NaN.
  friend constexpr std::strong_ordering operator<=>(Stamp a, Stamp b) {
    return a.ms_ < b.ms_   ? std::strong_ordering::less
           : a.ms_ > b.ms_ ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
  }
  friend constexpr bool operator==(Stamp a, Stamp b) { return a.ms_ == b.ms_; }

 private:
  constexpr explicit Stamp(double ms) : ms_(ms) {}
  double ms_ = 0;
};

void write(codec::CborWriter& to, Stamp stamp);
[[nodiscard]] Result<Stamp, ModelError> read_stamp(codec::CborReader& from);

/// Stamps our own writes: now, or just above whatever is visible in the space. What lies in the
/// future is invisible and never moves it.
class HybridClock {
 public:
  void witness(Stamp visible) {
    if (visible > highest_) highest_ = visible;
  }
  [[nodiscard]] Stamp stamp(Timestamp now) const;
  [[nodiscard]] Stamp highest() const { return highest_; }

 private:
  Stamp highest_;
};

/// How far a device's clock may be from its appliance's before it takes the appliance's time.
inline constexpr std::int64_t max_clock_error_ms = 5 * 60 * 1000;

/// The time to use, from the device's own clock and what the appliance said it was.
class Calibration {
 public:
  /// Both read at the same moment.
  void compare(Timestamp own, Timestamp appliance);
  /// Whether to tell the person that this device's clock is wrong.
  [[nodiscard]] bool is_off() const { return offset_ms_ != 0; }
  [[nodiscard]] Timestamp now(Timestamp own) const { return {.ms = own.ms + offset_ms_}; }

 private:
  std::int64_t offset_ms_ = 0;
};

}  // namespace hearth::model
