#pragma once
// What can be wrong with encoded bytes or text. One enum for all small codecs, so that errors pass
// through.

#include <cstdint>

namespace hearth::codec {

enum class CodecError : std::uint8_t {
  truncated,      ///< more bytes are needed
  not_minimal,    ///< a longer encoding than necessary, or unused bits that are not zero
  too_large,      ///< a number, length or count above what the format or our bound allows
  bad_character,  ///< text outside the alphabet, not UTF-8, or with characters a value may not hold
  bad_length,     ///< a value of another size than its kind demands
  wrong_type,     ///< a field of another wire type than its number demands
  unknown_protocol,  ///< a code or name we have no entry for
  trailing_bytes,    ///< something follows the end
};

}  // namespace hearth::codec
