#pragma once
// One author's log: a line of records, and branches where the author forked.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <hearth/crdt/authors.h>
#include <hearth/model/id.h>
#include <hearth/model/stamp.h>
#include <hearth/update/membership.h>

namespace hearth::ledger {

enum class BodyState : std::uint8_t {
  absent,  ///< not here yet, or dropped
  good,
  broken,   ///< breaks the format's rules: void
  unknown,  ///< of a later version: kept, not applied
  sealed,   ///< of a private space: kept, not applied
};

/// What is remembered of an update. Its place in memory stays, until its log drops some.
struct Record {
  model::UpdateId id;
  const Record* parent = nullptr;  ///< nothing for the first of a log, and after a gap
  crdt::AuthorNumber author = 0;
  std::uint32_t root = 0;  ///< the certificate its log begins with
  std::uint64_t seq = 0;
  std::uint64_t bytes = 0;
  model::EntryId membership;
  model::Stamp stamp;  ///< when the body is good
  BodyState body = BodyState::absent;
  bool on_line = true;
  /// 8 siblings with smaller ids count instead, or of an ancestor; and nothing names what is here.
  bool outranked = false;
  bool is_named = false;  ///< by a chain, or what follows it; only where the log is forked
  // The replica's:
  bool counts = false;   ///< by the last verdict
  bool applied = false;  ///< part of the state
  bool needed = false;   ///< while space is taken back: something of it is left in the state
};

class AuthorLog {
 public:
  /// Of the children of one record, those with the smallest ids that count unless they are named.
  static constexpr std::size_t max_children = 8;

  struct Root {
    model::Bytes32 certificate_hash{};
    model::PersonaKey persona;
  };

  explicit AuthorLog(crdt::AuthorNumber author) : author_(author) {}

  [[nodiscard]] std::optional<std::uint32_t> root_of(const model::Bytes32& hash) const;
  std::uint32_t add_root(const Root& root);
  [[nodiscard]] const Root& root(std::uint32_t number) const { return roots_[number]; }
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }

  /// Whether a child of `parent` (nothing: of the certificate) with that id could never count
  /// unless something names it, or what follows it.
  [[nodiscard]] bool is_outranked(const Record* parent, const model::UpdateId& id) const;
  /// `record.parent` is of this log and its seq one less, or nothing and seq 1. Not held yet. Of a
  /// log that is forked then, rank() has to follow.
  Record& add(Record record);
  /// Who counts among siblings: a function of the siblings and of the places that are named,
  /// however they came. Of a log that is forked. True: somebody is outranked who wasn't, or isn't
  /// any more.
  bool rank(const std::vector<update::Position>& named);
  /// Its parent, `prev`, is not held and never will be. Above all others of a log without a fork,
  /// whose first record is held.
  Record& add_after_gap(Record record, const model::Bytes32& prev);
  /// Takes records out, not the first and not the last. Only without a fork. All others move.
  void drop(const std::function<bool(const Record&)>& is_gone);
  /// Below here, what isn't held is gone for good. 0: nothing is.
  [[nodiscard]] std::uint64_t floor() const { return gaps_.empty() ? 0 : gaps_.rbegin()->first; }
  /// What the record's header names as the one before.
  [[nodiscard]] const model::Bytes32& prev_of(const Record& record) const;
  [[nodiscard]] Record* find(std::uint64_t seq, const model::UpdateId& id);
  [[nodiscard]] const Record* find(std::uint64_t seq, const model::UpdateId& id) const;
  /// Whether any record has that seq.
  [[nodiscard]] const Record* on_line(std::uint64_t seq) const;
  [[nodiscard]] Record* on_line(std::uint64_t seq);
  [[nodiscard]] bool is_forked() const { return !branches_.empty(); }
  [[nodiscard]] crdt::AuthorNumber author() const { return author_; }

  /// The line's last. Nothing while empty.
  [[nodiscard]] const Record* head() const { return line_.empty() ? nullptr : &line_.back(); }
  /// All records without children, by id.
  [[nodiscard]] std::vector<const Record*> heads() const;
  /// The first record after that place, by seq and then by id. Nothing: of all.
  using Place = std::optional<std::pair<std::uint64_t, model::UpdateId>>;
  [[nodiscard]] const Record* next(const Place& place) const;
  /// By seq; of one seq by id.
  [[nodiscard]] std::vector<Record*> records();
  [[nodiscard]] std::vector<const Record*> records() const;
  [[nodiscard]] std::size_t size() const { return line_.size() + branches_.size(); }

  [[nodiscard]] const Record* ancestor(const Record& of, std::uint64_t seq) const;
  /// The record at the position or an ancestor of it; everything up to its seq while it is not
  /// held.
  [[nodiscard]] bool is_within(const Record& record, const update::Position& position) const;
  /// Neither ancestor nor descendant of the record at the position, which is held.
  [[nodiscard]] bool is_beside(const Record& record, const update::Position& position) const;

 private:
  crdt::AuthorNumber author_;
  std::vector<Root> roots_;
  std::deque<Record> line_;  // ascending; each the child of the one before, or after a gap
  std::map<std::uint64_t, model::Bytes32> gaps_;  // prev of those whose parents are gone
  std::map<std::pair<std::uint64_t, model::UpdateId>, Record> branches_;
};

}  // namespace hearth::ledger
