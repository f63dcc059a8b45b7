#include "upkeep.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "copy.h"
#include "refusals.h"
#include "side_store.h"
#include <hearth/base/assert.h>
#include <hearth/graph_rocks/stoppable_store.h>
#include <hearth/update/checkpoint.h>

namespace hearth::graph_service {

using appliance::refuse;
using ledger::AuthorLog;
using ledger::Record;
using replica::Refusal;

namespace {

/// So long after its last line came an import may still go on.
constexpr std::int64_t import_patience_ms = 60'000;
/// Others' turns wait for each.
constexpr std::size_t rewritten_at_once = 16;
/// After a failure.
constexpr std::int64_t failure_pause_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t success_pause_ms = 60'000;

constexpr std::string_view unproved =
    "What was loaded of the space isn't proved: some that its checkpoints cover is missing. Load "
    "it "
    "again from a device that has all of it, or wait for its home's next checkpoint.";

ApiError changed() {
  return {ErrorCode::conflict, "The space has changed meanwhile. It is looked after later.", {}};
}

Timestamp time_of(std::uint64_t ms) {
  return {.ms = static_cast<std::int64_t>(ms)};
}

bool is_importing(const Space& space, Timestamp now) {
  return space.imported.ms != 0 && now.ms < space.imported.ms + import_patience_ms &&
         now >= space.imported;
}

/// What came since the last checkpoint, from each log's end.
void count_new(const Replica& replica, Outlook& outlook) {
  const auto& chain = replica.ledger().checkpoints.chain();
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    const AuthorLog& log = *replica.ledger().find_log(author);
    const Record* const head = log.head();
    if (head == nullptr || !head->counts) continue;
    const auto covered =
        chain.empty() ? std::nullopt : chain.back().head_of(replica.authors().key(author));
    if (covered && covered->seq >= head->seq) continue;
    const Record* const last = covered ? log.on_line(covered->seq) : nullptr;
    outlook.updates += head->seq - (covered ? covered->seq : 0);
    outlook.bytes += head->bytes - (last == nullptr ? 0 : last->bytes);
  }
}

/// What lies below the purge horizon of the newest purged checkpoint: all that may go, and what has
/// to stay.
std::uint64_t count_old(const Replica& replica, std::size_t purged) {
  if (purged == 0) return 0;
  const auto& link = replica.ledger().checkpoints.chain()[purged - 1];
  std::uint64_t old = 0;
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    const AuthorLog& log = *replica.ledger().find_log(author);
    const auto head = link.head_of(replica.authors().key(author));
    if (!head || log.is_forked()) continue;
    for (const Record* record : log.records()) {
      if (record->seq >= head->seq) break;
      if (record->seq > 1 && record->applied && record->stamp.ms() < link.horizon_ms()) ++old;
    }
  }
  return old;
}

/// Whether a checkpoint of now lets go of what the last one had to keep.
bool is_behind_horizon(const Replica& replica, Timestamp now) {
  const auto& chain = replica.ledger().checkpoints.chain();
  const auto horizon = static_cast<double>(now.ms) - update::purge_horizon_ms;
  if (chain.empty() || horizon <= chain.back().horizon_ms()) return false;
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    const Record* const head = replica.ledger().find_log(author)->head();
    if (head != nullptr && head->applied && head->stamp.ms() >= chain.back().horizon_ms() &&
        head->stamp.ms() < horizon)
      return true;
  }
  return false;
}

}  // namespace

// --- when ------------------------------------------------------------------------------------

