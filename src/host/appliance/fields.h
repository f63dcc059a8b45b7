#pragma once
// A request's JSON body, field by field: what isn't there or isn't right is a bad_request that
// names it.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "error.h"
#include <hearth/base/bytes.h>
#include <hearth/identity/id.h>
#include <hearth/opaque/messages.h>

namespace hearth::appliance {

[[nodiscard]] Failure<ApiError> bad_field(std::string_view name);

/// At most `limit` bytes of UTF-8.
[[nodiscard]] Result<std::string, ApiError> text_field(const nlohmann::json& body,
                                                       std::string_view name, std::size_t limit);
/// base64url; at most `limit` bytes of it decoded.
[[nodiscard]] Result<Bytes, ApiError> binary_field(const nlohmann::json& body,
                                                   std::string_view name, std::size_t limit);
template <std::size_t Size>
[[nodiscard]] Result<std::array<std::byte, Size>, ApiError> array_field(const nlohmann::json& body,
                                                                        std::string_view name) {
  HEARTH_TRY(const Bytes bytes, binary_field(body, name, Size));
  if (bytes.size() != Size) return bad_field(name);
  std::array<std::byte, Size> array;
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}
/// A root, persona or device as text.
template <class Id>
[[nodiscard]] Result<Id, ApiError> id_field(const nlohmann::json& body, std::string_view name) {
  HEARTH_TRY(const std::string text, text_field(body, name, Id::text_size));
  auto id = Id::parse(text);
  if (!id) return bad_field(name);
  return *id;
}
/// A message of OPAQUE.
template <class Message>
[[nodiscard]] Result<Message, ApiError> message_field(const nlohmann::json& body,
                                                      std::string_view name) {
  HEARTH_TRY(const Bytes bytes, binary_field(body, name, Message::size));
  auto message = Message::parse(bytes);
  if (!message) return bad_field(name);
  return *message;
}

}  // namespace hearth::appliance
