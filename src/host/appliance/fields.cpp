#include "fields.h"

#include <hearth/codec/base64.h>

namespace hearth::appliance {

Failure<ApiError> bad_field(std::string_view name) {
  return refuse(ErrorCode::bad_request,
                "The field '" + std::string{name} + "' is missing or wrong.");
}

Result<std::string, ApiError> text_field(const nlohmann::json& body, std::string_view name,
                                         std::size_t limit) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) return bad_field(name);
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > limit) return bad_field(name);
  return text;
}

Result<Bytes, ApiError> binary_field(const nlohmann::json& body, std::string_view name,
                                     std::size_t limit) {
  HEARTH_TRY(const std::string text, text_field(body, name, (limit * 4 + 2) / 3));
  auto bytes = codec::base64url_decode(text);
  if (!bytes || bytes->size() > limit) return bad_field(name);
  return std::move(*bytes);
}

}  // namespace hearth::appliance
