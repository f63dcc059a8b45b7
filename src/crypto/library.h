#pragma once
// Private to this module: the crypto library, made ready before its first use.

#include <cstddef>

#include <sodium.h>

#include <hearth/base/bytes.h>

namespace hearth::crypto {

/// Cheap after the first call, from any thread. The library picks its code for this processor here.
void ensure_sodium();

// Never null, as the library's functions demand even of empty inputs.
[[nodiscard]] inline unsigned char* raw(MutableBytes bytes) {
  static unsigned char nothing = 0;
  return bytes.empty() ? &nothing : reinterpret_cast<unsigned char*>(bytes.data());
}
[[nodiscard]] inline const unsigned char* raw(BytesView bytes) {
  static constexpr unsigned char nothing = 0;
  return bytes.empty() ? &nothing : reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace hearth::crypto
