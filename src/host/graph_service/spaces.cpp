#include <algorithm>
#include <array>
#include <ranges>
#include <stdexcept>

#include "notation.h"
#include "side_store.h"
#include <hearth/appliance/file.h>
#include <hearth/appliance/keys.h>
#include <hearth/codec/cbor.h>
#include <hearth/graph_service/spaces.h>

// Keys of the store, by their first letter:
//   a                      the author key that this store belongs to
//   m                      the schema
//   r number:4             a space: its id, name, when it was made, whether it is home
//   s number:4 …           the space's replica
//   h number:4 size:2 soul ms:7 author:4 seq:8   an update that touched the soul; its id where the
//                          author forked and it isn't on the line
//   g number:4 author:4    how far an author's log is in these histories
//   p number:4             what was done for the space: UpkeepNotes

namespace hearth::graph_service {

using codec::CborReader;
using codec::CborWriter;
using graph_store::StoreError;
using replica::Draft;
using replica::Refusal;
using update::Role;

namespace {

constexpr std::uint64_t schema_version = 1;
/// Below this much free space nothing at all is written: the database needs some to put itself in
/// order.
constexpr std::uint64_t least_room = std::uint64_t{16} << 20;
/// A failed store is opened anew this often at most.
constexpr std::int64_t retry_ms = 1000;
/// How far the clock may be set back before what was shown is taken back.
constexpr std::int64_t tolerated_ms = model::max_clock_error_ms;

std::string numbered(char table, std::uint32_t number) {
  Bytes bytes;
  Writer writer{bytes};
  writer.u8(static_cast<std::uint8_t>(table));
  writer.u32_be(number);
  return to_text(bytes);
}

std::string history_prefix(const Space& space, std::string_view soul) {
  Bytes bytes;
  Writer writer{bytes};
  writer.text(numbered('h', space.number));
  writer.u16_be(static_cast<std::uint16_t>(soul.size()));
  writer.text(soul);
  return to_text(bytes);
}

std::string history_place(double state_ms, crdt::AuthorNumber author, std::uint64_t seq) {
  Bytes bytes;
  Writer writer{bytes};
  const auto ms = static_cast<std::uint64_t>(state_ms);  // up to 8.64e15 needs 53 bits
  writer.u8(static_cast<std::uint8_t>(ms >> 48));
  writer.u16_be(static_cast<std::uint16_t>(ms >> 32));
  writer.u32_be(static_cast<std::uint32_t>(ms));
  writer.u32_be(author);
  writer.u64_be(seq);
  return to_text(bytes);
}

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

model::PersonaKey as_persona(const model::AuthorKey& author) {
  return model::PersonaKey{author.value()};
}

bool is_space_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

ApiError error_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::not_allowed:
    case Refusal::no_certificate:
      return {.code = ErrorCode::denied,
              .message = "This box may not write in that space: it isn't a member there.",
              .retry_after = {}};
    case Refusal::nothing:
      return {
          .code = ErrorCode::bad_request, .message = "There is nothing in it.", .retry_after = {}};
    case Refusal::too_large:
      return {.code = ErrorCode::bad_request,
              .message = "That is more than one write holds. Send it in parts.",
              .retry_after = {}};
    case Refusal::inconsistent:
      return {.code = ErrorCode::conflict,
              .message = "An author of that space has forked. Name the branch that counts first.",
              .retry_after = {}};
    case Refusal::store:
      return disk_error();
    default:
      return {.code = ErrorCode::internal, .message = "The space refused that.", .retry_after = {}};
  }
}

graph_rocks::RocksOptions rocks_options(const Spaces::Options& options) {
  return {.block_cache_bytes = options.cache_bytes / 2,
          .memtable_bytes = std::clamp<std::size_t>(options.cache_bytes / 8, std::size_t{1} << 20,
                                                    std::size_t{8} << 20),
          .env = options.env};
}

}  // namespace

ApiError disk_error() {
  return {
      .code = ErrorCode::unavailable,
      .message = "The box couldn't write to its disk, and took nothing. See whether it is full.",
      .retry_after = std::chrono::seconds{2}};
}

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
    return refuse(ErrorCode::unavailable,
                  "The graph's database can't be opened; hearthd's log says why.",
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
  if (!side_->flush() || !store_->sync() || !scanned)
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
                     .companion = space.indexes.get()});
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
  load_upkeep(space);
  space.has_new_logs = true;
  space.why.clear();
}

