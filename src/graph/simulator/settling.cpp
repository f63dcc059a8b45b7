// Everything heals, everyone meets, and then the checkers look.

#include <algorithm>
#include <utility>

#include <hearth/graph_store/memory_store.h>
#include <hearth/simulator/judge.h>
#include <hearth/simulator/world.h>

namespace hearth::simulator {

void World::settle() {
  run_.note("everything heals");
  heal();
  for (const auto check :
       {&World::meet_all, &World::renew, &World::meet_all, &World::check_convergence,
        &World::check_forks, &World::check_against_rules, &World::check_signatures,
        &World::check_reopened, &World::check_new_replica, &World::check_loading,
        &World::check_stores})
    if (!run_.has_failed()) (this->*check)();
}

void World::heal() {
  agenda_.clear();
  flushing_.clear();
  std::ranges::fill(islands_, 0);
  weather_ = {};
  // Late enough that every checkpoint's purge is due.
  end_.ms = std::max(run_.time.ms, latest_checkpoint_ms_) + day_ms;
  run_.time = end_;
  for (const auto& machine : machines_) {
    machine->heal_disk();
    machine->set_clock_error(0);
    // Rot that nobody met yet is found before others are told of it.
    machine->scrub();
    if (!machine->is_up()) run_.fail("machine", machine->number(), "does not open once healed");
    if (run_.has_failed()) return;
    machine->tick();
    if (machine->is_up() && !machine->flush())
      run_.fail("machine", machine->number(), "does not flush once healed");
  }
}

// Each with each, until nobody learns anything: who has let go of what stands beside a branch can't
// pass that branch on.
void World::meet_all() {
  for (std::size_t round = 0; round < 40; ++round) {
    std::size_t taken = 0;
    const auto tell = [&](Machine& from, Machine& to) {
      if (!from.is_up() || !to.is_up()) return run_.fail("a machine stopped though all is healed");
      taken += to.take(from.answer(to.greet(), 100'000));
    };
    for (const auto& from : machines_) {
      for (const auto& to : machines_) {
        if (from == to) continue;
        tell(*from, *to);
        // Entries and checkpoints are passed on as the store has them.
        if (!to->is_up() || !to->flush()) return run_.fail("a store failed though all is healed");
      }
    }
    if (taken == 0) return;
  }
  run_.fail("they never have told each other everything");
}

// What lay unsent for too long is written anew, by everyone who still may.
void World::renew() {
  for (const auto& machine : machines_) {
    machine->tick();
    for (std::size_t rounds = 0; rounds < 1000 && machine->is_up() && machine->write_anew(8);
         ++rounds) {
    }
    if (!machine->is_up() || !machine->flush())
      return run_.fail("a store failed though all is healed");
    machine->check_renewed();
  }
}

// For whoever reads the trace.
void World::note_state(std::string_view whose, replica::Replica& replica) {
  const replica::Status status = replica.status();
  const ledger::Ledger& ledger = replica.ledger();
  run_.note(whose, "at", replica.now().ms - beginning.ms, "head", ledger.membership.head(),
            "checkpoints", ledger.checkpoints.chain().size(), "purged", status.purged_checkpoints,
            "updates", status.updates, "counting", status.counting, "deferred", status.deferred);
  for (const crdt::AuthorNumber author : ledger.authors_by_key())
    for (const ledger::Record* record : ledger.find_log(author)->records())
      run_.note(whose, "holds", ledger.authors.key(author), record->seq, record->id, "after",
                record->parent == nullptr ? model::UpdateId{} : record->parent->id, "verdict",
                static_cast<int>(ledger.judge(*record)), record->counts ? "counts" : "",
                record->applied ? "applied" : "");
  for (const std::string soul : {"a", "b", "c", "d", "e"}) {
    const auto node = replica.node(soul);
    if (!node || *node == nullptr) continue;
    codec::CborWriter writer;
    writer.array(2);
    (*node)->write({writer, replica.authors(), crdt::Names::keys});
    run_.note(whose, "has", soul, to_hex(writer.take()));
  }
}

void World::check_convergence() {
  for (const auto& machine : machines_) {
    machine->tick();
    const auto state = machine->replica().canonical_state();
    if (!state) return run_.fail("machine", machine->number(), "cannot say its state");
    if (machine == machines_.front()) state_ = *state;
    if (!equal(*state, state_)) {
      note_state("first", machines_.front()->replica());
      note_state("other", machine->replica());
      return run_.fail("machine", machine->number(), "has another state than machine 0");
    }
  }
  const replica::Status status = machines_.front()->replica().status();
  run_.count("updates at the end", status.updates);
  run_.count("updates that count at the end", status.counting);
  run_.count("updates for later at the end", status.deferred);
  for (const auto& machine : machines_) {
    const ledger::Ledger& ledger = machine->replica().ledger();
    for (const crdt::AuthorNumber author : ledger.authors_by_key())
      for (const ledger::Record* record : ledger.find_log(author)->records())
        run_.count("branches too many at the end", record->outranked ? 1 : 0);
  }
  run_.count("authors who forked at the end", status.forked_authors);
  run_.count("purges at the end", status.purged_checkpoints);
  run_.note("all agree on", state_.size(), "bytes:", name_of(update::hash_of(state_)));
}

// Whoever reuses no key never forks, whatever happens to the disk. Who forked is known to everyone
// who takes what two branches begin with; below what was let go of nobody does, and such a branch
// is void by the checkpoint that covers its place.
void World::check_forks() {
  struct Seen {
    std::map<std::pair<std::uint64_t, model::Bytes32>, std::set<model::UpdateId>> children;
    bool may_write = true;
  };
  std::map<model::AuthorKey, Seen> seen;
  const model::Bytes32 nothing{};
  for (const auto& machine : machines_) {
    const ledger::Ledger& ledger = machine->replica().ledger();
    for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
      const model::AuthorKey& key = ledger.authors.key(author);
      const ledger::AuthorLog& log = *ledger.find_log(author);
      if (log.is_forked() && !careless_.contains(key))
        return run_.fail("an honest author forked:", key);
      for (const ledger::Record* record : log.records()) {
        const auto& after = record->seq == 1 ? nothing : log.prev_of(*record);
        seen[key].children[{record->seq, after}].insert(record->id);
        // Of who may not write not all is kept.
        if (!ledger.membership.ends_of(key).empty() ||
            !update::may_write(ledger.membership.role(log.root(record->root).persona)))
          seen[key].may_write = false;
      }
    }
  }
  for (const auto& [key, author] : seen) {
    if (!author.may_write) continue;
    for (const auto& machine : machines_) {
      const ledger::Ledger& ledger = machine->replica().ledger();
      const auto number = ledger.authors.find(key);
      const ledger::AuthorLog* log = number ? ledger.find_log(*number) : nullptr;
      const std::uint64_t floor = log == nullptr ? 0 : log->floor();
      const auto parts_here = [&](const auto& place) {
        const auto& [seq, after] = place.first;
        return place.second.size() > 1 && seq > floor &&
               (seq == 1 || (log != nullptr && log->find(seq - 1, model::UpdateId{after})));
      };
      const bool knows = log != nullptr && log->is_forked();
      if (knows != std::ranges::any_of(author.children, parts_here)) {
        for (const auto& each : machines_)
          note_state(std::to_string(each->number()), each->replica());
        return run_.fail(
            "machine", machine->number(),
            knows ? "says of somebody that it forked:" : "doesn't know who forked:", key);
      }
    }
  }
}

std::vector<Letter> World::letters_of(Machine& machine) {
  std::vector<Letter> letters;
  replica::Replica& replica = machine.replica();
  for (const crdt::AuthorNumber author : replica.ledger().authors_by_key()) {
    for (const ledger::Record* record : replica.ledger().find_log(author)->records()) {
      auto update = replica.update_of(*record);
      auto certificate = replica.certificate_of(*record);
      if (!update || !certificate) {
        run_.fail("an update is not in the store:", record->id);
        return {};
      }
      letters.push_back({std::move(*update), std::move(*certificate)});
    }
  }
  return letters;
}

std::vector<Letter> World::all_letters() {
  std::map<model::UpdateId, Letter> all;
  const auto add = [&](const Letter& letter) {
    const auto [place, is_new] = all.try_emplace(letter.update.header.id(), letter);
    if (!is_new && !place->second.update.body) place->second = letter;
  };
  for (const auto& machine : machines_) {
    for (const Letter& letter : letters_of(*machine)) add(letter);
    for (const auto& [id, letter] : machine->durable()) add(*letter);
  }
  // What all let go of is known to us alone.
  const LetterPtr nobody;
  std::set<model::UpdateId> found;
  std::vector<Letter> letters;
  for (const auto& [id, letter] : all) {
    letters.push_back(letter);
    for (model::UpdateId prev{letter.update.header.prev}; !all.contains(prev);) {
      const auto made = run_.written.find(prev);
      const auto heard = run_.verified.find(prev);
      const LetterPtr gone = made != run_.written.end()     ? made->second
                             : heard != run_.verified.end() ? heard->second
                                                            : nobody;
      if (gone == nullptr || !found.insert(prev).second) break;
      letters.push_back(*gone);
      prev = model::UpdateId{gone->update.header.prev};
    }
  }
  return letters;
}

void World::check_against_rules() {
  Machine& machine = *machines_.front();
  std::vector<Bytes> entries, checkpoints;
  for (auto& [id, statement] : machine.statements('e')) entries.push_back(std::move(statement));
  for (auto& [id, statement] : machine.statements('k')) checkpoints.push_back(std::move(statement));
  const Judge judge{space_, entries, checkpoints, all_letters()};
  if (run_.has_failed()) return;

  const ledger::Ledger& ledger = machine.replica().ledger();
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    for (const ledger::Record* record : ledger.find_log(author)->records()) {
      const auto verdict = ledger.judge(*record);
      run_.count("verdict " + std::to_string(static_cast<int>(verdict)));
      const bool counts = verdict == ledger::Verdict::counts;
      if (counts != record->counts)
        return run_.fail("an update is not treated as judged:", record->id);
      if (counts != judge.counts(record->id))
        return run_.fail("by the rules it",
                         judge.counts(record->id) ? "counts:" : "does not count:", record->id,
                         "verdict", static_cast<int>(verdict));
    }
  }
  check_values(judge, machine);
}

void World::check_values(const Judge& judge, Machine& machine) {
  auto registers = judge.registers(end_);
  auto counters = judge.counters(end_);
  std::vector<std::string> souls;
  (void)machine.replica().souls({}, [&](std::string_view soul) {
    souls.emplace_back(soul);
    return true;
  });
  for (const std::string& soul : souls) {
    const auto node = machine.replica().node(soul);
    if (!node || *node == nullptr) return run_.fail("a node is listed and not there:", soul);
    for (const crdt::Property& property : (*node)->properties()) {
      const Judge::Name name{soul, property.name};
      if (property.value) {
        const auto expected = registers.extract(name);
        const crdt::Register& held = *property.value;
        if (expected.empty() ||
            expected.mapped() != Judge::Register{held.stamp, held.value,
                                                 machine.replica().authors().key(held.author),
                                                 held.seq})
          return run_.fail("a register holds what it should not:", soul, property.name);
      }
      const auto expected = counters.extract(name);
      const std::int64_t sum = property.counter ? property.counter->total().clamped() : 0;
      if (sum != (expected.empty() ? 0 : expected.mapped()))
        return run_.fail("a counter has another sum than its deltas:", soul, property.name);
    }
  }
  std::erase_if(counters, [](const auto& left) { return left.second == 0; });
  if (!registers.empty() || !counters.empty()) run_.fail("something that was written is gone");
}

void World::check_reopened() {
  for (const auto& machine : machines_) {
    machine->crash();
    if (!machine->open())
      return run_.fail("machine", machine->number(), "does not open after its last crash");
    const auto state = machine->replica().canonical_state();
    if (!state || !equal(*state, state_))
      return run_.fail("machine", machine->number(), "opens with another state");
  }
}

// Somebody new who hears everything that ever was there, in another order.
void World::check_new_replica() {
  graph_store::MemoryStore store;
  auto fresh = replica::Replica::open(store, "new/", space_, beginning);
  std::vector<Letter> letters = all_letters();
  for (std::size_t i = letters.size(); i > 1; --i)
    std::swap(letters[i - 1], letters[run_.random.below(i)]);
  auto entries = machines_.front()->statements('e');
  auto checkpoints = machines_.front()->statements('k');
  std::ranges::reverse(checkpoints);
  std::ranges::reverse(entries);
  for (const auto& [id, statement] : checkpoints) (void)(*fresh)->add_checkpoint(statement);
  const std::size_t half = letters.size() / 2;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i == half)
      for (const auto& [id, statement] : entries) (void)(*fresh)->add_entry(statement);
    (void)(*fresh)->add(update::VerifiedUpdate::trusted(letters[i].update), letters[i].certificate);
  }
  for (const auto& [id, statement] : entries) (void)(*fresh)->add_entry(statement);
  for (const auto& [id, statement] : checkpoints) (void)(*fresh)->add_checkpoint(statement);
  if (!(*fresh)->advance(end_)) return run_.fail("a new replica does not come to the end");
  const auto state = (*fresh)->canonical_state();
  if (state && equal(*state, state_)) return;
  note_state("first", machines_.front()->replica());
  note_state("new", **fresh);
  run_.fail("a new replica that hears all in another order has another state");
}

