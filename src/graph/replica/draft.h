#pragma once
// Edits of our own, gathered into one update: what a person sees becomes operations.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/crdt/node.h>
#include <hearth/model/value.h>
#include <hearth/update/body.h>

namespace hearth::replica {

class Replica;

enum class EditError : std::uint8_t {
  bad_soul,
  bad_property,
  bad_value,     ///< not finite, not UTF-8, too large
  out_of_range,  ///< a position, a count, a delta
  absent,        ///< nothing there to take away
  too_large,     ///< more than one update holds
};

/// Made by Replica::draft, which outlives it and doesn't change meanwhile. Each edit sees those
/// before it.
class Draft {
 public:
  Result<Unit, EditError> put(std::string_view soul, std::string_view property, model::Value value);
  /// |delta| is at most 2^53 - 1.
  Result<Unit, EditError> add(std::string_view soul, std::string_view property, std::int64_t delta);
  /// An element of a set, and registers on it: those not named stay.
  Result<Unit, EditError> include(std::string_view soul, std::string_view property,
                                  model::Value element, std::vector<update::Field> fields = {});
  Result<Unit, EditError> exclude(std::string_view soul, std::string_view property,
                                  const model::Value& element);
  /// Into a list, before what stands at `position` now.
  Result<Unit, EditError> insert(std::string_view soul, std::string_view property,
                                 std::size_t position, std::vector<model::Value> values);
  Result<Unit, EditError> erase(std::string_view soul, std::string_view property,
                                std::size_t position, std::size_t count);
  Result<Unit, EditError> remove(std::string_view soul, std::string_view property);
  Result<Unit, EditError> remove(std::string_view soul);

  /// For imports: the state that these writes had elsewhere.
  void restamp(model::Stamp stamp) { cause_.stamp = stamp; }
  void on_behalf_of(update::Behalf behalf) { behalf_ = std::move(behalf); }
  [[nodiscard]] bool empty() const { return operations_ == 0; }

 private:
  friend class Replica;
  struct Change {
    std::vector<update::Operation> operations;
    std::uint32_t next_index = 0;
    crdt::Node node;  // as it will be
  };

  Draft(Replica& replica, const crdt::Cause& cause) : replica_(replica), cause_(cause) {}

  [[nodiscard]] Result<Change*, EditError> change(std::string_view soul, std::string_view property);
  Result<Unit, EditError> apply(Change& change, update::Operation operation);
  // The body's name for an operation's id.
  update::Id named(const crdt::Id& id);
  [[nodiscard]] update::Body body() const;

  Replica& replica_;
  crdt::Cause cause_;
  std::optional<update::Behalf> behalf_;
  std::map<std::string, Change, std::less<>> changes_;
  std::vector<crdt::AuthorNumber> places_{cause_.author};
  std::size_t operations_ = 0;
  std::size_t values_ = 0;
};

}  // namespace hearth::replica
