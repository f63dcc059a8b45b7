#pragma once
// Base32 (RFC 4648 §6) in lower case, without padding. One text per value: upper case and unused
// bits that are not zero are refused.

#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

[[nodiscard]] std::string base32_encode(BytesView bytes);
[[nodiscard]] Result<Bytes, CodecError> base32_decode(std::string_view text);

}  // namespace hearth::codec
