#pragma once
// An ordered list in Fugue's order (Weidner, Kleppmann: "The Art of the Fugue", 2023): a tree whose
// elements hang left or right of another, read from left to right.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/crdt/ranges.h>
#include <hearth/model/stamp.h>
#include <hearth/model/value.h>
#include <hearth/update/body.h>

namespace hearth::crdt {

/// What the log knows that a list can't.
class Fates {
 public:
  virtual ~Fates() = default;
  /// Whether no update of that author with that seq will ever count, other than those that do.
  [[nodiscard]] virtual bool is_void(AuthorNumber author, std::uint64_t seq) const = 0;
  /// Whether a purged checkpoint covers it, or the one that is being purged: all that counts of it
  /// has been here.
  [[nodiscard]] virtual bool is_covered(AuthorNumber author, std::uint64_t seq) const = 0;
};

class List {
 public:
  /// Where an insert hangs.
  struct Place {
    std::optional<Id> parent;  ///< nothing: the root
    update::Side side = update::Side::right;
  };

  /// Inserts `values` as first, first.index + 1, …, each right of the one before. False when one of
  /// these ids is taken already (a fork): that one stays as it was. `erased`: the first deletion of
  /// the property or node that takes them.
  bool insert(const Place& place, const Id& first, std::span<const model::Value> values,
              model::Stamp stamp, std::optional<model::Stamp> erased, const Fates& fates);
  /// first, first.index + 1, …. Elements with a state above `stamp` are spared. What is unknown yet
  /// will be erased when it comes; what is covered and not here never does.
  void erase(const Id& first, std::uint32_t count, model::Stamp stamp, const Fates& fates);
  void erase_below(model::Stamp stamp);
  /// Hangs what waits for parents that never come to the root. True when something was hung.
  bool adopt(const Fates& fates);
  /// Forgets elements erased below `horizon` that are covered and have no covered children, and the
  /// erases that wait for what is covered or have a state below `horizon`. Neither what isn't
  /// covered nor whether an element waits matters: both may differ between replicas.
  void purge(model::Stamp horizon, const Fates& fates);

  [[nodiscard]] std::vector<model::Value> values(const Authors& authors) const;
  [[nodiscard]] std::size_t size() const { return visible_; }
  /// Where to insert to stand at `position`; at most size().
  [[nodiscard]] Place place_for(std::size_t position, const Authors& authors) const;
  /// The ids of visible elements; the range is within size().
  [[nodiscard]] std::vector<Id> ids(std::size_t position, std::size_t count,
                                    const Authors& authors) const;

  [[nodiscard]] bool empty() const { return nodes_.empty() && waiting_.empty() && erases_.empty(); }
  /// Whether it would look otherwise if the log judged otherwise.
  [[nodiscard]] bool depends_on_fates() const { return !waiting_.empty() || adopted_; }
  [[nodiscard]] bool is_waiting() const { return !waiting_.empty(); }
  /// The newest visible element's.
  [[nodiscard]] std::optional<model::Stamp> newest() const;

  /// Of all elements, and when those were erased that are.
  void visit_sources(const SourceVisitor& visit,
                     const std::function<void(model::Stamp erased)>& visit_erased) const;

  void write(const StateWriter& writer) const;
  [[nodiscard]] static Result<List, StateError> read(const StateReader& reader);

 private:
  static constexpr std::uint32_t root = 0xffffffff;

  struct Element {
    Id id;
    std::optional<Id> parent;
    update::Side side = update::Side::right;
    model::Stamp stamp;
    std::optional<model::Stamp> erased;  // the first time
    model::Value value;                  // null once erased

    void erase(model::Stamp by);        // by its id: a state not above
    void erase_below(model::Stamp by);  // by a deletion: a state below
  };
  struct Node {
    Element element;
    std::uint32_t parent = root;
    bool has_right = false;
  };

  [[nodiscard]] bool knows(const Id& id) const;
  void erase_known(Element& element, model::Stamp stamp);
  void add(Element element, const Fates& fates);
  // Hangs an element whose parent is there, and all that waited for it.
  void attach(Element element);
  std::uint32_t hang(Element element);
  // Of one whose parent never comes, or is gone.
  void hang_at_root(Element element);
  Element take_waiting(const Id& id);
  void purge_waiting(model::Stamp horizon, const Fates& fates);
  void purge_tree(model::Stamp horizon, const Fates& fates);
  void rebuild_index();
  // Every node hangs from the root: what is stored may be damaged.
  [[nodiscard]] bool is_tree() const;
  [[nodiscard]] const std::vector<std::uint32_t>& order(const Authors& authors) const;
  static void write(const StateWriter& writer, const Element& element);
  [[nodiscard]] static Result<Element, StateError> read_element(const StateReader& reader);

  std::vector<Node> nodes_;
  std::map<Id, std::uint32_t> index_;
  std::map<Id, Element> waiting_;           // for their parents
  std::multimap<Id, Id> children_waiting_;  // parent, child
  // By author, seq and the erase's state: erased before they came.
  std::map<std::tuple<AuthorNumber, std::uint64_t, model::Stamp>, Ranges> erases_;
  std::size_t visible_ = 0;
  bool root_has_right_ = false;
  bool adopted_ = false;
  mutable std::vector<std::uint32_t> order_;  // all nodes as they are read, when it is fresh
  mutable bool order_is_fresh_ = true;
};

}  // namespace hearth::crdt
