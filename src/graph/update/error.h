#pragma once

#include <cstdint>

namespace hearth::update {

enum class UpdateError : std::uint8_t {
  malformed,  ///< not deterministic CBOR of the right shape
  wrong_version,
  out_of_range,  ///< a number, a role, a reference
  out_of_order,  ///< what must ascend does not, or stands twice
  too_large,
  bad_key,  ///< an author's key that no signature may count under
  bad_signature,
  wrong_body,  ///< the body's hash is not the header's
};

}  // namespace hearth::update