// Somebody new who loads what those have left who took space back.
void World::check_loading() {
  for (const auto& machine : machines_) {
    if (!machine->lets_go()) continue;
    // What was settled may have changed since, as when a chain is another one: until the home's
    // next checkpoint nobody can prove it then.
    const auto spare = machine->replica().find_spare();
    if (!spare) {
      run_.count("spaces to be proved by the next checkpoint");
      continue;
    }
    graph_store::MemoryStore store;
    auto loaded = replica::Replica::open(store, "loaded/", space_, beginning);
    for (const auto& [id, statement] : machine->statements('e'))
      (void)(*loaded)->add_entry(statement);
    for (const auto& [id, statement] : machine->statements('k'))
      (void)(*loaded)->add_checkpoint(statement);
    for (const Letter& letter : letters_of(*machine)) {
      const auto added =
          (*loaded)->add_kept(update::VerifiedUpdate::trusted(letter.update), letter.certificate);
      if (added) continue;
      return run_.fail("machine", machine->number(),
                       "keeps what nobody takes:", letter.update.header.id());
    }
    const auto proved =
        (*loaded)->advance(end_) ? (*loaded)->prove() : Failure{replica::Refusal::store};
    const auto state = (*loaded)->canonical_state();
    if (proved && *proved && state && equal(*state, state_)) {
      run_.count("spaces loaded in the end");
      continue;
    }
    note_state("kept", machine->replica());
    note_state("loaded", **loaded);
    return run_.fail("what machine", machine->number(), "has left",
                     proved && *proved ? "gives another state" : "is not proved");
  }
}

void World::check_stores() {
  Machine& machine = *run_.random.of(machines_);
  const auto findings = machine.replica().verify();
  if (!findings || !findings->empty())
    run_.fail("machine", machine.number(), "finds damage though nothing is damaged");
}

// Nothing is there that its author did not sign.
void World::check_signatures() {
  for (const Letter& letter : letters_of(*machines_.front())) {
    const auto known = run_.verified.find(letter.update.header.id());
    if (known != run_.verified.end() && known->second != nullptr &&
        known->second->update.signature == letter.update.signature)
      continue;
    if (!run_.verifier.verify(letter.update))
      return run_.fail("an update is not signed by its author:", letter.update.header.id());
  }
}

}  // namespace hearth::simulator
