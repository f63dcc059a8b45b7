#pragma once
// The appliance's signed spaces: their store, a replica of each, and who may do what.
//
// Who signs (docs/decisions/0008): two keys beside the store. The *home* key writes the membership
// and the checkpoints of the spaces founded here; it goes into backups. The *author* key signs what
// the appliance writes for its people; it belongs to one store, and never leaves it, because two
// stores that write under one key would fork.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <hearth/appliance/error.h>
#include <hearth/base/entropy.h>
#include <hearth/base/log.h>
#include <hearth/base/time.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/graph_index/indexes.h>
#include <hearth/graph_rocks/disk_reserve.h>
#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/graph_service/upkeep_options.h>
#include <hearth/model/id.h>
#include <hearth/replica/replica.h>

namespace hearth::graph_service {

using appliance::ApiError;
using appliance::ErrorCode;
using model::PersonaKey;
using replica::Replica;

/// Who asks, as the way in knows it.
struct Asker {
  std::optional<PersonaKey> persona;  ///< nothing: the console, which may everything
  std::string device;                 ///< by which what it holds open is ended; empty: the console
  bool owns_box = false;
  std::string app;  ///< the persona asks through its pages; empty: by itself
};

struct Person {
  PersonaKey persona;
  bool is_owner = false;
};

/// In an appliance's data directory.
[[nodiscard]] std::filesystem::path graph_directory(const std::filesystem::path& data_directory);

class SideStore;

/// How far a log's updates are in the histories of souls.
struct Indexed {
  std::uint64_t line = 0;  ///< seq
  std::uint64_t size = 0;  ///< branches included
};

/// What was done for a space, and found; the first part is kept in the store.
struct UpkeepNotes {
  Timestamp last;             ///< when it was looked after; 0: never
  std::uint64_t updates = 0;  ///< taken out of the log, all in all
  std::uint64_t bytes = 0;    ///< about, with their places in histories
  std::uint64_t rewritten = 0;
  std::uint64_t needed = 0;  ///< old updates that had to stay when space was taken back last
  // Since hearthd started:
  std::uint64_t longest_step_us = 0;  ///< for so long others waited
  Timestamp not_before;               ///< it failed, or was just done
  std::string why;                    ///< it failed
  /// Checkpoints, purged ones, and updates when the log was last counted.
  std::array<std::size_t, 3> counted_at{};
  std::uint64_t old = 0, stale = 0;  ///< and what was found
};

/// What an app may do in a space for whoever uses it, as far as they may themselves.
enum class Access : std::uint8_t { none, read, write };
[[nodiscard]] std::string_view to_string(Access access);
[[nodiscard]] std::optional<Access> access_of(std::string_view text);

struct Space {
  std::uint32_t number = 0;  ///< its place in the store
  model::SpaceId id;
  std::string name;
  std::uint64_t created = 0;  ///< seconds since 1970
  bool is_home = false;
  std::unique_ptr<graph_index::Indexes> indexes;
  std::unique_ptr<Replica> replica;  ///< nothing: damaged, see why
  std::string why;
  std::map<crdt::AuthorNumber, Indexed> indexed;
  bool has_new_logs = false;  ///< of any author: they aren't in the histories yet
  bool sweep_failed = false;  ///< some of its nodes can't be read
  /// This appliance's own, and not part of the space. What isn't named here has no access.
  std::map<std::string, Access> apps;
  Timestamp imported;  ///< when lines came last of an import that goes on
  UpkeepNotes upkeep;
};

/// One thread. What is written is durable once commit() was called and the store then synced.
class Spaces {
 public:
  struct Options {
    std::filesystem::path directory;  ///< of the store and of both keys
    std::size_t cache_bytes = std::size_t{64} << 20;
    UpkeepOptions upkeep;
    rocksdb::Env* env = nullptr;  ///< another disk, for tests
  };
  static constexpr std::size_t max_spaces = 64;

  /// What can't be opened is named in the log: a space that is damaged, while the others are
  /// served; or all of the store, which is then tried again now and then.
  Spaces(Options options, Entropy& entropy, Log& log, Timestamp now);
  ~Spaces();

  /// First thing of each turn: whether there is a store at all.
  [[nodiscard]] Result<Unit, ApiError> ready(Timestamp now);
  /// Another one when the replicas were made anew: what refers to them has to go.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  // --- which there are ---

  /// By id or name.
  [[nodiscard]] Space* find(std::string_view id_or_name);
  [[nodiscard]] std::vector<Space*> all();
  [[nodiscard]] Space* home();

  // --- who may what ---

  [[nodiscard]] update::Role role(const Space& space, const Asker& asker) const;
  [[nodiscard]] static bool may_read(const Space& space, update::Role role);
  [[nodiscard]] bool may_read(const Space& space, const Asker& asker) const;
  /// Founds `home` when there is an owner, and keeps its members in step.
  [[nodiscard]] Result<Unit, ApiError> keep_in_step(const std::vector<Person>& people,
                                                    Timestamp now);
  /// With these owners; the appliance's author is a writer.
  [[nodiscard]] Result<Space*, ApiError> found(std::string name, update::SpaceKind kind,
                                               const std::vector<Person>& people, bool is_home,
                                               Timestamp now);
  [[nodiscard]] Result<Unit, ApiError> set_role(Space& space, const PersonaKey& persona,
                                                update::Role role, Timestamp now);
  /// conflict: too many apps.
  [[nodiscard]] Result<Unit, ApiError> grant(Space& space, const std::string& app, Access access,
                                             Timestamp now);
  static constexpr std::size_t max_apps = 64;  ///< of one space

  // --- reading and writing ---

