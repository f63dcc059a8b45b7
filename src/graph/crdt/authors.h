#pragma once
// Author keys by small numbers, so that a state costs little, and the names under which they are
// written.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/codec/cbor.h>
#include <hearth/model/id.h>
#include <hearth/model/stamp.h>

namespace hearth::crdt {

/// An author's place in an Authors table. Local: another replica counts otherwise.
using AuthorNumber = std::uint32_t;

class Authors {
 public:
  AuthorNumber number(const model::AuthorKey& key);
  [[nodiscard]] std::optional<AuthorNumber> find(const model::AuthorKey& key) const;
  [[nodiscard]] const model::AuthorKey& key(AuthorNumber number) const { return keys_[number]; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  std::vector<model::AuthorKey> keys_;
  std::map<model::AuthorKey, AuthorNumber> numbers_;
};

/// 0 to count - 1 in an order. One sort for all encodings, since each would be kilobytes of the
/// browser's module.
[[nodiscard]] std::vector<std::uint32_t> sorted_places(
    std::size_t count, const std::function<bool(std::uint32_t, std::uint32_t)>& is_before);

/// Is told of the updates whose operations something still holds.
using SourceVisitor = std::function<void(AuthorNumber author, std::uint64_t seq)>;

/// What an operation made: an element of a list, a tag of a set, a counter's delta.
struct Id {
  AuthorNumber author = 0;
  std::uint32_t index = 0;
  std::uint64_t seq = 0;
  /// An order within this replica alone.
  friend auto operator<=>(const Id&, const Id&) = default;
};

/// The same on every replica: by key, seq, index.
[[nodiscard]] std::strong_ordering compare(const Id& a, const Id& b, const Authors& authors);

/// How a state's encoding names authors.
enum class Names : std::uint8_t {
  keys,     ///< canonical: equal states have equal bytes everywhere
  numbers,  ///< short, for this replica's store
};

enum class StateError : std::uint8_t { malformed };

/// Writes the parts that all kinds of property share.
struct StateWriter {
  codec::CborWriter& to;
  const Authors& authors;
  Names names;

  void author(AuthorNumber author) const;
  /// Three items: author, seq, index.
  void id(const Id& id) const;
  void stamp(const std::optional<model::Stamp>& stamp) const;
};

struct StateReader {
  codec::CborReader& from;
  Authors& authors;
  Names names;

  [[nodiscard]] Result<std::uint64_t, StateError> array() const;
  [[nodiscard]] Result<Unit, StateError> array(std::uint64_t items) const;
  [[nodiscard]] Result<AuthorNumber, StateError> author() const;
  [[nodiscard]] Result<std::uint64_t, StateError> uint() const;
  [[nodiscard]] Result<Id, StateError> id() const;
  [[nodiscard]] Result<model::Stamp, StateError> stamp() const;
  [[nodiscard]] Result<std::optional<model::Stamp>, StateError> optional_stamp() const;
  [[nodiscard]] Result<model::Value, StateError> value() const;
  [[nodiscard]] Result<bool, StateError> at_null() const;
  [[nodiscard]] Result<Unit, StateError> null() const;
};

}  // namespace hearth::crdt
