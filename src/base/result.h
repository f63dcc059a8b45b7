#pragma once
// Errors as values: layers L0–L3 never throw.
//
// Expected failures (bad bytes, refused, timed out) are a small enum per module. Text is made where
// it is shown. Our own mistakes are HEARTH_ASSERT (assert.h), never a Result.

#include <expected>
#include <utility>

namespace hearth {

template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
using Failure = std::unexpected<E>;

/// The value of an operation that yields nothing but may fail.
struct Unit {
  friend constexpr bool operator==(Unit, Unit) = default;
};

}  // namespace hearth

#define HEARTH_CONCAT_IMPL(a, b) a##b
#define HEARTH_CONCAT(a, b) HEARTH_CONCAT_IMPL(a, b)

#define HEARTH_TRY_IMPL(temporary, declaration, expression)               \
  auto temporary = (expression);                                          \
  if (!temporary) return ::hearth::Failure{std::move(temporary).error()}; \
  declaration = std::move(*temporary)

/// `HEARTH_TRY(auto x, f());` declares x from f()'s value, or returns f()'s error.
#define HEARTH_TRY(declaration, expression) \
  HEARTH_TRY_IMPL(HEARTH_CONCAT(hearth_try_, __COUNTER__), declaration, expression)

/// `HEARTH_CHECK(f());` returns f()'s error, if any, and drops its value.
#define HEARTH_CHECK_IMPL(temporary, expression)                            \
  if (auto temporary = (expression); !temporary) return ::hearth::Failure { \
      std::move(temporary).error()                                          \
    }
#define HEARTH_CHECK(expression) \
  HEARTH_CHECK_IMPL(HEARTH_CONCAT(hearth_check_, __COUNTER__), expression)