/// The author of a store that came back writes on under a new key. The home says so under a higher
/// term: what it said after the backup was taken is gone here, and must not stand beside this.
void Spaces::admit_author(Space& space, Timestamp now) {
  if (!space.replica || space.replica->ledger().membership.empty()) return;
  const auto& membership = space.replica->ledger().membership;
  if (membership.home() != home_id_ || update::may_write(membership.role(as_persona(author_id_))))
    return;
  if (!enter(space, membership.head_entry().term + 1,
             {update::SetRole{as_persona(author_id_), Role::writer, {}}}, now))
    log_.error("graph.author_not_admitted", {{"space", space.name}});
  else
    log_.info("graph.new_author", {{"space", space.name}, {"author", id_text(author_id_)}});
}

Result<Unit, ApiError> Spaces::ready_to_write(Timestamp now) {
  HEARTH_CHECK(ready(now));
  if (const auto room = reserve_.room(); room && room->available < least_room)
    return Failure{disk_error()};
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

// --- who may what ----------------------------------------------------------------------------

Role Spaces::role(const Space& space, const Asker& asker) const {
  if (!asker.persona) return Role::owner;
  if (!space.replica || space.replica->ledger().membership.empty()) return Role::none;
  return space.replica->ledger().membership.role(*asker.persona);
}

bool Spaces::may_read(const Space& space, Role role) {
  return role >= Role::reader ||
         (space.replica && space.replica->ledger().membership.kind() == update::SpaceKind::open);
}

Result<Unit, ApiError> Spaces::keep_in_step(const std::vector<Person>& people, Timestamp now) {
  const auto owns = [](const Person& person) { return person.is_owner; };
  if (!std::ranges::any_of(people, owns)) return Unit{};
  HEARTH_CHECK(ready_to_write(now));
  Space* space = home();
  if (space == nullptr) {
    HEARTH_CHECK(found("home", update::SpaceKind::guarded, people, /*is_home=*/true, now));
    return Unit{};
  }
  HEARTH_TRY(Replica* const replica, this->replica(*space, now));
  const auto& membership = replica->ledger().membership;
  if (membership.home() != home_id_) return Unit{};  // handed over

  std::vector<update::MemberChange> changes;
  for (const Person& person : people) {
    const Role role = person.is_owner ? Role::owner : Role::writer;
    if (membership.role(person.persona) != role)
      changes.push_back(update::SetRole{person.persona, role, {}});
  }
  for (const auto& [persona, role] : membership.members()) {
    if (role == Role::none || persona == as_persona(author_id_)) continue;
    // Authors of this appliance before a backup came back stay: they speak for nobody any more.
    if (std::ranges::find(people, persona, &Person::persona) != people.end()) continue;
    const auto number = replica->authors().find(model::AuthorKey{persona.value()});
    if (number && replica->ledger().find_log(*number) != nullptr) continue;
    changes.push_back(removal(*replica, persona));
  }
  constexpr std::size_t at_once = 128;  // an entry is bounded
  for (std::size_t from = 0; from < changes.size(); from += at_once) {
    const auto first = changes.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(at_once, changes.size() - from);
    HEARTH_CHECK(enter(*space, membership.head_entry().term,
                       {first, first + static_cast<std::ptrdiff_t>(count)}, now));
  }
  return Unit{};
}

/// Nothing of theirs counts that isn't here by now.
update::SetRole Spaces::removal(const Replica& replica, const PersonaKey& persona) {
  update::SetRole removal{persona, Role::none, {}};
  const ledger::Ledger& ledger = replica.ledger();
  for (const crdt::AuthorNumber number : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(number);
    const ledger::Record* head = log.head();
    if (head != nullptr && log.root(head->root).persona == persona)
      removal.cuts.push_back({replica.authors().key(number), head->seq, head->id});
  }
  return removal;
}

Result<Space*, ApiError> Spaces::found(std::string name, update::SpaceKind kind,
                                       const std::vector<Person>& people, bool is_home,
                                       Timestamp now) {
  update::Entry first{.time = static_cast<std::uint64_t>(std::max<std::int64_t>(now.ms, 0)),
                      .signer = home_id_};
  update::Found found{.kind = kind};
  entropy_.fill(found.nonce);
  first.changes.push_back(found);
  for (const Person& person : people)
    first.changes.push_back(
        update::SetRole{person.persona, person.is_owner ? Role::owner : Role::writer, {}});
  first.changes.push_back(update::SetRole{as_persona(author_id_), Role::writer, {}});

  HEARTH_TRY(Space* const space, adopt(model::SpaceId{first.id().value()}, std::move(name), now));
  space->is_home = is_home;
  side_->put(numbered('r', space->number), encode(*space));
  if (!space->replica->add_entry(update::sign(first, *home_))) return Failure{store_failed()};
  log_.info("graph.space_founded", {{"space", space->name}, {"id", id_text(space->id)}});
  return space;
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
  Space space{.number = spaces_.empty() ? 1 : spaces_.rbegin()->first + 1,
              .id = id,
              .name = std::move(name),
              .created = static_cast<std::uint64_t>(now.seconds())};
  open_space(space, now);
  if (!space.replica) return Failure{store_failed()};
  side_->put(numbered('r', space.number), encode(space));
  return &spaces_.emplace(space.number, std::move(space)).first->second;
}

void Spaces::abandon(Space& space) {
  const std::uint32_t number = space.number;
  if (!commit()) return;
  graph_store::Batch batch;
  for (const char table : {'r', 's', 'h', 'g', 'p'})
    if (!store_->scan(graph_store::prefix_range(numbered(table, number)),
                      [&](std::string_view key, BytesView) {
                        batch.erase(key);
                        return true;
                      }))
      return;
  spaces_.erase(number);
  ++generation_;
  if (!side_->write(batch)) (void)store_failed();
}

Space* Spaces::find(std::uint32_t number, std::uint64_t generation) {
  const auto found = spaces_.find(number);
  if (generation != generation_ || found == spaces_.end() || !found->second.replica) return nullptr;
  return &found->second;
}

Result<Unit, ApiError> Spaces::set_role(Space& space, const PersonaKey& persona, Role role,
                                        Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  HEARTH_TRY(Replica* const replica, this->replica(space, now));
  const auto& membership = replica->ledger().membership;
  if (membership.home() != home_id_)
    return refuse(ErrorCode::denied, "Another appliance keeps that space's members.");
  if (membership.role(persona) == role) return Unit{};
  update::SetRole change{persona, role, {}};
  if (!update::may_write(role)) {
    change = removal(*replica, persona);
    change.role = role;
  }
  return enter(space, membership.head_entry().term, {std::move(change)}, now);
}

Result<Unit, ApiError> Spaces::enter(Space& space, std::uint64_t term,
                                     std::vector<update::MemberChange> changes, Timestamp now) {
  HEARTH_CHECK(ready_to_write(now));
  const auto& membership = space.replica->ledger().membership;
  const update::Entry& head = membership.head_entry();
  const update::Entry entry{
      .space = space.id,
      .term = term,
      .seq = head.seq + 1,
      .prev = membership.head(),
      .time = std::max(head.time, static_cast<std::uint64_t>(std::max<std::int64_t>(now.ms, 0))),
      .signer = home_id_,
      .changes = std::move(changes)};
  const auto added = space.replica->add_entry(update::sign(entry, *home_));
  if (added) return Unit{};
  if (added.error() == Refusal::store) return Failure{store_failed()};
  return Failure{error_of(added.error())};
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
  if (asker.persona) draft->on_behalf_of({.app = "", .persona = *asker.persona});
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

/// What came since: our own as it is written, others' after an import, and all that a crash left
/// out, since an import's batches don't hold histories.
void Spaces::index_history(Space& space) {
  if (!std::exchange(space.has_new_logs, false)) return;
  const ledger::Ledger& ledger = space.replica->ledger();
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    const Indexed before = space.indexed[author];
    if (log.size() == before.size) continue;
    const ledger::Record* record = log.head();
    std::vector<const ledger::Record*> news;
    for (; record != nullptr && record->seq > before.line; record = record->parent)
      news.push_back(record);
    if (log.is_forked())
      for (const ledger::Record* each : log.records())
        if (!each->on_line) news.push_back(each);
    for (const ledger::Record* each : news | std::views::reverse) index_history(space, *each);
  }
}

void Spaces::index_history(Space& space, const ledger::Record& record) {
  const auto update = space.replica->update_of(record);
  if (update && update->body && record.body == ledger::BodyState::good)
    if (const auto body = update::Body::decode(*update->body, update->header.author)) {
      const std::string place = history_place(record.stamp.ms(), record.author, record.seq);
      for (const update::Change& change : body->changes)
        side_->put(history_prefix(space, change.soul) + place,
                   record.on_line ? BytesView{} : BytesView{record.id.value()});
    }
  Indexed& indexed = space.indexed[record.author];
  if (record.on_line) indexed.line = std::max(indexed.line, record.seq);
  note_indexed(space, record.author);
}

void Spaces::note_indexed(Space& space, crdt::AuthorNumber author) {
  Indexed& indexed = space.indexed[author];
  indexed.size = space.replica->ledger().find_log(author)->size();
  Bytes key = to_bytes(numbered('g', space.number));
  Writer{key}.u32_be(author);
  Bytes value;
  Writer writer{value};
  writer.u64_be(indexed.line);
  writer.u64_be(indexed.size);
  side_->put(as_text(key), value);
}

std::uint64_t Spaces::find_in_histories(const Space& space, const ledger::Record& record,
                                        std::vector<std::string>& places) const {
  constexpr std::uint64_t frame_bytes = 120;  // id, signature, key
  const auto update = space.replica->update_of(record);
  if (!update || !update->body) return frame_bytes;
  std::uint64_t bytes = frame_bytes + update->body->size();
  const auto body = update::Body::decode(*update->body, update->header.author);
  if (!body) return bytes;
  const std::string place = history_place(record.stamp.ms(), record.author, record.seq);
  for (const update::Change& change : body->changes) {
    places.push_back(history_prefix(space, change.soul) + place);
    bytes += places.back().size();
  }
  return bytes;
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

Result<std::vector<Spaces::Place>, ApiError> Spaces::history(Space& space, std::string_view soul,
                                                             const std::string& before,
                                                             std::size_t limit) {
  // What was written a moment ago is in the next batch.
  if (!commit()) return Failure{disk_error()};
  const std::string prefix = history_prefix(space, soul);
  graph_store::Range range = graph_store::prefix_range(prefix);
  range.order = graph_store::Range::Order::descending;
  if (!before.empty()) range.to = prefix + before;
  const ledger::Ledger& ledger = space.replica->ledger();
  std::vector<Place> places;
  const auto scanned = store_->scan(range, [&](std::string_view key, BytesView value) {
    const std::string_view place = key.substr(prefix.size());
    Reader reader{as_bytes(place)};
    if (!reader.bytes(7)) return true;
    const auto author = reader.u32_be();
    const auto seq = reader.u64_be();
    const ledger::AuthorLog* log = author && seq ? ledger.find_log(*author) : nullptr;
    if (log == nullptr) return true;
    const auto id = model::id_from<model::UpdateId>(value);
    const ledger::Record* record = id ? log->find(*seq, *id) : log->on_line(*seq);
    if (record != nullptr) places.push_back({record, std::string{place}});
    return places.size() < limit;
  });
  if (!scanned) return Failure{store_failed()};
  return places;
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
  if (has_failed_) return false;
  constexpr std::size_t step = 500;  // a few milliseconds
  for (auto& [number, space] : spaces_) {
    if (!space.replica || space.indexes->is_idle()) continue;
    const auto more = space.indexes->work(*space.replica, step);
    if (!more) (void)store_failed();
    return more.has_value();
  }
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

std::string replica_prefix(std::uint32_t number) {
  return numbered('s', number);
}

std::string histories_prefix(std::uint32_t number) {
  return numbered('h', number);
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

// --- names -----------------------------------------------------------------------------------

namespace {
constexpr std::array<std::string_view, 6> role_names{"none",   "carrier", "reader",
                                                     "writer", "admin",   "owner"};
}

std::string_view to_string(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_of(std::string_view text) {
  const auto found = std::ranges::find(role_names, text);
  if (found == role_names.end()) return std::nullopt;
  return static_cast<Role>(found - role_names.begin());
}

}  // namespace hearth::graph_service
