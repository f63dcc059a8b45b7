#pragma once
// Base58 with Bitcoin's alphabet ("base58btc"), as peer ids are written. No checksum.

#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/codec/error.h>

namespace hearth::codec {

/// The conversion is quadratic, so texts and values are bounded.
inline constexpr std::size_t max_base58_text = 256;

/// At most 128 bytes.
[[nodiscard]] std::string base58_encode(BytesView bytes);
[[nodiscard]] Result<Bytes, CodecError> base58_decode(std::string_view text);

}  // namespace hearth::codec
