#pragma once
// One node of the graph: all that was written under one soul, merged.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/crdt/box.h>
#include <hearth/crdt/counter.h>
#include <hearth/crdt/deletions.h>
#include <hearth/crdt/list.h>
#include <hearth/crdt/set.h>
#include <hearth/model/stamp.h>
#include <hearth/model/value.h>
#include <hearth/update/body.h>

namespace hearth::crdt {

enum class Kind : std::uint8_t { value, counter, set, list };

struct Register {
  model::Stamp stamp;
  model::Value value;
  AuthorNumber author = 0;
  std::uint64_t seq = 0;
};

struct Property {
  std::string name;
  Deletions deleted;
  std::optional<Register> value;
  Box<Counter> counter;
  Box<Set> set;
  Box<List> list;

  /// What a reader is shown: the kind written last. Nothing when there is nothing to show.
  [[nodiscard]] std::optional<Kind> kind() const;
  [[nodiscard]] bool empty() const;
};

/// The update an operation is of.
struct Cause {
  AuthorNumber author = 0;
  std::uint64_t seq = 0;
  model::Stamp stamp;
};

class Node {
 public:
  struct Applied {
    bool changed = false;
    /// An id was taken already (a fork): which one counts takes building the node anew.
    bool collided = false;
  };
  /// `authors` are those of the body's places, the writer first; `index` is the operation's first.
  /// Operations may come in any order; each comes once.
  Applied apply(const update::Operation& operation, const Cause& cause, std::uint32_t index,
                std::span<const AuthorNumber> places, const Authors& authors, const Fates& fates);
  /// Lists hang what waits for what never comes. True when something was hung.
  bool adopt(const Fates& fates);
  /// Forgets what is older than `horizon` and of no effect any more.
  void purge(model::Stamp horizon, const Fates& fates);
  /// Values alone, none of them deleted: what adopt() and purge() leave as it is.
  [[nodiscard]] bool is_plain() const;

  /// Nothing was written, or nothing is left.
  [[nodiscard]] bool empty() const { return deleted_.empty() && properties_.empty(); }
  [[nodiscard]] bool depends_on_fates() const;
  [[nodiscard]] bool is_waiting() const;
  [[nodiscard]] const Property* find(std::string_view name) const;
  /// By name.
  [[nodiscard]] const std::vector<Property>& properties() const { return properties_; }

  /// Two items: deleted, properties.
  void write(const StateWriter& writer) const;
  [[nodiscard]] static Result<Node, StateError> read(const StateReader& reader);

 private:
  Property& property(std::string_view name);
  void drop_empty(std::string_view name);
  static void erase_below(Property& property, model::Stamp stamp);

  Deletions deleted_;
  std::vector<Property> properties_;
};

}  // namespace hearth::crdt
