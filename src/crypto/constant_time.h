#pragma once
// Comparison that tells an attacker nothing by how long it takes.

#include <hearth/base/bytes.h>

namespace hearth::crypto {

/// Whether both hold the same bytes. The time depends on the size alone; sizes are not secret.
[[nodiscard]] bool constant_time_equal(BytesView a, BytesView b);

}  // namespace hearth::crypto
