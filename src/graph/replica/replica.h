#pragma once
// One space on one machine: its log, and the state that follows from it.
//
//   graph_store::MemoryStore store;                        // or RocksDB: host/graph_rocks
//   auto replica = *Replica::open(store, "space/", space, now);
//   replica->add_entry(founding_entry);                    // who may write
//
//   Draft draft = *replica->draft(author, now);            // edits see those before them
//   draft.put("album/1", "title", std::string{"Sea"});
//   draft.include("album/1", "photos", Link{"photo/7"}, {{"by", std::string{"Ann"}}});
//   draft.insert("album/1", "order", 0, {Link{"photo/7"}});
//   auto update = *replica->write(draft, key, certificate); // whole, or not at all: for the others
//
//   replica->add(*verifier.verify(theirs), certificate);   // in any order, any number of times
//
//   const crdt::Node* album = *replica->node("album/1");   // what there is now
//   album->find("title")->value->value;
//
//   auto ticket = *replica->commit();                      // one batch; survives once
//   store.sync();                                          //   store.durable() has reached it
//   for (const Changed& changed : replica->take_changes()) // who wants to know: graph_watch
//
// It is sans-I/O: time is told, signatures are checked before (update::Verifier, on any thread),
// and the store is an interface. One thread at a time. Two replicas that hold the same updates,
// entries and checkpoints and were told the same time have the same canonical_state(), byte for
// byte (docs/protocol/graph.md).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>
#include <hearth/crdt/node.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/graph_store/store.h>
#include <hearth/ledger/ledger.h>
#include <hearth/model/id.h>
#include <hearth/model/stamp.h>
#include <hearth/replica/companion.h>
#include <hearth/replica/draft.h>
#include <hearth/update/checkpoint.h>
#include <hearth/update/header.h>
#include <hearth/update/membership.h>
#include <hearth/update/verifier.h>

namespace hearth::replica {

enum class Accepted : std::uint8_t {
  added,
  known,  ///< held already
  held,   ///< in memory alone, until what it follows comes
};

enum class Refusal : std::uint8_t {
  malformed,  ///< or a signature that is not right
  wrong_space,
  no_certificate,  ///< the first of a log comes with the author's certificate
  not_allowed,
  inconsistent,
  outranked,   ///< of our own: its log is one branch of a fork too many
  full,        ///< too much is held back: come again
  unwelcome,   ///< counts nowhere, and there is no room for more of that: come again if it may
  nothing,     ///< an empty draft
  store,       ///< the store failed: open the replica anew
  too_large,   ///< more than one update holds
  incomplete,  ///< not all is here that it takes: come again when it is
};

struct Options {
  std::size_t max_held_updates = 4096;
  std::size_t max_held_bytes = std::size_t{16} << 20;
  std::size_t max_cached_nodes = 100'000;  ///< kept in memory beside those that changed
  Companion* companion = nullptr;          ///< outlives the replica
  bool purge_in_steps = false;             ///< sweep() is called until it says that all is done
  /// Of authors who may not write and of branches that are too many, beyond what the space's home
  /// names of them: more is refused until the home says something else. This replica's own bounds:
  /// such updates count nowhere.
  std::size_t max_unwelcome = 4096;
  std::size_t max_unwelcome_of_author = 1024;
  std::size_t max_unwelcome_bytes = std::size_t{16} << 20;
};

/// Of a draft's update. Written anew (Replica::write_anew) it may grow, up to what a body may have.
inline constexpr std::size_t max_written_body = update::max_body_size / 16 * 15;

/// What a subscriber has to look at again.
struct Changed {
  std::string soul;
  std::optional<std::string> property;  ///< nothing: any of them
  friend auto operator<=>(const Changed&, const Changed&) = default;
};

/// Something stored that is not as it should be.
struct Finding {
  enum class What : std::uint8_t {
    update,  ///< unreadable, altered, or signed wrongly: get it from somebody else
    node,    ///< not what the log gives: can be repaired
  };
  What what = What::update;
  model::AuthorKey author;  ///< of an update, with its seq
  std::uint64_t seq = 0;
  std::string soul;  ///< of a node
  friend bool operator==(const Finding&, const Finding&) = default;
};
enum class Repair : std::uint8_t { no, yes };

/// Updates that may go, as find_spare() says: those of one step have to go together.
struct Spare {
  struct Update {
    model::Stamp stamp;
    crdt::AuthorNumber author = 0;  ///< of this store, and of copies of it
    std::uint64_t seq = 0;
    friend auto operator<=>(const Update&, const Update&) = default;
  };
  model::CheckpointId below;
  model::EntryId membership;
  std::vector<Update> updates;  ///< ascending
};

struct Status {
  std::size_t authors = 0, forked_authors = 0;
  std::size_t updates = 0, counting = 0;
  std::size_t held = 0;      ///< in memory, waiting for what they follow
  std::size_t deferred = 0;  ///< invisible until their time
  std::size_t cached_nodes = 0;
  std::size_t purged_checkpoints = 0;
  bool unproved = false;  ///< logs have gaps that no checkpoint vouches for: prove()
};

/// Drive it: change it (add…, advance, write), then commit(), then take_changes() and
/// take_forks(). What was added survives once the store says that commit()'s ticket is durable.
/// The store's keys under `prefix` are the replica's. After Refusal::store it is of no further use.
class Replica : public crdt::Fates {
 public:
  /// Opens what is there, or begins with nothing; what an earlier version wrote is upgraded. Errors
  /// are the store's; corrupt where what it holds doesn't fit together, too_new where a later
  /// version wrote it.
  [[nodiscard]] static Result<std::unique_ptr<Replica>, graph_store::StoreError> open(
      graph_store::Store& store, std::string prefix, const model::SpaceId& space, Timestamp now,
      const Options& options = {});

