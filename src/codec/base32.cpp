#include <hearth/codec/base32.h>
#include <hearth/codec/bit_groups.h>

namespace hearth::codec {
namespace {

constexpr BitGroups<5> lower_case{"abcdefghijklmnopqrstuvwxyz234567"};

}  // namespace

std::string base32_encode(BytesView bytes) {
  return lower_case.encode(bytes);
}

Result<Bytes, CodecError> base32_decode(std::string_view text) {
  return lower_case.decode(text);
}

}  // namespace hearth::codec
