#include <cstdio>
#include <cstdlib>

#include <hearth/base/assert.h>

namespace hearth {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hearth
