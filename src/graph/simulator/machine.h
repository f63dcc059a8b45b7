#pragma once
// One machine: a disk, a clock that may be wrong, a replica while the program runs, and the person
// whose device it is. It acknowledges what is synced, and remembers what it acknowledged.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hearth/graph_store/faulty_store.h>
#include <hearth/replica/replica.h>
#include <hearth/simulator/people.h>
#include <hearth/simulator/run.h>
#include <hearth/update/membership.h>

namespace hearth::simulator {

/// What a machine says it has.
struct Greeting {
  /// Of each author the heads, and ever older ancestors of them, so that one who is behind or on
  /// another branch finds where they parted.
  std::map<model::AuthorKey, std::vector<update::Position>> known;
  std::set<model::Bytes32> statements;         ///< membership entries and checkpoints
  std::vector<update::Position> without_body;  ///< whose bodies it wants
  bool wants_whole = false;                    ///< nothing vouches for what it misses
};

/// What it sends.
struct Parcel {
  std::vector<LetterPtr> updates;
  std::vector<Bytes> entries;
  std::vector<Bytes> checkpoints;
  bool is_whole = false;  ///< all that is left of a space, by somebody who took space back
  [[nodiscard]] bool empty() const {
    return updates.empty() && entries.empty() && checkpoints.empty();
  }
};

class Machine {
 public:
  Machine(Run& run, const model::SpaceId& space, std::size_t number, const Persona& persona);

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] const Device& device() const { return *device_; }
  [[nodiscard]] const crypto::Ed25519PrivateKey& home_key() const { return home_key_; }
  [[nodiscard]] model::AuthorKey home() const { return update::author_of(home_key_.public_key()); }
  [[nodiscard]] bool is_up() const { return replica_ != nullptr; }
  [[nodiscard]] replica::Replica& replica() { return *replica_; }
  [[nodiscard]] Timestamp clock() const { return {.ms = run_.time.ms + clock_error_ms_}; }
  void set_clock_error(std::int64_t ms) { clock_error_ms_ = ms; }

  // --- life ---

  /// Starts the program. What was acknowledged must be there. False: the disk didn't let it.
  bool open();
  /// The program ends, as it does when the store failed.
  void stop();
  void crash();
  /// Commits, syncs, and acknowledges. False: it stopped.
  bool flush();
  /// Shows what time has brought.
  void tick();
  [[nodiscard]] bool is_flushed() const { return added_.empty() && unsynced_.empty(); }

  // --- the disk ---

  [[nodiscard]] graph_store::FaultyStore& disk() { return *disk_; }
  void heal_disk();
  /// One bit turns, of any record.
  void rot();
  /// As rot, but nobody says so: looking for damage must find it.
  void rot_silently();
  /// Looks for damage; puts it right, or begins anew with an empty disk and new keys.
  void scrub();
  void wipe();

  /// All of a disk, and what was acknowledged on it.
  struct Backup {
    graph_store::FaultyStore disk;
    std::map<model::UpdateId, LetterPtr> durable;
    std::set<model::Bytes32> statements;
    bool lets_go = false;
  };
  [[nodiscard]] std::optional<Backup> back_up();
  /// With `device`, it goes on writing as that one, as no restored machine should.
  void restore(const Backup& backup, const Machine* same_keys);
  void take_new_keys();

  // --- the past ---

  /// Takes space back below a checkpoint: what went may be missing from then on.
  void reclaim();
  [[nodiscard]] bool lets_go() const { return lets_go_; }
  /// Writes up to so many again that became stale. False: it may not, or it stopped.
  bool write_anew(std::size_t max_updates);
  /// Whether all that became stale was written again.
  void check_renewed();
  /// What it acknowledged, and may have let go since.
  [[nodiscard]] const std::map<model::UpdateId, LetterPtr>& durable() const { return durable_; }

  // --- the others ---

  [[nodiscard]] Greeting greet();
  /// At most so many updates.
  [[nodiscard]] Parcel answer(const Greeting& greeting, std::size_t max_updates);
  /// How many were new.
  std::size_t take(const Parcel& parcel);
  /// What its own device wrote and acknowledged since it was asked last.
  [[nodiscard]] Parcel take_news();
  /// Signed statements, as its store has them, with their ids: 'e' or 'k'.
  [[nodiscard]] std::vector<std::pair<model::Bytes32, Bytes>> statements(char table) const;
  /// Sabotage: this author it never hears.
  void be_deaf_to(const model::AuthorKey& author) { deaf_to_ = author; }

  // --- what it writes ---

  void edit();
  /// By the home of the space, or by the owner, who takes it over.
  bool change_members(std::vector<update::MemberChange> changes, const Persona* owner);
  bool checkpoint();

 private:
  void edit(replica::Draft& draft);
  void check_durability();
  // Whether its disk has all entries and checkpoints as they were written.
  [[nodiscard]] bool reads_statements() const;
  [[nodiscard]] bool may_be_gone(const Letter& letter) const;
  void check_bounds();
  void check_strangers();
  [[nodiscard]] std::vector<update::Position> named_places() const;
  static constexpr std::string_view prefix = "s/";
  [[nodiscard]] replica::Options replica_options() const;
  // Whether it held; stops where the store failed.
  bool kept(bool done, replica::Refusal error);
  std::size_t take_statements(const std::vector<Bytes>& statements, bool are_entries);
  std::size_t take_update(const LetterPtr& letter, bool is_kept);
  std::size_t load_here(const Parcel& parcel);
  std::size_t load_anew(const Parcel& parcel);
  void note_written(update::Update update);
  LetterPtr letter_of(const ledger::Record& record);
  [[nodiscard]] Parcel whole();
  std::string any_key();

  Run& run_;
  model::SpaceId space_;
  std::size_t number_;
  const Persona& persona_;
  std::unique_ptr<Device> device_;
  crypto::Ed25519PrivateKey home_key_;
  std::int64_t clock_error_ms_ = 0;
  std::optional<model::AuthorKey> deaf_to_;

  std::unique_ptr<graph_store::FaultyStore> disk_ = std::make_unique<graph_store::FaultyStore>();
  std::unique_ptr<replica::Replica> replica_;
  std::vector<LetterPtr> added_;                  // since the last sync
  std::set<model::Bytes32> unsynced_;             // of its own: not to be sent yet
  std::map<model::UpdateId, LetterPtr> durable_;  // acknowledged
  std::set<model::Bytes32> durable_statements_;   // likewise
  std::vector<LetterPtr> news_;
  bool lets_go_ = false, has_loaded_ = false;
  std::set<model::UpdateId> left_behind_;              // void, when it loaded anew
  std::set<model::UpdateId> renewed_, newly_renewed_;  // written anew: durably, and since then
};

}  // namespace hearth::simulator