Outlook Upkeep::outlook(Spaces& spaces, Space& space, Wanted wanted, Timestamp now) {
  const UpkeepOptions& options = spaces.options_.upkeep;
  Outlook outlook;
  if (!space.replica || space.replica->ledger().membership.empty()) return outlook;
  const Replica& replica = *space.replica;
  const auto& chain = replica.ledger().checkpoints.chain();
  const bool is_asked = wanted == Wanted::all_that_helps;
  outlook.is_keeper = replica.ledger().membership.home() == spaces.home_id_;
  Timestamp before = Timestamp::from_seconds(static_cast<std::int64_t>(space.created));
  if (!chain.empty()) {
    outlook.number = chain.back().checkpoint.number;
    outlook.checkpoint = before = time_of(chain.back().checkpoint.time);
  }
  count_new(replica, outlook);

  UpkeepNotes& notes = space.upkeep;
  const replica::Status status = replica.status();
  if (const std::array at{chain.size(), status.purged_checkpoints, status.updates};
      is_asked || at[0] != notes.counted_at[0] || at[1] != notes.counted_at[1] ||
      (!replica.is_proved() && at[2] != notes.counted_at[2])) {
    notes.old = count_old(replica, status.purged_checkpoints);
    const auto role = replica.ledger().membership.role(PersonaKey{spaces.author_id_.value()});
    notes.stale = update::may_write(role) ? replica.stale(spaces.author_id_).size() : 0;
    notes.counted_at = at;
  }
  if (is_importing(space, now)) return outlook;

  outlook.wants_proof = !replica.is_proved();
  outlook.wants_reclaim =
      notes.old >=
      notes.needed + (is_asked ? 1 : std::max<std::uint64_t>(options.spare_updates, 1));
  outlook.wants_rewriting = notes.stale > 0;

  // Where most of what came lies in the future it is this box's clock that is wrong: a checkpoint
  // would make all of it void.
  const bool is_clock_sound = status.deferred * 2 <= outlook.updates || outlook.updates == 0;
  if (outlook.is_keeper && is_clock_sound && now > before && replica.is_proved()) {
    const auto since = std::chrono::milliseconds{now.ms - before.ms};
    const bool helps = outlook.updates > 0 || is_behind_horizon(replica, now);
    const bool is_much = outlook.updates >= options.updates || outlook.bytes >= options.bytes;
    outlook.wants_checkpoint =
        helps && (is_asked || since >= options.age || (is_much && since >= options.pause));
    if (helps)
      outlook.next = Timestamp{.ms = before.ms + (is_much ? options.pause : options.age).count()};
  }
  // Unless the clock was set back meanwhile.
  const bool is_too_soon =
      now < notes.not_before && notes.not_before.ms - now.ms <= failure_pause_ms;
  if (!is_asked && (options.only_when_asked || is_too_soon)) {
    outlook.wants_checkpoint = outlook.wants_reclaim = false;
    outlook.wants_proof = outlook.wants_rewriting = false;
    if (options.only_when_asked) outlook.next.reset();
  }
  return outlook;
}

std::optional<Upkeep> Upkeep::begin(Spaces& spaces, Space& space, Wanted wanted, Timestamp now) {
  if (!spaces.ready_to_write(now) || !spaces.replica(space, now)) return std::nullopt;
  const Outlook outlook = Upkeep::outlook(spaces, space, wanted, now);
  if (!outlook.wants_anything()) return std::nullopt;
  Upkeep upkeep;
  upkeep.options_ = spaces.options_.upkeep;
  upkeep.store_ = spaces.store();
  upkeep.number_ = space.number;
  upkeep.generation_ = spaces.generation();
  upkeep.id_ = space.id;
  upkeep.name_ = space.name;
  upkeep.now_ = now;
  upkeep.outlook_ = outlook;
  if (outlook.wants_checkpoint) upkeep.home_ = spaces.home_->clone();
  // Whatever comes of it, not again at once.
  space.upkeep.not_before = {.ms = now.ms + failure_pause_ms};
  return upkeep;
}

// --- on a copy -------------------------------------------------------------------------------

