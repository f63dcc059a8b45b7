#pragma once
// An add-wins set whose elements have registers.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/model/stamp.h>
#include <hearth/model/value.h>
#include <hearth/update/body.h>

namespace hearth::crdt {

class Set {
 public:
  void include(const model::Value& element, std::vector<update::Field> fields, const Id& tag,
               model::Stamp stamp);
  /// Kills the tags of seen.author up to `seen`, those with a state above `stamp` excepted.
  void exclude(const model::Value& element, const Id& seen, model::Stamp stamp);
  void erase_below(model::Stamp stamp);
  void purge(model::Stamp horizon);

  struct Element {
    model::Value value;
    std::vector<update::Field> fields;  ///< by name
  };
  /// In the order of the elements' encodings.
  [[nodiscard]] std::vector<Element> elements() const;
  [[nodiscard]] bool contains(const model::Value& element) const;
  /// What an exclude has to name now: the highest live tag of each author.
  [[nodiscard]] std::vector<Id> tags_of(const model::Value& element) const;
  [[nodiscard]] bool empty() const { return elements_.empty(); }
  /// The newest live tag's.
  [[nodiscard]] std::optional<model::Stamp> newest() const;

  /// Of live tags.
  void visit_sources(const SourceVisitor& visit) const;

  void write(const StateWriter& writer) const;
  [[nodiscard]] static Result<Set, StateError> read(const StateReader& reader);

 private:
  struct Tag {
    Id id;
    model::Stamp stamp;
    std::vector<update::Field> fields;

    [[nodiscard]] bool covers(const Tag& older) const;
  };
  struct Kill {
    Id id;
    model::Stamp stamp;

    [[nodiscard]] bool takes(const Id& tag, model::Stamp tag_stamp) const;
  };
  struct State {
    std::vector<Tag> tags;    // live, none covers another
    std::vector<Kill> kills;  // none takes all that another takes
  };

  std::map<std::string, State, std::less<>> elements_;  // by the value's encoding
};

}  // namespace hearth::crdt