  // --- what comes from others, in any order ---

  /// A signed membership entry.
  [[nodiscard]] Result<Accepted, Refusal> add_entry(BytesView statement);
  /// `certificate` is looked at with the first update of a log alone; it may be empty.
  [[nodiscard]] Result<Accepted, Refusal> add(update::VerifiedUpdate update,
                                              BytesView certificate = {});
  [[nodiscard]] Result<Accepted, Refusal> add_checkpoint(BytesView statement);
  /// For a whole space from somebody who took space back (reclaim): as add, but what the update
  /// follows may be missing where a checkpoint covers it. Checkpoints come first, then each log
  /// from its first update on. Nothing is purged until prove().
  [[nodiscard]] Result<Accepted, Refusal> add_kept(update::VerifiedUpdate update,
                                                   BytesView certificate = {});
  /// Whether what was added by add_kept is all that counts: the state that it gives at a checkpoint
  /// is the one that the home signed. False: not, or not yet. Slow.
  [[nodiscard]] Result<bool, Refusal> prove();
  /// prove() in two parts: the slow one, which changes nothing and may be done on a copy of the
  /// store, and the other, for what a copy proved while nothing was added_kept here.
  [[nodiscard]] Result<std::optional<model::CheckpointId>, Refusal> find_proof();
  [[nodiscard]] Result<Unit, Refusal> believe(const model::CheckpointId& proof);
  [[nodiscard]] bool is_proved() const { return !is_unproved(); }
  /// For whoever loaded a space anew into another store: adds all that `other`, its replica of
  /// before, has, and remembers what that wrote anew. Answers how many updates that count there are
  /// neither here nor below what is gone here; not of those that are unwelcome here, where more is
  /// known of who may write.
  [[nodiscard]] Result<std::size_t, Refusal> take_over(Replica& other);
  /// Time never goes backwards here; a clock that did is set_back.
  [[nodiscard]] Result<Unit, Refusal> advance(Timestamp now);
  /// The clock was wrong: what was shown too early is taken back.
  [[nodiscard]] Result<Unit, Refusal> set_back(Timestamp now);
  /// When something becomes visible next.
  [[nodiscard]] std::optional<Timestamp> deadline() const;

  // --- what we write ---

