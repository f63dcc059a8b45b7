#pragma once
// Names of things, each a type of its own.

#include <array>
#include <compare>
#include <cstddef>
#include <optional>

#include <hearth/base/bytes.h>
#include <hearth/base/strong.h>

namespace hearth::model {

using Bytes32 = std::array<std::byte, 32>;

/// Bytewise, in one place: maps and sorts of ids would repeat it in every instance.
[[nodiscard]] std::strong_ordering compare(const Bytes32& a, const Bytes32& b);

}  // namespace hearth::model

namespace hearth {

template <class Tag>
class Strong<Tag, model::Bytes32> {
 public:
  using Value = model::Bytes32;
  constexpr Strong() = default;
  constexpr explicit Strong(const Value& value) : value_(value) {}
  [[nodiscard]] constexpr const Value& value() const { return value_; }
  friend std::strong_ordering operator<=>(const Strong& a, const Strong& b) {
    return model::compare(a.value_, b.value_);
  }
  friend bool operator==(const Strong& a, const Strong& b) {
    return model::compare(a.value_, b.value_) == 0;
  }

 private:
  Value value_{};
};

}  // namespace hearth

namespace hearth::model {

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
