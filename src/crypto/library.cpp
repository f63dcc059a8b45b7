#include "library.h"

#include <hearth/base/assert.h>

namespace hearth::crypto {

void ensure_sodium() {
  static const int ready = sodium_init();
  HEARTH_ASSERT(ready >= 0);
}

}  // namespace hearth::crypto