  [[nodiscard]] Result<Draft, Refusal> draft(const model::AuthorKey& author, Timestamp now);
  /// Signs the draft as the author's next update, adds it, and returns it for the others. The
  /// certificate is needed with the author's first. not_allowed: the author may not write here.
  /// too_large: its body exceeds max_written_body bytes; nothing was written.
  [[nodiscard]] Result<update::Update, Refusal> write(const Draft& draft,
                                                      const crypto::Ed25519PrivateKey& key,
                                                      BytesView certificate = {});
  /// By the home: what is held, as of now. inconsistent: a forked author has several branches that
  /// count (name one first), or the checkpoint before is of a later time. incomplete: what is held
  /// isn't proved, or it isn't all that the checkpoint before covers.
  [[nodiscard]] Result<Bytes, Refusal> checkpoint(const crypto::Ed25519PrivateKey& home,
                                                  Timestamp now);

  /// Updates of an author that count nowhere because they lay unsent for so long that a checkpoint
  /// no longer remembers their time, and that were not written anew yet. By seq.
  [[nodiscard]] std::vector<const ledger::Record*> stale(const model::AuthorKey& author) const;
  /// Writes up to `max_updates` of these again, each as a new update on top, with the time of now,
  /// and returns them for the others; remembers that it did. What they deleted is deleted again,
  /// with all that came since. not_allowed as in write.
  [[nodiscard]] Result<std::vector<update::Update>, Refusal> write_anew(
      const crypto::Ed25519PrivateKey& key, Timestamp now, std::size_t max_updates = 256);

  // --- what is there ---

  /// Borrowed until the replica changes or another node is read. Nothing: no such node, or nothing
  /// left of it.
  [[nodiscard]] Result<const crdt::Node*, Refusal> node(std::string_view soul);
  /// Souls of nodes, ascending, from the first that is not below `from`; `visit` returns false to
  /// stop.
  [[nodiscard]] Result<Unit, Refusal> souls(
      std::string_view from, const std::function<bool(std::string_view soul)>& visit);
  [[nodiscard]] const ledger::Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const crdt::Authors& authors() const { return ledger_.authors; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] Status status() const;
  /// An update as it came, body included if that is held.
  [[nodiscard]] Result<update::Update, Refusal> update_of(const ledger::Record& record) const;
  [[nodiscard]] Result<Bytes, Refusal> certificate_of(const ledger::Record& record) const;
  /// All that are held, as they came: membership entries first, each after what it follows.
  [[nodiscard]] Result<Unit, Refusal> statements(
      const std::function<void(BytesView statement, bool is_entry)>& visit);
  /// Checks every signature and hash again, and every node against the log. Nodes are looked at
  /// only where all updates are sound; Repair::yes puts them right, for the next commit. Slow, and
  /// holds all nodes in memory.
  [[nodiscard]] Result<std::vector<Finding>, Refusal> verify(Repair repair = Repair::no);
  /// The canonical encoding of the state (docs/protocol/graph.md, section 6), and its SHA-256.
  [[nodiscard]] Result<Bytes, Refusal> canonical_state();
  [[nodiscard]] Result<model::Bytes32, Refusal> digest();

  // --- space ---

  /// Takes updates out of the store that are covered by the newest purged checkpoint and have left
  /// nothing in the state 30 days below it: neither state nor verdicts change. Kept are each log's
  /// first and last, what is void, and all of authors who forked. What was dropped is never taken
  /// again, and others who want the whole space get what is kept (add_kept). Answers how many went.
  /// inconsistent: the state isn't the one that the checkpoint's home signed.
  [[nodiscard]] Result<std::size_t, Refusal> reclaim();
  /// reclaim() in two parts: the slow one, which takes nothing away and may be done on a copy of
  /// the store, and steps, each whole with the next commit. Steps are taken from the first update
  /// on; after any of them one may stop for good.
  [[nodiscard]] Result<Spare, Refusal> find_spare();
  /// About `count` of them, from the one at `first` on; answers how many. inconsistent: what was
  /// found doesn't hold any more, and the rest has to stay.
  [[nodiscard]] Result<std::size_t, Refusal> drop(const Spare& spare, std::size_t first,
                                                  std::size_t count);

