#pragma once
// The rules of docs/protocol/graph.md once more, as slow and as plain as they read: who may write,
// what counts, and what registers and counters then hold. Shares nothing with ledger and crdt.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <hearth/model/stamp.h>
#include <hearth/model/value.h>
#include <hearth/simulator/run.h>
#include <hearth/update/body.h>
#include <hearth/update/checkpoint.h>
#include <hearth/update/membership.h>

namespace hearth::simulator {

class Judge {
 public:
  /// All that one replica holds; letters with the certificate of their log's beginning.
  Judge(const model::SpaceId& space, const std::vector<Bytes>& entries,
        const std::vector<Bytes>& checkpoints, std::vector<Letter> letters);

  [[nodiscard]] bool counts(const model::UpdateId& update) const {
    return counting_.contains(update);
  }
  [[nodiscard]] std::size_t counting() const { return counting_.size(); }
  /// The latest time any checkpoint that counts speaks of.
  [[nodiscard]] std::uint64_t latest_time() const;

  struct Register {
    model::Stamp stamp;
    model::Value value;
    model::AuthorKey author;
    std::uint64_t seq = 0;
    friend bool operator==(const Register&, const Register&) = default;
  };
  using Name = std::pair<std::string, std::string>;  // soul, property
  /// What is visible at `now`.
  [[nodiscard]] std::map<Name, Register> registers(Timestamp now) const;
  /// Sums, of properties with a delta that wasn't deleted.
  [[nodiscard]] std::map<Name, std::int64_t> counters(Timestamp now) const;

 private:
  struct Node {
    update::Entry entry;
    model::EntryId id;
    std::optional<model::EntryId> parent;
    model::AuthorKey home;
    std::map<model::PersonaKey, update::Role> roles;
  };
  struct Written {
    Letter letter;
    model::UpdateId id;
    std::optional<model::UpdateId> parent;
    model::PersonaKey persona;
    std::optional<update::Body> body;  // one that breaks no rule and is of this version
  };
  struct Deleted {
    std::map<std::string, model::Stamp> nodes;
    std::map<Name, model::Stamp> properties;
    void note(model::Stamp& at, model::Stamp stamp);
    [[nodiscard]] bool takes(const Name& name, model::Stamp stamp) const;
  };

  void grow_tree(const std::vector<update::Entry>& entries);
  [[nodiscard]] bool is_valid(const update::Entry& entry, const Node& parent) const;
  void choose_chain();
  [[nodiscard]] std::uint64_t highest_term(const model::EntryId& id) const;
  void choose_checkpoints(const std::vector<Bytes>& statements);
  void read(std::vector<Letter> letters);

  [[nodiscard]] std::optional<std::size_t> place_of(const model::EntryId& entry) const;
  [[nodiscard]] bool is_at_or_before(const Written& a, const Written& b) const;
  [[nodiscard]] bool is_within(const Written& written, const update::Position& position) const;
  [[nodiscard]] bool is_beside(const Written& written, const update::Position& position) const;
  [[nodiscard]] bool is_outranked(const Written& written) const;
  // Whether a chain names it, or what follows it.
  [[nodiscard]] bool is_on_the_way(const Written& written) const;
  [[nodiscard]] bool was_covered_before(const Written& written, std::size_t place) const;
  [[nodiscard]] bool is_void_by_members(const Written& written, std::size_t place) const;
  [[nodiscard]] bool judge(const Written& written) const;
  [[nodiscard]] Deleted deleted(Timestamp now) const;
  template <class Visit>
  void visit(Timestamp now, const Visit& visit) const;

  model::SpaceId space_;
  std::map<model::EntryId, Node> tree_;
  std::vector<const Node*> chain_;
  struct Checkpoint {
    update::Checkpoint statement;
    std::size_t place;
  };
  std::vector<Checkpoint> checkpoints_;
  std::map<model::UpdateId, Written> written_;
  std::set<model::UpdateId> counting_;
};

}  // namespace hearth::simulator
