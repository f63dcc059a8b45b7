#include <algorithm>
#include <stdexcept>

#include "notation.h"
#include "refusals.h"
#include "side_store.h"
#include <hearth/appliance/file.h>
#include <hearth/appliance/keys.h>
#include <hearth/codec/cbor.h>
#include <hearth/graph_service/spaces.h>
#include <hearth/rocks/room.h>

// Keys of the store, by their first letter:
//   a                      the author key that this store belongs to
//   m                      the schema
//   r number:4             a space: its id, name, when it was made, whether it is home
//   s number:4 …           the space's replica
//   h, g                   histories of souls: histories.cpp
//   p number:4             what was done for the space: UpkeepNotes
//   u number:4             what apps may do in the space: grants.cpp
//   x number:4             a space that was removed, until nothing of it is left

namespace hearth::graph_service {

using codec::CborReader;
using codec::CborWriter;
using graph_store::StoreError;
using replica::Draft;
using replica::Refusal;

namespace {

constexpr std::uint64_t schema_version = 1;
/// A failed store is opened anew this often at most.
constexpr std::int64_t retry_ms = 1000;
/// Nodes that others' turns wait for: a few milliseconds.
constexpr std::size_t worked_at_once = 500;
/// How far the clock may be set back before what was shown is taken back.
constexpr std::int64_t tolerated_ms = model::max_clock_error_ms;

Bytes encode(const Space& space) {
  return CborWriter{}
      .array(4)
      .bytes(space.id.value())
      .text(space.name)
      .uint(space.created)
      .boolean(space.is_home)
      .take();
}

Result<Space, codec::CborError> decode_space(std::string_view key, BytesView value) {
  Space space;
  Reader number{as_bytes(key.substr(1))};
  const auto read = number.u32_be();
  if (!read) return Failure{codec::CborError::out_of_range};
  space.number = *read;
  CborReader reader{value};
  HEARTH_CHECK(reader.array(4));
  HEARTH_TRY(const BytesView id, reader.bytes(32));
  space.id = *model::id_from<model::SpaceId>(id);
  HEARTH_TRY(space.name, reader.text());
  HEARTH_TRY(space.created, reader.uint());
  HEARTH_TRY(space.is_home, reader.boolean());
  HEARTH_CHECK(reader.done());
  return space;
}

bool is_space_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

graph_rocks::RocksOptions rocks_options(const Spaces::Options& options) {
  return {.block_cache_bytes = options.cache_bytes / 2,
          .memtable_bytes = std::clamp<std::size_t>(options.cache_bytes / 8, std::size_t{1} << 20,
                                                    std::size_t{8} << 20),
          .env = options.env};
}

}  // namespace

std::filesystem::path graph_directory(const std::filesystem::path& data_directory) {
  return data_directory / "graph";
}

Spaces::Spaces(Options options, Entropy& entropy, Log& log, Timestamp now)
    : options_(std::move(options)), entropy_(entropy), log_(log), reserve_(options_.directory) {
  now_ = now;
  (void)ready(now);
}

Spaces::~Spaces() {
  // The replicas refer to the store.
  spaces_.clear();
}

// --- opening ---------------------------------------------------------------------------------

Result<Unit, ApiError> Spaces::ready(Timestamp now) {
  now_ = now;
  if (store_) return Unit{};
  if (now.ms >= tried_.ms && now.ms < tried_.ms + retry_ms)
    return refuse(
        ErrorCode::unavailable,
        "The graph's database can't be opened; hearthd's log says why. A copy that 'hearth "
        "graph backup' made can take its place.",
        std::chrono::seconds{2});
  tried_ = now;
  try {
    std::filesystem::create_directories(options_.directory);
    std::filesystem::permissions(options_.directory, std::filesystem::perms::owner_all);
    open_store(now);
    return Unit{};
  } catch (const std::exception& failed) {
    log_.error("graph.not_opened", {{"why", failed.what()}});
    close();
    return ready(now);
  }
}

/// The spaces stay where they are: whoever writes may be holding one.
void Spaces::close() {
  for (auto& [number, space] : spaces_) {
    space.replica.reset();
    space.indexes.reset();
    space.why = "The disk can't be read.";
  }
  ++generation_;
  side_.reset();
  store_.reset();
}

void Spaces::open_store(Timestamp now) {
  close();
  const auto path = options_.directory / "spaces";
  auto opened = graph_rocks::RocksStore::open(path, rocks_options(options_));
  if (!opened)
    throw std::runtime_error{path.string() +
                             ": the graph's database can't be opened: " + opened.error().message};
  store_ = std::make_shared<graph_rocks::RocksStore>(std::move(*opened));
  side_ = std::make_unique<SideStore>(*store_);

  const auto schema = store_->get("m");
  if (!schema) throw std::runtime_error{path.string() + ": the graph's database can't be read."};
  if (*schema) {
    CborReader reader{**schema};
    if (!reader.array(1) || reader.uint() != schema_version)
      throw std::runtime_error{path.string() + ": a later Hearth wrote this database."};
  } else {
    side_->put("m", CborWriter{}.array(1).uint(schema_version).take());
  }
  open_keys();
  const auto scanned =
      store_->scan(graph_store::prefix_range("r"), [&](std::string_view key, BytesView value) {
        if (auto space = decode_space(key, value))
          spaces_.emplace(space->number, std::move(*space));
        else
          log_.error("graph.unreadable_space", {{"key", to_hex(as_bytes(key))}});
        return true;
      });
  removed_.clear();
  const auto scanned_removed =
      store_->scan(graph_store::prefix_range("x"), [&](std::string_view key, BytesView) {
        if (const auto number = Reader{as_bytes(key.substr(1))}.u32_be()) removed_.insert(*number);
        return true;
      });
  // Of whatever refers to a space that was removed none becomes another's.
  if (!spaces_.empty()) next_number_ = std::max(next_number_, spaces_.rbegin()->first + 1);
  if (!removed_.empty()) next_number_ = std::max(next_number_, *removed_.rbegin() + 1);
  if (!side_->flush() || !store_->sync() || !scanned || !scanned_removed)
    throw std::runtime_error{path.string() + ": the graph's database can't be read or written."};
  has_failed_ = has_lost_ = false;
  open_replicas(now);
  if (!author_is_new_) return;
  for (auto& [number, space] : spaces_) admit_author(space, now);
}

void Spaces::open_replicas(Timestamp now) {
  ++generation_;
  for (auto& [number, space] : spaces_) open_space(space, now);
}

void Spaces::open_keys() {
  if (author_) return;
  home_ = appliance::load_or_make_key(options_.directory / "home.key", entropy_);
  home_id_ = update::author_of(home_->public_key());

  const auto path = options_.directory / "author.key";
  const auto bound = store_->get("a");
  if (!bound) throw std::runtime_error{"The graph's database can't be read."};
  std::error_code error;
  if (*bound && std::filesystem::exists(path, error)) {
    author_ = appliance::load_or_make_key(path, entropy_);
    if (!equal(author_->public_key().bytes(), **bound)) author_.reset();
  }
  if (!author_) {
    // A store that came back from a backup, or a new one: whatever was signed under the key before
    // may go further than this store knows.
    std::filesystem::remove(path, error);
    author_ = appliance::load_or_make_key(path, entropy_);
    side_->put("a", author_->public_key().bytes());
    author_is_new_ = true;
  }
  author_id_ = update::author_of(author_->public_key());
}

void Spaces::open_space(Space& space, Timestamp now) {
  // The replica refers to the indexes.
  space.replica.reset();
  space.indexes.reset();
  space.indexed.clear();
  const auto fail = [&](StoreError error) {
    space.replica.reset();
    space.why = error == StoreError::corrupt   ? "What the disk holds of this space is damaged."
                : error == StoreError::too_new ? "A later version of Hearth wrote this space."
                                               : "The disk can't be read.";
    log_.error("graph.space_damaged", {{"space", space.name}, {"why", space.why}});
  };
  const std::string prefix = replica_prefix(space.number);
  auto indexes = graph_index::Indexes::open(*side_, prefix);
  if (!indexes) return fail(indexes.error());
  space.indexes = std::move(*indexes);
  // A node that is kept decoded takes a few KiB.
  auto opened =
      Replica::open(*side_, prefix, space.id, now,
                    {.max_cached_nodes = std::max<std::size_t>(options_.cache_bytes / 8192, 256),
                     .companion = space.indexes.get(),
                     .purge_in_steps = true});
  if (!opened) return fail(opened.error());
  space.replica = std::move(*opened);
  // Not because of a moment: two clocks differ by a little.
  if (space.replica->now().ms > now.ms + tolerated_ms && !space.replica->set_back(now))
    return fail(StoreError::unavailable);
  const auto scanned = side_->scan(graph_store::prefix_range(numbered('g', space.number)),
                                   [&](std::string_view key, BytesView value) {
                                     Reader place{as_bytes(key.substr(5))};
                                     Reader reader{value};
                                     const auto author = place.u32_be();
                                     const auto line = reader.u64_be();
                                     const auto size = reader.u64_be();
                                     if (author && line && size)
                                       space.indexed[*author] = {.line = *line, .size = *size};
                                     return true;
                                   });
  if (!scanned) return fail(scanned.error());
  load_grants(space);
  load_upkeep(space);
  space.has_new_logs = true;
  space.sweep_failed = false;
  space.why.clear();
}

Result<Unit, ApiError> Spaces::ready_to_write(Timestamp now) {
  HEARTH_CHECK(ready(now));
  if (!rocks::has_room(options_.directory)) return Failure{disk_error()};
  if (!has_failed_) return Unit{};
  if (now.ms >= tried_.ms && now.ms < tried_.ms + retry_ms) return Failure{disk_error()};
  tried_ = now;
  try {
    open_store(now);
    log_.info("graph.store_opened_anew");
    return Unit{};
  } catch (const std::exception& failed) {
    log_.error("graph.store_failed", {{"why", failed.what()}});
    close();
    return Failure{disk_error()};
  }
}

Result<Unit, ApiError> Spaces::has_room() const {
  if (!reserve_.is_reached()) return Unit{};
  return Failure{ApiError{
      .code = ErrorCode::unavailable,
      .message = "The box's disk is nearly full, and took nothing. Delete what isn't needed.",
      .retry_after = std::chrono::seconds{60}}};
}

// --- which there are -------------------------------------------------------------------------

Space* Spaces::find(std::string_view id_or_name) {
  const auto id = id_of<model::SpaceId>(id_or_name);
  for (auto& [number, space] : spaces_)
    if (space.name == id_or_name || space.id == id) return &space;
  return nullptr;
}

std::vector<Space*> Spaces::all() {
  std::vector<Space*> all;
  for (auto& [number, space] : spaces_) all.push_back(&space);
  return all;
}

Space* Spaces::home() {
  for (auto& [number, space] : spaces_)
    if (space.is_home) return &space;
  return nullptr;
}

Space* Spaces::find(std::uint32_t number, std::uint64_t generation) {
  const auto found = spaces_.find(number);
  if (generation != generation_ || found == spaces_.end() || !found->second.replica) return nullptr;
  return &found->second;
}

Result<Space*, ApiError> Spaces::adopt(const model::SpaceId& id, std::string name, Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  if (!is_space_name(name))
    return refuse(ErrorCode::bad_request, "A name has 1 to 32 of a-z, 0-9, hyphen and underscore.");
  if (find(name) != nullptr)
    return refuse(ErrorCode::conflict, "This box has a space of that name. Choose another.");
  if (find(id_text(id)) != nullptr)
    return refuse(ErrorCode::conflict, "This box has that space already.");
  if (spaces_.size() >= max_spaces)
    return refuse(ErrorCode::conflict, "There are as many spaces as this box holds.");
  Space space{.number = next_number_++,
              .id = id,
              .name = std::move(name),
              .created = static_cast<std::uint64_t>(now.seconds())};
  open_space(space, now);
  if (!space.replica) return Failure{store_failed()};
  store_space(space);
  return &spaces_.emplace(space.number, std::move(space)).first->second;
}

void Spaces::store_space(const Space& space) {
  side_->put(numbered('r', space.number), encode(space));
}

void Spaces::remove(const Space& space) {
  const std::uint32_t number = space.number;
  log_.info("graph.space_removed", {{"space", space.name}, {"id", id_text(space.id)}});
  side_->erase(numbered('r', number));
  side_->put(numbered('x', number), {});
  removed_.insert(number);
  spaces_.erase(number);
}

bool Spaces::clear_removed() {
  const std::uint32_t number = *removed_.begin();
  graph_store::Batch batch;
  for (const char table : {'s', 'h', 'g', 'p', 'u'}) {
    if (batch.size() == worked_at_once) break;
    if (!store_->scan(graph_store::prefix_range(numbered(table, number)),
                      [&](std::string_view key, BytesView) {
                        batch.erase(key);
                        return batch.size() < worked_at_once;
                      })) {
      // What can't be read stays, until the store is opened again.
      log_.error("graph.removed_space_stays", {{"number", std::to_string(number)}});
      removed_.clear();
      return false;
    }
  }
  if (batch.size() < worked_at_once) {
    batch.erase(numbered('x', number));
    removed_.erase(number);
  }
  if (!side_->write(batch)) (void)store_failed();
  return true;
}

// --- reading and writing ---------------------------------------------------------------------

Result<Replica*, ApiError> Spaces::replica(Space& space, Timestamp now) {
  if (!space.replica)
    return refuse(ErrorCode::unavailable, "The space '" + space.name + "' can't be read: " +
                                              (space.why.empty() ? "the disk failed." : space.why));
  Replica& replica = *space.replica;
  const bool back = now.ms + tolerated_ms < replica.now().ms;
  if (back ? !replica.set_back(now) : !replica.advance(now)) return Failure{store_failed()};
  return &replica;
}

Result<Spaces::Written, ApiError> Spaces::write(
    Space& space, const Asker& asker, Timestamp now,
    const std::function<Result<Unit, ApiError>(Draft&)>& edit) {
  HEARTH_CHECK(ready_to_write(now));
  HEARTH_TRY(Replica* const replica, this->replica(space, now));
  index_history(space);
  auto draft = replica->draft(author_id_, now);
  if (!draft) return Failure{error_of(draft.error())};
  if (asker.persona) draft->on_behalf_of({.app = asker.app, .persona = *asker.persona});
  HEARTH_CHECK(edit(*draft));
  const auto update = replica->write(*draft, *author_);
  if (!update && update.error() == Refusal::store) return Failure{store_failed()};
  if (!update) return Failure{error_of(update.error())};

  const update::Header& header = update->header;
  const ledger::AuthorLog& log = *replica->ledger().find_log(*replica->authors().find(author_id_));
  const ledger::Record* record = log.find(header.seq, header.id());
  index_history(space, *record);
  // Longer than it looked: erases name what they erase. The log goes on without it.
  if (record->body != ledger::BodyState::good)
    return refuse(ErrorCode::too_large, "That is too much for one batch. Send several.");
  return Written{
      .id = record->id, .author = header.author, .seq = header.seq, .stamp = record->stamp};
}

Result<Bytes, ApiError> Spaces::checkpoint(Space& space, Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  HEARTH_TRY(Replica* const replica, this->replica(space, now));
  if (replica->ledger().membership.home() != home_id_)
    return refuse(ErrorCode::denied, "Another appliance makes that space's checkpoints.");
  auto statement = replica->checkpoint(*home_, now);
  if (statement) return std::move(*statement);
  if (statement.error() == Refusal::store) return Failure{store_failed()};
  return Failure{error_of(statement.error())};
}

void Spaces::load_upkeep(Space& space) {
  space.upkeep = {};
  const auto stored = store_->get(numbered('p', space.number));
  if (!stored || !*stored) return;
  CborReader reader{**stored};
  if (!reader.array(5)) return;
  space.upkeep.last.ms = static_cast<std::int64_t>(reader.uint().value_or(0));
  for (std::uint64_t* each :
       {&space.upkeep.updates, &space.upkeep.bytes, &space.upkeep.rewritten, &space.upkeep.needed})
    *each = reader.uint().value_or(0);
}

void Spaces::store_upkeep(const Space& space) {
  side_->put(numbered('p', space.number),
             CborWriter{}
                 .array(5)
                 .uint(static_cast<std::uint64_t>(std::max<std::int64_t>(space.upkeep.last.ms, 0)))
                 .uint(space.upkeep.updates)
                 .uint(space.upkeep.bytes)
                 .uint(space.upkeep.rewritten)
                 .uint(space.upkeep.needed)
                 .take());
}

// --- the disk --------------------------------------------------------------------------------

Result<Unit, ApiError> Spaces::commit() {
  for (auto& [number, space] : spaces_) {
    if (has_failed_ || !space.replica) continue;
    index_history(space);
    if (!space.replica->commit()) {
      (void)store_failed();
      break;
    }
    auto changes = space.replica->take_changes();
    (void)space.replica->take_forks();  // the ledger keeps what they prove
    if (!changes.empty()) changes_.emplace_back(space.id, std::move(changes));
  }
  if (side_ && !has_failed_ && !side_->flush()) (void)store_failed();
  if (!std::exchange(has_lost_, false)) return Unit{};

  log_.error("graph.commit_failed");
  changes_.clear();
  if (!store_) return Failure{disk_error()};  // closed before the sync of what it had failed
  side_->forget();
  // Reading goes on, of what is on the disk.
  std::erase_if(spaces_, [&](const auto& entry) {
    const auto registered = store_->get(numbered('r', entry.first));
    return registered && !*registered;
  });
  open_replicas(now_);
  return Failure{disk_error()};
}

Spaces::Committed Spaces::take_committed() {
  return {.wrote = side_ && side_->take_written(), .changes = std::exchange(changes_, {})};
}

ApiError Spaces::store_failed() {
  has_failed_ = has_lost_ = true;
  return disk_error();
}

bool Spaces::work() {
  if (!store_ || has_failed_) return false;
  if (!removed_.empty()) return clear_removed();
  for (auto& [number, space] : spaces_) {
    if (!space.replica) continue;
    if (!space.indexes->is_idle()) return build_indexes(space);
    if (space.replica->is_sweeping() && !space.sweep_failed) return sweep(space);
  }
  return false;
}

bool Spaces::build_indexes(Space& space) {
  const auto more = space.indexes->work(*space.replica, worked_at_once);
  if (!more) (void)store_failed();
  return more.has_value();
}

bool Spaces::sweep(Space& space) {
  if (space.replica->sweep(worked_at_once)) return true;
  // What wasn't read stays as it is, until the space is opened again.
  space.sweep_failed = true;
  log_.error("graph.sweep_failed", {{"space", space.name}});
  return false;
}

std::optional<Timestamp> Spaces::deadline() const {
  std::optional<Timestamp> earliest;
  for (const auto& [number, space] : spaces_)
    if (space.replica)
      if (const auto due = space.replica->deadline(); due && (!earliest || *due < *earliest))
        earliest = due;
  return earliest;
}

std::string numbered(char table, std::uint32_t number) {
  Bytes bytes;
  Writer writer{bytes};
  writer.u8(static_cast<std::uint8_t>(table));
  writer.u32_be(number);
  return to_text(bytes);
}

std::string replica_prefix(std::uint32_t number) {
  return numbered('s', number);
}

void make_restorable(const std::filesystem::path& store_copy) {
  auto opened = graph_rocks::RocksStore::open(store_copy, {.block_cache_bytes = 1 << 20});
  if (!opened)
    throw std::runtime_error{store_copy.string() +
                             ": the copy can't be opened: " + opened.error().message};
  graph_store::Batch batch;
  batch.erase("a");
  if (!opened->write(batch) || !opened->sync())
    throw std::runtime_error{store_copy.string() + ": the copy can't be written to."};
}

}  // namespace hearth::graph_service