  /// After a checkpoint's purge: brings stored nodes to it, those that nobody has read since. Looks
  /// at `max_nodes`, and says whether there are more. Whoever reads sees all nodes as purged
  /// meanwhile, and a kill loses nothing. store: some can't be read; the replica is of use all the
  /// same.
  [[nodiscard]] Result<bool, Refusal> sweep(std::size_t max_nodes);
  [[nodiscard]] bool is_sweeping() const { return unswept_.has_value(); }

  // --- what follows ---

  /// Writes what changed as one batch.
  [[nodiscard]] Result<graph_store::Ticket, Refusal> commit();
  [[nodiscard]] std::vector<Changed> take_changes();
  /// Proofs against authors who forked, the first of each.
  [[nodiscard]] std::vector<update::ForkProof> take_forks();

  [[nodiscard]] bool is_void(crdt::AuthorNumber author, std::uint64_t seq) const override;
  [[nodiscard]] bool is_covered(crdt::AuthorNumber author, std::uint64_t seq) const override;

 private:
  friend class Draft;
  using Soul = std::string;
  struct Slot {
    crdt::Node node;
    bool is_dirty = false;
    std::vector<std::string> records;  // the companion's, of what is stored; while dirty
  };
  struct Held {
    update::VerifiedUpdate update;
    Bytes certificate;
    std::size_t size;
  };
  using HeldKey = std::pair<model::AuthorKey, std::uint64_t>;
  // What goes into the store's record of an update, beside what the ledger remembers.
  struct Stored {
    std::uint64_t epoch = 0;
    model::Bytes32 body_hash{};
    crypto::Ed25519Signature signature{};
    std::optional<Bytes> body;
  };

  Replica(graph_store::Store& store, std::string prefix, const model::SpaceId& space,
          const Options& options)
      : store_(store), prefix_(std::move(prefix)), options_(options), ledger_(space) {}

  // replica.cpp
  enum class Gap : std::uint8_t { no, where_covered };
  [[nodiscard]] Result<Accepted, Refusal> add_with_followers(update::VerifiedUpdate update,
                                                             BytesView certificate, Gap gap);
  [[nodiscard]] Result<Accepted, Refusal> add_one(update::VerifiedUpdate& update,
                                                  BytesView certificate, Gap gap);
  [[nodiscard]] bool is_wanted(const update::Header& header, const model::UpdateId& id) const;

  // unwelcome.cpp
  struct Unwelcome {
    std::size_t count = 0, bytes = 0;
  };
  [[nodiscard]] bool may_write_now(const model::AuthorKey& author,
                                   const model::PersonaKey& persona) const;
  // The highest place of the author's log that the chains name.
  [[nodiscard]] std::uint64_t named_up_to(const model::AuthorKey& author) const;
  // Whether it counts nowhere, and nothing that the chains name makes it count.
  [[nodiscard]] bool is_unwelcome(const ledger::Record& record, std::uint64_t named_up_to) const;
  [[nodiscard]] std::vector<const ledger::Record*> unwelcome_of(const ledger::AuthorLog& log) const;
  [[nodiscard]] Result<Unit, Refusal> count_unwelcome();
  void note_unwelcome(const ledger::Record& record, std::size_t count, std::size_t body_size);
  // Whether there is room for what would follow `parent`; what counts always has it.
  [[nodiscard]] Result<Unit, Refusal> make_room(const update::VerifiedUpdate& update,
                                                const model::PersonaKey& persona,
                                                const ledger::AuthorLog* log,
                                                const ledger::Record* parent);
  [[nodiscard]] Result<Unit, Refusal> make_room_for_body(const ledger::Record& record,
                                                         std::size_t size);

