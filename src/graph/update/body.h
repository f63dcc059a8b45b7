#pragma once
// What an update does (docs/protocol/graph.md, section 2).

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/model/id.h>
#include <hearth/model/stamp.h>
#include <hearth/model/value.h>
#include <hearth/update/error.h>

namespace hearth::update {

inline constexpr std::size_t max_body_size = 1 << 20;  ///< bytes
inline constexpr std::size_t max_operations = 4096;
inline constexpr std::size_t max_values = 65'536;  ///< of all list inserts together
inline constexpr std::size_t max_behalf_app_size = 200;

/// An element of a list, or an include: what operation made it.
struct Id {
  std::uint32_t author = 0;  ///< 0 is the writer, n is Body::authors[n - 1]
  std::uint64_t seq = 1;
  std::uint32_t index = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

enum class Side : std::uint8_t { left = 0, right = 1 };

struct Field {
  std::string name;
  model::Value value;
  friend bool operator==(const Field&, const Field&) = default;
};

struct Put {
  std::string property;
  model::Value value;
  friend bool operator==(const Put&, const Put&) = default;
};
struct Add {
  std::string property;
  std::int64_t delta = 0;  ///< magnitude at most 2^53 - 1
  friend bool operator==(const Add&, const Add&) = default;
};
struct Include {
  std::string property;
  model::Value element;
  std::vector<Field> fields;  ///< by name, each once
  friend bool operator==(const Include&, const Include&) = default;
};
struct Exclude {
  std::string property;
  model::Value element;
  std::vector<Id> seen;  ///< ascending, at least one
  friend bool operator==(const Exclude&, const Exclude&) = default;
};
struct Insert {
  std::string property;
  std::optional<Id> parent;  ///< nothing: the list's root
  Side side = Side::right;
  std::vector<model::Value> values;  ///< at least one
  friend bool operator==(const Insert&, const Insert&) = default;
};
struct Run {
  Id first;
  std::uint32_t count = 1;
  friend bool operator==(const Run&, const Run&) = default;
};
struct Erase {
  std::string property;
  std::vector<Run> runs;  ///< at least one
  friend bool operator==(const Erase&, const Erase&) = default;
};
struct DeleteProperty {
  std::string property;
  friend bool operator==(const DeleteProperty&, const DeleteProperty&) = default;
};
struct DeleteNode {
  friend bool operator==(const DeleteNode&, const DeleteNode&) = default;
};
/// Of a later version. Kept as it came, and not applied.
struct Unknown {
  std::uint64_t code = 0;
  Bytes encoded;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using Operation =
    std::variant<Put, Add, Include, Exclude, Insert, Erase, DeleteProperty, DeleteNode, Unknown>;

/// How many indices an operation takes: one per value inserted, else one.
[[nodiscard]] std::uint32_t indices_of(const Operation& operation);

struct Change {
  std::string soul;
  std::vector<Operation> operations;
  friend bool operator==(const Change&, const Change&) = default;
};

/// An appliance that writes for its app.
struct Behalf {
  std::string app;
  model::PersonaKey persona;
  friend bool operator==(const Behalf&, const Behalf&) = default;
};

struct Body {
  model::Stamp state;
  std::optional<Behalf> behalf;
  std::vector<model::AuthorKey> authors;  ///< whom the ids name; not the writer
  std::vector<Change> changes;            ///< by soul, each once

  /// The body keeps every rule of the format; ours do.
  [[nodiscard]] Bytes encode() const;
  /// `writer` wrote it: ids may not name it through `authors`.
  [[nodiscard]] static Result<Body, UpdateError> decode(BytesView bytes,
                                                        const model::AuthorKey& writer);
  /// Whether it holds an operation of a later version, so that none of it applies.
  [[nodiscard]] bool has_unknown() const;
  friend bool operator==(const Body&, const Body&) = default;
};

}  // namespace hearth::update
