#pragma once
// The membership log: a tree of valid entries, and the one chain of them that counts.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <hearth/base/result.h>
#include <hearth/model/id.h>
#include <hearth/update/membership.h>

namespace hearth::ledger {

enum class LedgerError : std::uint8_t {
  wrong_space,
  not_allowed,     ///< signed by somebody who may not
  inconsistent,    ///< a seq, term, number or time that does not follow
  unknown_parent,  ///< come again when the one before is here
  full,
};

class Membership {
 public:
  /// Strangers' entries are held no further than this, in number.
  static constexpr std::size_t max_entries = 65'536;

  explicit Membership(const model::SpaceId& space) : space_(space) {}

  /// `entry` is signed by its signer. True: it is new.
  Result<bool, LedgerError> add(const update::Entry& entry);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const model::SpaceId& space() const { return space_; }
  [[nodiscard]] update::SpaceKind kind() const { return kind_; }
  [[nodiscard]] bool knows(const model::EntryId& id) const { return entries_.contains(id); }
  /// The chain's last entry. Not while empty.
  [[nodiscard]] const model::EntryId& head() const { return chain_.back()->id; }
  [[nodiscard]] const update::Entry& head_entry() const { return chain_.back()->entry; }
  [[nodiscard]] const model::AuthorKey& home() const { return chain_.back()->home; }
  [[nodiscard]] std::size_t height() const { return chain_.size(); }

  /// Where on the chain an entry counts: its nearest ancestor there. Nothing: not held.
  [[nodiscard]] std::optional<std::size_t> place_of(const model::EntryId& id) const;
  /// Nothing unless it stands on the chain itself.
  [[nodiscard]] std::optional<std::size_t> exact_place_of(const model::EntryId& id) const;
  [[nodiscard]] const model::AuthorKey& home_at(std::size_t place) const {
    return chain_[place]->home;
  }
  /// The home at an entry, on the chain or not. Nothing: not held.
  [[nodiscard]] std::optional<model::AuthorKey> home_at(const model::EntryId& id) const;

  /// A role somebody has at that place; in a public space, writer without being named.
  [[nodiscard]] update::Role role_at(const model::PersonaKey& persona, std::size_t place) const;
  [[nodiscard]] update::Role role(const model::PersonaKey& persona) const {
    return role_at(persona, chain_.size() - 1);
  }

  /// The right to write, taken from a persona at a place of the chain.
  struct Removal {
    std::size_t place = 0;
    std::vector<update::Position> cuts;
    /// Nothing: void from the beginning, unless written under a later entry.
    [[nodiscard]] std::optional<update::Position> cut_of(const model::AuthorKey& author) const;
  };
  [[nodiscard]] const std::vector<Removal>& removals_of(const model::PersonaKey& persona) const;
  struct Named {
    std::size_t place = 0;
    update::Position position;
  };
  [[nodiscard]] const std::vector<Named>& ends_of(const model::AuthorKey& author) const;
  [[nodiscard]] const std::vector<Named>& branches_of(const model::AuthorKey& author) const;
  /// Cuts of removals after which the persona never could write again, by the authors they list.
  [[nodiscard]] const std::vector<Named>& final_cuts_of(const model::AuthorKey& author) const;
  /// All that name a place in the author's log: cuts, ends, branches.
  [[nodiscard]] const std::vector<Named>& named_of(const model::AuthorKey& author) const;
  [[nodiscard]] std::vector<std::pair<model::PersonaKey, update::Role>> members() const;

 private:
  struct Node {
    model::EntryId id;
    update::Entry entry;
    Node* parent = nullptr;
    std::vector<Node*> children;
    model::AuthorKey home;
    std::uint64_t highest_term = 0;    // here and below
    std::optional<std::size_t> place;  // on the chain
  };
  struct Persona {
    std::map<std::size_t, update::Role> roles;  // from that place on
    std::vector<Removal> removals;
  };
  using NamedByAuthor = std::map<model::AuthorKey, std::vector<Named>>;

  [[nodiscard]] Result<Unit, LedgerError> check(const update::Entry& entry,
                                                const Node& parent) const;
  [[nodiscard]] static bool is_owner(const model::PersonaKey& persona, const Node& at);
  void choose_chain();
  void read_chain();

  model::SpaceId space_;
  update::SpaceKind kind_ = update::SpaceKind::guarded;
  std::map<model::EntryId, std::unique_ptr<Node>> entries_;
  std::vector<Node*> chain_;
  std::map<model::PersonaKey, Persona> personas_;
  NamedByAuthor ends_, branches_, final_cuts_, named_;
};

}  // namespace hearth::ledger