  // replica.cpp
  [[nodiscard]] bool may_skip(const ledger::AuthorLog& log, const update::Header& header) const;
  [[nodiscard]] Result<Accepted, Refusal> hold(update::VerifiedUpdate update,
                                               BytesView certificate);
  [[nodiscard]] std::uint32_t root_of(ledger::AuthorLog& log, const update::Header& header,
                                      const model::PersonaKey& persona, BytesView certificate);
  // Judges the body and keeps the record; then what follows from it.
  [[nodiscard]] Result<Unit, Refusal> take_body(ledger::Record& record,
                                                const update::Header& header,
                                                const crypto::Ed25519Signature& signature,
                                                const std::optional<Bytes>& body);
  [[nodiscard]] Result<Unit, Refusal> note_fork(ledger::AuthorLog& log,
                                                const ledger::Record& record);
  [[nodiscard]] Result<Accepted, Refusal> add_statement(BytesView statement, bool is_entry);
  [[nodiscard]] Result<Accepted, ledger::LedgerError> add_to_ledger(BytesView statement,
                                                                    bool is_entry);
  [[nodiscard]] Result<Unit, Refusal> retry_statements();

  // state.cpp
  [[nodiscard]] Result<Slot*, Refusal> slot(std::string_view soul);
  [[nodiscard]] Result<Unit, Refusal> settle(ledger::Record& record, const update::Body* body);
  [[nodiscard]] Result<Unit, Refusal> apply(ledger::Record& record, const update::Body& body);
  void apply_change(Slot& slot, const ledger::Record& record, const update::Body& body,
                    const update::Change& change, const crdt::Fates& fates);
  [[nodiscard]] std::vector<crdt::AuthorNumber> places_of(const ledger::Record& record,
                                                          const update::Body& body);
  [[nodiscard]] Result<Unit, Refusal> reassess(const std::vector<ledger::Record*>& records,
                                               std::set<Soul> touched);
  [[nodiscard]] bool are_purges_right() const;
  [[nodiscard]] Result<Unit, Refusal> reassess_all();
  [[nodiscard]] Result<Unit, Refusal> rebuild(const std::set<Soul>& souls);
  [[nodiscard]] bool is_above_gaps(std::size_t checkpoint) const;
  // Whether there are gaps that nothing vouches for.
  [[nodiscard]] bool is_unproved() const;
  [[nodiscard]] Result<update::Body, Refusal> body_of(const ledger::Record& record) const;
  // Every soul in memory or in the store.
  [[nodiscard]] Result<std::set<Soul>, Refusal> all_souls() const;
  // Before the node changes.
  void mark_dirty(std::string_view soul, Slot& slot);
  void note_fate(std::string_view soul, const crdt::Node& node);
  void undefer(const ledger::Record& record);
  [[nodiscard]] std::vector<ledger::Record*> all_records();

  // An update that was written anew, and the seq it has now.
  std::string note_rewritten(crdt::AuthorNumber author, std::uint64_t seq, std::uint64_t now);
  // The next update of an author who may write, signed and added.
  [[nodiscard]] Result<update::Update, Refusal> write_body(crdt::AuthorNumber author,
                                                           const update::Body& body,
                                                           const crypto::Ed25519PrivateKey& key,
                                                           BytesView certificate,
                                                           std::size_t max_body_size);

  // purge.cpp
  [[nodiscard]] Result<Unit, Refusal> purge_when_complete();
  [[nodiscard]] Result<Unit, Refusal> purge_next();
  // True: it shows something that it didn't.
  [[nodiscard]] bool purge_with(crdt::Node& node, std::size_t checkpoint) const;
  void purge_through(crdt::Node& node, std::size_t checkpoint) const;
  // Nothing: it is done.
  void sweep_from(std::optional<Soul> soul);
  [[nodiscard]] Result<Unit, Refusal> finish_sweep();
  [[nodiscard]] bool is_unswept(std::string_view soul) const;
  // A node that was just read.
  void catch_up(std::string_view soul, Slot& slot);