  /// The replica, as of `now`. unavailable when the space is damaged or the disk failed.
  [[nodiscard]] Result<Replica*, ApiError> replica(Space& space, Timestamp now);
  struct Written {
    model::UpdateId id;
    model::AuthorKey author;
    std::uint64_t seq = 0;
    model::Stamp stamp;
  };
  /// One update of the appliance's author with whatever `edit` does to the draft.
  [[nodiscard]] Result<Written, ApiError> write(
      Space& space, const Asker& asker, Timestamp now,
      const std::function<Result<Unit, ApiError>(replica::Draft&)>& edit);
  /// A space that comes from elsewhere: empty until its lines are imported.
  [[nodiscard]] Result<Space*, ApiError> adopt(const model::SpaceId& id, std::string name,
                                               Timestamp now);
  /// From this appliance alone; others keep what they have of it. Its room comes back in steps of
  /// work().
  void remove(const Space& space);
  /// Whether that number still stands for that replica.
  [[nodiscard]] Space* find(std::uint32_t number, std::uint64_t generation);
  [[nodiscard]] Result<Bytes, ApiError> checkpoint(Space& space, Timestamp now);

  /// Updates of one soul, newest first, from below `before` (exclusive; empty: from the newest).
  struct Place {
    const ledger::Record* record = nullptr;
    std::string cursor;  ///< for `before`
  };
  [[nodiscard]] Result<std::vector<Place>, ApiError> history(Space& space, std::string_view soul,
                                                             const std::string& before,
                                                             std::size_t limit);

  // --- the disk ---

  /// Writes what changed in all spaces. After a failure nothing of it was taken: the replicas are
  /// then as they are on the disk.
  [[nodiscard]] Result<Unit, ApiError> commit();
  struct Committed {
    bool wrote = false;  ///< something has to be synced
    std::vector<std::pair<model::SpaceId, std::vector<replica::Changed>>> changes;
  };
  /// What commits came to since the last call.
  [[nodiscard]] Committed take_committed();
  /// A replica's store failed, or a sync: what was written since the last good one may be lost.
  ApiError store_failed();
  /// To be shared with the thread that syncs. Nothing while there is none.
  [[nodiscard]] const std::shared_ptr<graph_rocks::RocksStore>& store() const { return store_; }
  /// Whether writes can be taken; opens the store anew when it had failed and there is room.
  [[nodiscard]] Result<Unit, ApiError> ready_to_write(Timestamp now);
  /// Whether people may add to it: the last part of a disk is for deleting, and for the box itself.
  [[nodiscard]] Result<Unit, ApiError> has_room() const;
  /// When something becomes visible next.
  [[nodiscard]] std::optional<Timestamp> deadline() const;
  /// Builds indexes, sweeps after purges and clears what was removed, a step of it. True: there is
  /// more to do.
  [[nodiscard]] bool work();
  [[nodiscard]] const model::AuthorKey& author() const { return author_id_; }

 private:
  void close();
  void open_store(Timestamp now);
  void open_keys();
  void open_space(Space& space, Timestamp now);
  void open_replicas(Timestamp now);
  void admit_author(Space& space, Timestamp now);
  void store_space(const Space& space);
  [[nodiscard]] bool build_indexes(Space& space);
  [[nodiscard]] bool sweep(Space& space);
  [[nodiscard]] bool clear_removed();
  [[nodiscard]] Result<Unit, ApiError> enter(Space& space, std::uint64_t term,
                                             std::vector<update::MemberChange> changes,
                                             Timestamp now);
  [[nodiscard]] static update::SetRole removal(const Replica& replica, const PersonaKey& persona);
  void index_history(Space& space);
  void index_history(Space& space, const ledger::Record& record);
  void note_indexed(Space& space, crdt::AuthorNumber author);
  /// Where it stands in the histories of souls; answers how many bytes it takes, about.
  std::uint64_t find_in_histories(const Space& space, const ledger::Record& record,
                                  std::vector<std::string>& places) const;
  void load_grants(Space& space);
  void load_upkeep(Space& space);
  void store_upkeep(const Space& space);

  friend class Upkeep;

  Options options_;
  Entropy& entropy_;
  Log& log_;
  graph_rocks::DiskReserve reserve_;
  std::shared_ptr<graph_rocks::RocksStore> store_;
  std::unique_ptr<SideStore> side_;
  std::optional<crypto::Ed25519PrivateKey> home_, author_;
  model::AuthorKey home_id_, author_id_;
  bool author_is_new_ = false;
  std::map<std::uint32_t, Space> spaces_;
  std::set<std::uint32_t> removed_;  // of which something may be left
  std::uint32_t next_number_ = 1;
  std::uint64_t generation_ = 0;
  std::vector<std::pair<model::SpaceId, std::vector<replica::Changed>>> changes_;
  bool has_failed_ = false;  // the store takes no writes before it is opened anew
  bool has_lost_ = false;    // and the replicas hold what it didn't take
  Timestamp tried_, now_;
};

/// The key of what the store holds about a space in one of its tables.
[[nodiscard]] std::string numbered(char table, std::uint32_t number);
/// Where a space's replica stands in the store.
[[nodiscard]] std::string replica_prefix(std::uint32_t number);
/// And the histories of its souls.
[[nodiscard]] std::string histories_prefix(std::uint32_t number);
/// Opens a copy of a store made by checkpoint(), and takes out what belongs to one store alone.
/// Throws std::runtime_error.
void make_restorable(const std::filesystem::path& store_copy);

[[nodiscard]] std::string_view to_string(update::Role role);
[[nodiscard]] std::optional<update::Role> role_of(std::string_view text);

}  // namespace hearth::graph_service
