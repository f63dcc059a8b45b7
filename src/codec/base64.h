#pragma once
// Base64 (RFC 4648 §4, padded) and base64url (§5, never padded). One text per value: decoders
// refuse white space, missing or superfluous padding, and unused bits that are not zero.

#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

[[nodiscard]] std::string base64_encode(BytesView bytes);
[[nodiscard]] Result<Bytes, CodecError> base64_decode(std::string_view text);

[[nodiscard]] std::string base64url_encode(BytesView bytes);
[[nodiscard]] Result<Bytes, CodecError> base64url_decode(std::string_view text);

}  // namespace hearth::codec
