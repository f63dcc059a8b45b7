#pragma once
// What there is to spend.

#include <hearth/budget/budget.h>

namespace hearth::process {

/// This machine's memory (or the control group's, where that is less), its processors, and the
/// descriptors that this process may open, of which it takes all it can get.
[[nodiscard]] budget::Machine this_machine();

}  // namespace hearth::process