Result<Unit, ApiError> Upkeep::look(const std::filesystem::path& directory,
                                    const std::atomic<bool>& stopping) {
  const auto store = std::exchange(store_, nullptr);
  const auto home = std::exchange(home_, std::nullopt);
  if (!outlook_.wants_checkpoint && !outlook_.wants_reclaim && !outlook_.wants_proof) {
    store_ = store;
    return Unit{};
  }
  // Whoever asks for something goes first; on Linux this is of this thread alone.
  (void)setpriority(PRIO_PROCESS, 0, 10);
  const auto fail = [&](Refusal refusal) -> Result<Unit, ApiError> {
    if (stopping) return refuse(ErrorCode::unavailable, "The box is stopping.");
    return Failure{error_of(refusal)};
  };
  try {
    const Copy copy{*store, directory};
    auto opened = graph_rocks::RocksStore::open(copy.directory(),
                                                {.block_cache_bytes = std::size_t{4} << 20});
    if (!opened) return Failure{disk_error()};
    graph_rocks::StoppableStore stoppable{*opened, stopping};
    const auto replica = Replica::open(stoppable, replica_prefix(number_), id_, now_);
    if (!replica) return fail(Refusal::store);
    if (outlook_.wants_proof) {
      const auto proof = (*replica)->find_proof();
      if (!proof) return fail(proof.error());
      proof_ = *proof;
    }
    if (outlook_.wants_reclaim) {
      auto spare = (*replica)->find_spare();
      if (!spare) return fail(spare.error());
      spare_ = std::move(*spare);
      was_searched_ = true;
    }
    if (home) {
      auto checkpoint = (*replica)->checkpoint(*home, now_);
      if (!checkpoint) return fail(checkpoint.error());
      checkpoint_ = std::move(*checkpoint);
    }
  } catch (const std::exception& failed) {
    return refuse(ErrorCode::unavailable, failed.what());
  }
  store_ = store;
  return Unit{};
}

void Upkeep::compact(const std::atomic<bool>& stopping) {
  const auto store = std::exchange(store_, nullptr);
  if (!store || done_.updates < options_.spare_updates) return;
  for (const std::string& prefix : {replica_prefix(number_), histories_prefix(number_)})
    (void)store->compact(graph_store::prefix_range(prefix), stopping);
}

// --- step by step ----------------------------------------------------------------------------

Result<bool, ApiError> Upkeep::step(Spaces& spaces, Timestamp now) {
  const auto from = std::chrono::steady_clock::now();
  HEARTH_CHECK(spaces.ready_to_write(now));
  Space* const space = spaces.find(number_, generation_);
  if (space == nullptr) return Failure{changed()};
  auto more = take_step(spaces, *space, now);
  if (more && !*more) {
    UpkeepNotes& notes = space->upkeep;
    notes.last = now;
    const bool is_missing_something = outlook_.wants_proof && !done_.proved;
    notes.why = is_missing_something ? unproved : "";
    notes.not_before = {.ms =
                            now.ms + (is_missing_something ? failure_pause_ms : success_pause_ms)};
    if (was_searched_) notes.needed = notes.old - std::min<std::uint64_t>(done_.updates, notes.old);
    notes.counted_at = {};
    spaces.store_upkeep(*space);
  }
  // What was done before it failed stays done.
  HEARTH_CHECK(spaces.commit());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - from);
  done_.longest_step = std::max(done_.longest_step, took);
  // A failed commit opens the spaces anew.
  if (Space* const still = spaces.find(number_, generation_))
    still->upkeep.longest_step_us =
        std::max(still->upkeep.longest_step_us, static_cast<std::uint64_t>(took.count()));
  return more;
}

void Upkeep::note_failure(Spaces& spaces, const ApiError& error) const {
  if (Space* const space = spaces.find(number_, generation_)) space->upkeep.why = error.message;
}

