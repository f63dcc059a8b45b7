#pragma once
// When things happen.

#include <cstdint>

#include <hearth/base/time.h>

namespace hearth::simulator {

inline constexpr std::int64_t second_ms = 1000;
inline constexpr std::int64_t minute_ms = 60 * second_ms;
inline constexpr std::int64_t day_ms = 24 * 60 * minute_ms;
inline constexpr std::int64_t year_ms = 365 * day_ms;
inline constexpr Timestamp beginning{.ms = 1'763'731'139'000};

}  // namespace hearth::simulator
