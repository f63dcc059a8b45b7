#pragma once
// Which updates count.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/ledger/checkpoints.h>
#include <hearth/ledger/log.h>
#include <hearth/ledger/membership.h>

namespace hearth::ledger {

enum class Verdict : std::uint8_t {
  counts,
  waits,  ///< for its body, or for the membership entry it names
  kept,   ///< of a later version, or sealed: neither applied nor void
  void_body,
  void_role,     ///< its persona could not write
  void_removed,  ///< after its persona's or author's end
  void_branch,   ///< another branch was named, or outranked
  void_future,   ///< too far beyond the checkpoint that covers it
  void_stale,    ///< older than what a checkpoint still remembers, and not covered
};

class Ledger {
 public:
  explicit Ledger(const model::SpaceId& space) : membership(space) {}

  Membership membership;
  Checkpoints checkpoints;
  crdt::Authors authors;

  /// Made when there is none.
  AuthorLog& log(crdt::AuthorNumber author);
  /// All places in that author's log that the two chains name.
  [[nodiscard]] std::vector<update::Position> named_of(const model::AuthorKey& author) const;
  /// Says anew who of a forked log is outranked: to be called when it grew or a chain changed.
  /// Whether that is somebody else.
  bool rank(AuthorLog& log) const;
  /// Likewise of all of them.
  void rank();
  /// Takes records out of a log (AuthorLog::drop).
  void drop(crdt::AuthorNumber author, const std::function<bool(const Record&)>& is_gone);
  [[nodiscard]] const AuthorLog* find_log(crdt::AuthorNumber author) const;
  /// Authors with a log, by key.
  [[nodiscard]] std::vector<crdt::AuthorNumber> authors_by_key() const;

  /// A function of what is held: the same on every replica that holds the same.
  [[nodiscard]] Verdict judge(const Record& record) const;
  /// Whether one of the chain's first `count` checkpoints covers that place of a log.
  [[nodiscard]] bool is_covered(crdt::AuthorNumber author, std::uint64_t seq,
                                std::size_t count) const;
  /// Whether the membership log alone says that no update of that author and seq counts.
  [[nodiscard]] bool is_ended(crdt::AuthorNumber author, std::uint64_t seq) const;
  /// Whether all heads of that checkpoint are held with every body below them, but for gaps.
  [[nodiscard]] bool is_complete(std::size_t checkpoint) const;

 private:
  // A checkpoint made before that place of the chain covers the record: what was settled stays.
  [[nodiscard]] bool was_settled(const AuthorLog& log, const Record& record,
                                 std::size_t place) const;
  [[nodiscard]] Verdict judge_by_members(const AuthorLog& log, const Record& record) const;
  [[nodiscard]] Verdict judge_by_checkpoints(const AuthorLog& log, const Record& record) const;

  std::map<crdt::AuthorNumber, AuthorLog> logs_;
  // What is_complete last found without a body.
  struct Missing {
    std::optional<model::CheckpointId> id;
    const Record* record = nullptr;
  };
  mutable Missing missing_;
};

}  // namespace hearth::ledger
