#pragma once
// Signatures with a label, as docs/protocol/identity.md has them, and hashes.

#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/crypto/sha2.h>

namespace hearth::update {

inline constexpr std::string_view update_label = "hearth/graph/update";
inline constexpr std::string_view membership_label = "hearth/graph/membership";
inline constexpr std::string_view checkpoint_label = "hearth/graph/checkpoint";

/// label || 0 || payload: what is signed.
[[nodiscard]] inline Bytes labelled(std::string_view label, BytesView payload) {
  Bytes message;
  message.reserve(label.size() + 1 + payload.size());
  append(message, as_bytes(label));
  message.push_back(std::byte{0});
  append(message, payload);
  return message;
}

}  // namespace hearth::update