Result<bool, ApiError> Upkeep::take_step(Spaces& spaces, Space& space, Timestamp now) {
  HEARTH_TRY(Replica* const replica, spaces.replica(space, now));
  if (checkpoint_) {
    HEARTH_CHECK(take_checkpoint(spaces, space));
    return true;
  }
  if (const auto proof = std::exchange(proof_, std::nullopt)) {
    const auto believed = replica->believe(*proof);
    if (!believed && believed.error() == Refusal::store) return Failure{spaces.store_failed()};
    if (!believed) return Failure{changed()};
    done_.proved = true;
    return true;
  }
  if (next_spare_ < spare_.updates.size()) {
    HEARTH_CHECK(take_out(spaces, space));
    return true;
  }
  if (outlook_.wants_rewriting && !has_rewritten_) {
    const auto written = replica->write_anew(*spaces.author_, now, rewritten_at_once);
    space.has_new_logs = true;
    if (!written && written.error() == Refusal::store) return Failure{spaces.store_failed()};
    if (!written) return Failure{error_of(written.error())};
    has_rewritten_ = written->size() < rewritten_at_once;
    done_.rewritten += written->size();
    space.upkeep.rewritten += written->size();
    return true;
  }
  return false;
}

Result<Unit, ApiError> Upkeep::take_checkpoint(Spaces& spaces, Space& space) {
  const Bytes statement = *std::exchange(checkpoint_, std::nullopt);
  Replica& replica = *space.replica;
  const auto made = update::SignedCheckpoint::decode(statement);
  HEARTH_ASSERT(made.has_value());
  const auto& checkpoint = made->checkpoint;
  const auto& chain = replica.ledger().checkpoints.chain();
  if (checkpoint.number != chain.size() + 1 || is_importing(space, replica.now()) ||
      checkpoint.membership != replica.ledger().membership.head())
    return Failure{changed()};
  // What came meanwhile is not covered: where it is old the checkpoint would make it void.
  const double oldest = static_cast<double>(checkpoint.time) - update::purge_horizon_ms;
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    const AuthorLog& log = *replica.ledger().find_log(author);
    const auto head = std::ranges::find(checkpoint.heads, replica.authors().key(author),
                                        &update::Position::author);
    const std::uint64_t covered = head == checkpoint.heads.end() ? 0 : head->seq;
    for (const Record* record = log.head(); record != nullptr && record->seq > covered;
         record = record->parent)
      if (record->counts && record->stamp.ms() < oldest) return Failure{changed()};
  }
  const auto added = replica.add_checkpoint(statement);
  if (!added && added.error() == Refusal::store) return Failure{spaces.store_failed()};
  if (!added) return Failure{error_of(added.error())};
  done_.checkpoint = checkpoint.number;
  return Unit{};
}

Result<Unit, ApiError> Upkeep::take_out(Spaces& spaces, Space& space) {
  Replica& replica = *space.replica;
  spaces.index_history(space);
  const auto& updates = spare_.updates;
  std::size_t end = std::min(next_spare_ + options_.step, updates.size());
  while (end < updates.size() && updates[end].stamp == updates[end - 1].stamp) ++end;
  // Their bodies say in whose histories they are.
  std::vector<std::string> places;
  std::uint64_t bytes = 0;
  std::set<crdt::AuthorNumber> authors;
  for (std::size_t i = next_spare_; i < end; ++i) {
    const AuthorLog* log = replica.ledger().find_log(updates[i].author);
    const Record* record = log == nullptr ? nullptr : log->on_line(updates[i].seq);
    if (record == nullptr) return Failure{changed()};
    bytes += spaces.find_in_histories(space, *record, places);
    authors.insert(record->author);
  }
  const auto dropped = replica.drop(spare_, next_spare_, end - next_spare_);
  if (!dropped && dropped.error() == Refusal::store) return Failure{spaces.store_failed()};
  if (!dropped) return Failure{changed()};
  for (const std::string& place : places) spaces.side_->erase(place);
  for (const crdt::AuthorNumber author : authors) spaces.note_indexed(space, author);
  next_spare_ += *dropped;
  done_.updates += *dropped;
  done_.bytes += bytes;
  space.upkeep.updates += *dropped;
  space.upkeep.bytes += bytes;
  spaces.store_upkeep(space);
  return Unit{};
}

}  // namespace hearth::graph_service
