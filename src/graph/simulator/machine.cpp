#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/simulator/machine.h>
#include <hearth/update/checkpoint.h>

namespace hearth::simulator {

using graph_store::FaultyStore;
using replica::Replica;
using namespace std::string_view_literals;

namespace {

// Small, so that the bounds are met.
constexpr std::size_t max_held_updates = 48;
constexpr std::size_t max_held_statements = 1024;
constexpr std::size_t max_cached_nodes = 3;
constexpr std::size_t swept_at_once = 2;
constexpr std::size_t max_unwelcome = 40;
constexpr std::size_t max_unwelcome_bytes = std::size_t{64} << 10;

}  // namespace

replica::Options Machine::replica_options() const {
  return {.max_held_updates = max_held_updates,
          .max_held_bytes = std::size_t{256} << 10,
          .max_cached_nodes = max_cached_nodes,
          .purge_in_steps = number_ % 2 == 1,
          .max_unwelcome = max_unwelcome,
          .max_unwelcome_of_author = 12,
          .max_unwelcome_bytes = max_unwelcome_bytes};
}

Machine::Machine(Run& run, const model::SpaceId& space, std::size_t number, const Persona& persona)
    : run_(run),
      space_(space),
      number_(number),
      persona_(persona),
      device_(std::make_unique<Device>(persona, run.random)),
      home_key_(run.random.key()) {}

// --- life ---

bool Machine::open() {
  HEARTH_ASSERT(!is_up());
  auto opened = Replica::open(*disk_, std::string{prefix}, space_, clock(), replica_options());
  if (!opened) {
    run_.count("opening refused");
    run_.note(number_, "does not open:", static_cast<int>(opened.error()));
    return false;
  }
  replica_ = std::move(*opened);
  run_.count("opened");
  run_.note(number_, "opens at", replica_->now().ms - beginning.ms);
  // What is read now will be there tomorrow.
  if (!disk_->sync()) {
    stop();
    return false;
  }
  unsynced_.clear();
  check_durability();
  tick();
  return is_up();
}

void Machine::stop() {
  replica_ = nullptr;
  added_.clear();
  newly_renewed_.clear();
  run_.note(number_, "stops");
}

void Machine::crash() {
  run_.count("crashes");
  if (!added_.empty()) run_.count("crashes with something unsynced");
  stop();
  disk_->crash(run_.random);
}

bool Machine::flush() {
  const auto ticket = replica_->commit();
  if (!ticket) return kept(false, ticket.error());
  const auto synced = disk_->sync();
  if (!synced || disk_->durable() < *ticket) {
    run_.count("syncs that failed");
    stop();
    return false;
  }
  for (const LetterPtr& letter : std::exchange(added_, {})) {
    const auto id = letter->update.header.id();
    LetterPtr& durable = durable_[id];
    if (!durable || !durable->update.body) durable = letter;
    if (unsynced_.contains(id.value())) news_.push_back(letter);
  }
  for (const char table : {'e', 'k'})
    for (const auto& [id, statement] : statements(table)) durable_statements_.insert(id);
  unsynced_.clear();
  renewed_.merge(newly_renewed_);
  newly_renewed_.clear();
  check_bounds();
  return true;
}

void Machine::tick() {
  const Timestamp now = clock();
  const auto shown = now < replica_->now() ? replica_->set_back(now) : replica_->advance(now);
  if (!shown) {
    kept(false, shown.error());
    return;
  }
  (void)replica_->take_changes();
  if (replica_->is_sweeping()) {
    run_.count("steps of a purge");
    if (const auto more = replica_->sweep(swept_at_once); !more) {
      kept(false, more.error());
      return;
    }
  }
  if (replica_->status().unproved) {
    const auto proved = replica_->prove();
    if (!proved) {
      kept(false, proved.error());
      return;
    }
    run_.count(*proved ? "loaded spaces proved" : "loaded spaces not proved yet");
  }
  for (const update::ForkProof& proof : replica_->take_forks()) {
    run_.count("forks proved");
    if (!update::ForkProof::verify(proof.encode(), run_.verifier) && run_.checks_signatures)
      run_.fail("machine", number_, "has a proof of a fork that proves nothing");
  }
}

bool Machine::kept(bool done, replica::Refusal error) {
  if (done) return true;
  if (error == replica::Refusal::store) {
    run_.count("stores that failed");
    stop();
  }
  return false;
}

// --- checks ---

void Machine::check_durability() {
  // Statements that rotted aren't lost: the disk says what it can't read.
  if (!reads_statements()) {
    kept(false, replica::Refusal::store);
    return;
  }
  const ledger::Ledger& ledger = replica_->ledger();
  for (const auto& [id, letter] : durable_) {
    const update::Header& header = letter->update.header;
    const auto number = ledger.authors.find(header.author);
    const ledger::AuthorLog* log = number ? ledger.find_log(*number) : nullptr;
    const ledger::Record* record = log == nullptr ? nullptr : log->find(header.seq, id);
    if (record == nullptr) {
      if (may_be_gone(*letter)) continue;
      run_.fail("machine", number_, "lost an acknowledged update:", header.author, header.seq, id);
      return;
    }
    const auto held = replica_->update_of(*record);
    if (!held) {
      // A disk that rots says so; it doesn't give another update.
      kept(false, held.error());
      return;
    }
    if (held->header != header || held->signature != letter->update.signature ||
        (letter->update.body && held->body != letter->update.body)) {
      run_.fail("machine", number_, "has another update than it acknowledged:", id);
      return;
    }
  }
  std::set<model::Bytes32> found;
  for (const char table : {'e', 'k'})
    for (const auto& [id, statement] : statements(table)) found.insert(id);
  if (!std::ranges::includes(found, durable_statements_))
    run_.fail("machine", number_, "lost an acknowledged statement");
}

void Machine::check_bounds() {
  const replica::Status status = replica_->status();
  if (status.held > max_held_updates + max_held_statements)
    run_.fail("machine", number_, "holds more than it may");
  if (status.cached_nodes > max_cached_nodes + 1)  // and the one that is read
    run_.fail("machine", number_, "keeps more nodes in memory than it may");
  check_strangers();
}

// What they made it keep, as its disk has it.
void Machine::check_strangers() {
  const ledger::Ledger& ledger = replica_->ledger();
  if (ledger.membership.empty() || ledger.membership.kind() == update::SpaceKind::open) return;
  struct Kept {
    std::size_t count = 0, bytes = 0;
    [[nodiscard]] bool is_too_much() const {
      return count > max_unwelcome || bytes > max_unwelcome_bytes;
    }
  };
  const auto kept_but = [&](const auto& may_count_yet) {
    Kept kept;
    (void)disk_->scan(graph_store::prefix_range(std::string{prefix} + 'u'),
                      [&](std::string_view key, BytesView value) {
                        Reader place{as_bytes(key.substr(prefix.size() + 1))};
                        const crdt::AuthorNumber author = *place.u32_be();
                        const std::uint64_t seq = *place.u64_be();
                        if (run_.strangers.contains(ledger.authors.key(author)) &&
                            !may_count_yet(*ledger.find_log(author), seq, place.rest())) {
                          ++kept.count;
                          kept.bytes += value.size();
                        }
                        return true;
                      });
    return kept;
  };
  if (!kept_but([](const auto&...) { return false; }).is_too_much()) return;
  // Whatever a home once named may count: all up to there, but of branches only what leads there.
  // What one that rotted names nobody can read until the disk is another.
  if (!reads_statements()) return;
  const auto named = named_places();
  const Kept kept = kept_but([&](const ledger::AuthorLog& log, std::uint64_t seq, BytesView id) {
    return std::ranges::any_of(named, [&](const update::Position& position) {
      if (position.author != ledger.authors.key(log.author()) || position.seq < seq) return false;
      const ledger::Record* at = log.find(position.seq, position.id);
      return id.empty() || (at != nullptr && equal(log.ancestor(*at, seq)->id.value(), id));
    });
  });
  if (kept.is_too_much())
    run_.fail("machine", number_, "keeps too much of strangers:", kept.count, "updates,",
              kept.bytes, "bytes");
}

bool Machine::reads_statements() const {
  return std::ranges::all_of("ek"sv, [&](char table) {
    const auto range = graph_store::prefix_range(std::string{prefix} + table);
    return disk_->scan(range, [](std::string_view, BytesView) { return true; }).has_value();
  });
}

// By any entry or checkpoint that it has, on a chain or not.
std::vector<update::Position> Machine::named_places() const {
  std::vector<update::Position> named;
  const auto add = [&](const std::vector<update::Position>& positions) {
    named.insert(named.end(), positions.begin(), positions.end());
  };
  for (const auto& [id, statement] : statements('e')) {
    const auto entry = update::verify_entry(statement);
    for (const update::MemberChange& change : entry->changes) {
      if (const auto* role = std::get_if<update::SetRole>(&change)) add(role->cuts);
      if (const auto* end = std::get_if<update::EndAuthor>(&change)) add({end->last});
      if (const auto* branch = std::get_if<update::NameBranch>(&change)) add({branch->on});
    }
  }
  for (const auto& [id, statement] : statements('k')) {
    const auto checkpoint = update::SignedCheckpoint::decode(statement);
    add(checkpoint->checkpoint.heads);
  }
  return named;
}

// --- the disk ---

void Machine::heal_disk() {
  disk_->set_capacity(0);
  disk_->fail(FaultyStore::Failing::nothing);
}

std::string Machine::any_key() {
  std::vector<std::string> keys;
  (void)disk_->scan({}, [&](std::string_view key, BytesView value) {
    if (!value.empty()) keys.emplace_back(key);
    return true;
  });
  return keys.empty() ? std::string{} : run_.random.of(keys);
}

void Machine::rot() {
  const std::string key = any_key();
  if (!disk_->flip_bit(run_.random, key)) return;
  run_.count("bits flipped");
  run_.note(number_, "rots at", std::string_view{key}.substr(prefix.size(), 1));
}

void Machine::rot_silently() {
  if (!is_up() || !flush()) return;
  const std::string key = any_key();
  // What the program keeps for itself has no second place to be compared with.
  if (key.empty() || (key[prefix.size()] != 'u' && key[prefix.size()] != 'n')) return;
  stop();
  if (!disk_->flip_bit(run_.random, key, FaultyStore::Rot::silent)) return;
  run_.count("bits flipped silently");
  run_.note(number_, "rots silently at", std::string_view{key}.substr(prefix.size(), 1));
  auto opened = Replica::open(*disk_, std::string{prefix}, space_, clock(), replica_options());
  if (opened) {
    const auto findings = (*opened)->verify();
    if (findings && findings->empty())
      run_.fail("machine", number_, "does not find the bit that turned in", to_hex(as_bytes(key)));
  }
  opened = nullptr;
  scrub();
}

void Machine::scrub() {
  // What the program keeps in memory it doesn't read again.
  if (is_up() && flush()) stop();
  // What was acknowledged may be what rotted.
  const auto durable = std::exchange(durable_, {});
  const auto kept_statements = std::exchange(durable_statements_, {});
  if (!is_up() && !open()) {
    wipe();
    return;
  }
  durable_ = durable;
  durable_statements_ = kept_statements;
  const auto findings = replica_->verify(replica::Repair::yes);
  const auto is_update = [](const replica::Finding& finding) {
    return finding.what == replica::Finding::What::update;
  };
  if (!findings || std::ranges::any_of(*findings, is_update)) {
    wipe();
    return;
  }
  if (findings->empty() || !flush()) return;
  run_.count("damages repaired");
  const auto again = replica_->verify();
  if (!again || !again->empty()) run_.fail("machine", number_, "is not repaired by its repair");
}

void Machine::wipe() {
  run_.count("disks replaced");
  if (is_up()) stop();
  disk_ = std::make_unique<FaultyStore>();
  durable_.clear();
  durable_statements_.clear();
  news_.clear();
  unsynced_.clear();
  renewed_.clear();
  lets_go_ = has_loaded_ = false;
  take_new_keys();
  open();
}

void Machine::take_new_keys() {
  device_ = std::make_unique<Device>(persona_, run_.random);
  home_key_ = run_.random.key();
  run_.note(number_, "writes as", device_->author, "from now on");
}

std::optional<Machine::Backup> Machine::back_up() {
  if (!is_up() || !flush()) return std::nullopt;
  return Backup{*disk_, durable_, durable_statements_, lets_go_};
}

void Machine::restore(const Backup& backup, const Machine* same_keys) {
  if (is_up()) stop();
  disk_ = std::make_unique<FaultyStore>(backup.disk);
  heal_disk();
  durable_ = backup.durable;
  durable_statements_ = backup.statements;
  news_.clear();
  unsynced_.clear();
  renewed_.clear();
  lets_go_ = lets_go_ || backup.lets_go;
  if (same_keys == nullptr) {
    take_new_keys();
  } else if (same_keys != this) {
    device_ = std::make_unique<Device>(same_keys->device().clone());
    home_key_ = same_keys->home_key().clone();
  }
  open();
}

}  // namespace hearth::simulator
