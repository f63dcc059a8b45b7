#pragma once
// Memory that strangers can make us hold, counted: one pool for each connection, under the host's.

#include <hearth/budget/pool.h>

namespace hearth::yamux {

using MemoryBudget = budget::Pool;

}  // namespace hearth::yamux