  // reclaim.cpp
  using Nodes = std::map<Soul, crdt::Node, std::less<>>;
  using Filter = std::function<bool(const ledger::Record&)>;
  using Link = ledger::Checkpoints::Link;
  // All souls, as many at a time as fit in memory.
  [[nodiscard]] Result<Unit, Refusal> visit_groups(
      const std::function<Result<Unit, Refusal>(const std::set<Soul>& group)>& visit);
  // Nodes as some of the log gives them.
  [[nodiscard]] Result<Nodes, Refusal> replay(const std::set<Soul>& group, const Filter& takes);
  [[nodiscard]] bool is_below(const ledger::Record& record, const Link& link) const;
  [[nodiscard]] bool is_old(const ledger::Record& record, const Link& link) const;
  [[nodiscard]] bool may_go(const ledger::Record& record, const Link& link) const;
  [[nodiscard]] Result<model::Bytes32, Refusal> digest_of(std::size_t checkpoint,
                                                          const Filter& is_gone);
  [[nodiscard]] Result<Unit, Refusal> mark_needed(std::size_t checkpoint);
  [[nodiscard]] Result<Unit, Refusal> mark_erasers(
      const std::function<bool(const ledger::Record& record, const std::string& soul)>& is_meant);
  [[nodiscard]] Result<Unit, Refusal> mark_what_changes(std::size_t checkpoint);

  // storage.cpp
  [[nodiscard]] Result<Unit, graph_store::StoreError> load();
  [[nodiscard]] Result<Unit, graph_store::StoreError> load_record(std::string_view key,
                                                                  BytesView value);
  [[nodiscard]] std::string key(char table, std::string_view rest) const;
  [[nodiscard]] std::string record_key(const ledger::Record& record) const;
  [[nodiscard]] Result<std::optional<Bytes>, Refusal> read(const std::string& key) const;
  void store_record(const ledger::Record& record, const Stored& stored);
  [[nodiscard]] Result<Stored, Refusal> load_stored(const ledger::Record& record) const;
  [[nodiscard]] model::Bytes32 prev_of(const ledger::Record& record) const;
  void store_new_authors();
  // A node as it is stored; nothing when it isn't.
  [[nodiscard]] std::optional<Bytes> encoded(const crdt::Node& node) const;
  // Nothing when it is damaged.
  [[nodiscard]] std::optional<crdt::Node> decoded(BytesView stored);
  void put_companions(graph_store::Batch& batch, const Soul& soul, Slot& slot);
  std::uint64_t entry_number(const model::EntryId& id);
  [[nodiscard]] Result<Unit, Refusal> visit_nodes(
      const std::function<void(std::string_view soul, const crdt::Node& node)>& visit);
  [[nodiscard]] Result<model::Bytes32, Refusal> digest_at_checkpoint(
      const std::vector<update::Position>& heads, Timestamp time);

  graph_store::Store& store_;
  std::string prefix_;
  Options options_;
  ledger::Ledger ledger_;
  Timestamp now_{.ms = 0};
  model::HybridClock clock_;
  std::vector<model::CheckpointId> purged_;  // the checkpoints whose purge the state has seen
  std::size_t stored_purges_ = 0;
  std::optional<Soul> unswept_;  // stored nodes from there on may not have seen the last one
  bool has_gaps_ = false;
  std::optional<model::CheckpointId> proved_;  // vouches for what is missing below it

  std::map<Soul, Slot, std::less<>> nodes_;
  bool damaged_ = false;     // what is stored of nodes was not right
  std::set<Soul> fated_;     // whose lists depend on verdicts
  std::set<Soul> outdated_;  // to be built anew from the log
  std::multimap<model::Stamp, ledger::Record*> deferred_;
  std::map<HeldKey, std::vector<Held>> held_;
  std::size_t held_count_ = 0, held_bytes_ = 0;
  std::vector<std::pair<Bytes, bool>> statements_;  // with whether it is an entry
  std::set<crdt::AuthorNumber> flagged_;            // forked, and told
  std::optional<Unwelcome> unwelcome_;              // once it was asked for
  // Stale updates that were written anew, by author and seq: with the new seq.
  std::map<std::pair<crdt::AuthorNumber, std::uint64_t>, std::uint64_t> rewritten_;
  std::size_t stored_authors_ = 0;
  // Entries by small numbers, as updates are stored with them.
  std::vector<model::EntryId> entry_ids_;
  std::map<model::EntryId, std::uint64_t> entry_numbers_;

  std::map<std::string, std::optional<Bytes>> pending_;  // written, not committed
  std::vector<Soul> dirty_;                              // nodes likewise
  graph_store::Ticket last_ticket_;
  std::set<Changed> changes_;
  std::vector<update::ForkProof> forks_;
};

}  // namespace hearth::replica
