#pragma once
// For our own mistakes only, on in every build. Input from outside never reaches an assert.

namespace hearth {
/// Prints where and what to standard error, then aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace hearth

#define HEARTH_ASSERT(condition)                       \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::hearth::assertion_failed(#condition, __FILE__, __LINE__))
