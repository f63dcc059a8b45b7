#pragma once
// Names of things, each a type of its own.

#include <array>
#include <cstddef>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/strong.h>

namespace hearth::model {

using Bytes32 = std::array<std::byte, 32>;

/// An Ed25519 key that writes one log: a device, in one space.
using AuthorKey = Strong<struct AuthorKeyTag, Bytes32>;
/// An Ed25519 key that is a person, a member of spaces.
using PersonaKey = Strong<struct PersonaKeyTag, Bytes32>;
/// SHA-256 of a space's first membership entry.
using SpaceId = Strong<struct SpaceIdTag, Bytes32>;
/// SHA-256 of an update's header.
using UpdateId = Strong<struct UpdateIdTag, Bytes32>;
/// SHA-256 of a membership entry.
using EntryId = Strong<struct EntryIdTag, Bytes32>;
/// SHA-256 of a checkpoint.
using CheckpointId = Strong<struct CheckpointIdTag, Bytes32>;

/// Nothing unless `bytes` are 32.
template <class Id>
[[nodiscard]] std::optional<Id> id_from(BytesView bytes) {
  Bytes32 value;
  if (bytes.size() != value.size()) return std::nullopt;
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = bytes[i];
  return Id{value};
}

}  // namespace hearth::model
