#include <hearth/codec/base64.h>
#include <hearth/codec/bit_groups.h>

namespace hearth::codec {
namespace {

constexpr BitGroups<6> standard{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
constexpr BitGroups<6> url_safe{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

}  // namespace

std::string base64_encode(BytesView bytes) {
  std::string text = standard.encode(bytes);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<Bytes, CodecError> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return Failure{CodecError::bad_length};
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return standard.decode(text);
}

std::string base64url_encode(BytesView bytes) {
  return url_safe.encode(bytes);
}

Result<Bytes, CodecError> base64url_decode(std::string_view text) {
  return url_safe.decode(text);
}

}  // namespace hearth::codec
