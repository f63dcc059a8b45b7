#include <cstring>

#include <hearth/model/id.h>

namespace hearth::model {

// Never inlined, as link-time optimisation would: see the header.
[[gnu::noinline]] std::strong_ordering compare(const Bytes32& a, const Bytes32& b) {
  return std::memcmp(a.data(), b.data(), a.size()) <=> 0;
}

}  // namespace hearth::model
