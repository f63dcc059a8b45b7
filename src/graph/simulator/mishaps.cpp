// What befalls the machines while they live.

#include <algorithm>
#include <tuple>
#include <utility>

#include <hearth/simulator/world.h>

namespace hearth::simulator {

using graph_store::FaultyStore;

void World::act() {
  const Weather& may = weather_;
  const std::vector<std::tuple<std::size_t, bool, void (World::*)()>> all{
      {60, true, &World::edit},
      {6, may.crashes, &World::crash},
      {3, may.full_disks, &World::fill_disk},
      {3, may.broken_disks, &World::break_disk},
      {2, may.rot, &World::rot},
      {4, may.partitions, &World::divide},
      {3, may.skew, &World::skew},
      {16, may.villain, &World::be_hostile},
      {5, may.members, &World::change_members},
      {1, may.takeovers, &World::take_over},
      {4, may.checkpoints, &World::checkpoint},
      {2, may.leaps, &World::leap},
      {6, may.reclaims, &World::reclaim},
      {3, true, &World::write_anew},
      {1, may.joins, &World::join},
      {2, may.clones, &World::back_up},
      {1, may.clones, &World::restore},
  };
  std::size_t sum = 0;
  for (const auto& [weight, is_on, what] : all) sum += is_on ? weight : 0;
  std::size_t drawn = run_.random.below(sum);
  for (const auto& [weight, is_on, what] : all) {
    if (!is_on) continue;
    if (drawn < weight) {
      if (what == &World::join && machines_.size() == people_.size() - 2) return edit();
      return (this->*what)();
    }
    drawn -= weight;
  }
}

void World::edit() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  machine->edit();
  if (machine->is_up()) {
    plan_flush(machine->number());
  } else {
    start(machine->number());
  }
}

void World::crash() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  run_.note(machine->number(), "loses power");
  // Best just after it wrote.
  if (run_.random.chance(700)) machine->edit();
  if (machine->is_up() && run_.random.chance(300)) (void)machine->replica().commit();
  machine->crash();
  const std::size_t number = machine->number();
  after(run_.random.between(0, 30 * second_ms), [this, number] { start(number); });
}

void World::fill_disk() {
  Machine& machine = *run_.random.of(machines_);
  run_.count("disks filled");
  run_.note(machine.number(), "has little space left");
  machine.disk().set_capacity(machine.disk().size_bytes() + 1 + run_.random.below(4000));
  after(run_.random.between(second_ms, minute_ms), [&machine] { machine.heal_disk(); });
}

void World::break_disk() {
  Machine& machine = *run_.random.of(machines_);
  run_.count("disks broken");
  const bool all = run_.random.chance(500);
  run_.note(machine.number(), all ? "has no disk" : "cannot write");
  machine.disk().fail(all ? FaultyStore::Failing::everything : FaultyStore::Failing::writes);
  after(run_.random.between(second_ms, minute_ms), [&machine] { machine.heal_disk(); });
}

void World::rot() {
  const std::size_t number = run_.random.below(machines_.size());
  if (run_.random.chance(400)) {
    machines_[number]->rot_silently();
    start(number);
    return;
  }
  machines_[number]->rot();
  after(run_.random.between(second_ms, minute_ms), [this, number] {
    machines_[number]->heal_disk();
    machines_[number]->scrub();
    start(number);
  });
}

void World::divide() {
  run_.count("partitions");
  const std::size_t count = 2 + run_.random.below(2);
  std::string islands;
  for (std::size_t& island : islands_) {
    island = run_.random.below(count);
    islands += std::to_string(island);
  }
  run_.note("islands", islands);
  after(run_.random.between(second_ms, 3 * minute_ms), [this] {
    std::ranges::fill(islands_, 0);
    run_.note("no islands");
  });
}

void World::skew() {
  Random& random = run_.random;
  Machine& machine = *random.of(machines_);
  // A home's time is what its space goes by, so that homes are seldom far off.
  const bool is_home = machine.is_up() && !machine.replica().ledger().membership.empty() &&
                       machine.replica().ledger().membership.home() == machine.home();
  std::int64_t error = 0;
  switch (random.below(is_home && !random.chance(30) ? 2 : 4)) {
    case 0:
      break;
    case 1:
      error = random.between(-2 * minute_ms, 2 * minute_ms);
      break;
    case 2:
      error = random.between(-60 * day_ms, 60 * day_ms);
      break;
    default:
      error = random.between(-20, 20) * year_ms;
      break;
  }
  run_.count("clocks set");
  run_.note(machine.number(), "has a clock that is off by", error);
  machine.set_clock_error(error);
  if (!machine.is_up()) return;
  machine.tick();
  start(machine.number());
}

void World::be_hostile() {
  Machine* seen = any_up();
  if (seen == nullptr) return;
  for (Parcel& parcel : villain_->act(seen->replica()))
    for (std::size_t copies = 1 + run_.random.below(2); copies > 0; --copies)
      receive(run_.random.below(machines_.size()), parcel);
  for (const model::AuthorKey& author : villain_->authors()) careless_.insert(author);
}

// --- members ---

update::Position World::any_position(Machine& home, const model::AuthorKey& author) {
  const ledger::Ledger& ledger = home.replica().ledger();
  const auto number = ledger.authors.find(author);
  const ledger::AuthorLog* log = number ? ledger.find_log(*number) : nullptr;
  if (log == nullptr || log->size() == 0 || run_.random.chance(100)) return {.author = author};
  auto records = log->records();
  // Mostly what it last saw.
  const ledger::Record* record = run_.random.chance(600) ? run_.random.of(records) : records.back();
  return {.author = author, .seq = record->seq, .id = record->id};
}

update::MemberChange World::any_change(Machine& home) {
  Random& random = run_.random;
  const Persona& persona = *people_[1 + random.below(people_.size() - 1)];
  const ledger::Ledger& ledger = home.replica().ledger();
  const auto authors = ledger.authors_by_key();
  std::vector<model::AuthorKey> theirs, all;
  for (const crdt::AuthorNumber author : authors) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    all.push_back(ledger.authors.key(author));
    if (log.root(log.head()->root).persona == persona.id) theirs.push_back(all.back());
  }
  switch (random.below(all.empty() ? 4 : 8)) {
    case 0:
    case 1:
      run_.count("members let in");
      return update::SetRole{persona.id, update::Role::writer, {}};
    case 2:
    case 3: {
      run_.count("members removed");
      update::SetRole removal{
          persona.id, random.chance(300) ? update::Role::reader : update::Role::none, {}};
      for (const model::AuthorKey& author : theirs)
        if (random.chance(800)) removal.cuts.push_back(any_position(home, author));
      return removal;
    }
    case 4: {
      run_.count("devices ended");
      return update::EndAuthor{any_position(home, random.of(all))};
    }
    case 5: {
      // The new one may not know of the last checkpoint, and undo it.
      if (weather_.reclaims && !has_archive_)
        return update::SetRole{persona.id, update::Role::writer, {}};
      run_.count("homes handed over");
      return update::SetHome{random.of(machines_)->home()};
    }
    default: {
      run_.count("branches named");
      std::vector<model::AuthorKey> forked;
      for (const crdt::AuthorNumber author : authors)
        if (ledger.find_log(author)->is_forked()) forked.push_back(ledger.authors.key(author));
      return update::NameBranch{
          any_position(home, forked.empty() ? random.of(all) : random.of(forked))};
    }
  }
}

void World::change_members() {
  for (const auto& machine : machines_) {
    if (!machine->is_up() || machine->replica().ledger().membership.empty() ||
        machine->replica().ledger().membership.home() != machine->home())
      continue;
    machine->change_members({any_change(*machine)}, nullptr);
    if (machine->is_up()) {
      plan_flush(machine->number());
    } else {
      start(machine->number());
    }
  }
}

void World::take_over() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  if (!machine->change_members({update::SetHome{machine->home()}}, people_.front().get())) {
    start(machine->number());
    return;
  }
  run_.count("takeovers");
  plan_flush(machine->number());
}

// A checkpoint needs one branch of each author: the home names it first.
void World::name_branches(Machine& home) {
  const ledger::Ledger& ledger = home.replica().ledger();
  std::vector<update::MemberChange> names;
  for (const crdt::AuthorNumber author : ledger.authors_by_key()) {
    const ledger::AuthorLog& log = *ledger.find_log(author);
    auto records = log.records();
    std::erase_if(records, [](const ledger::Record* record) { return !record->counts; });
    if (!log.is_forked() || records.empty()) continue;
    const ledger::Record* named =
        run_.random.chance(800) ? records.back() : run_.random.of(records);
    names.emplace_back(update::NameBranch{{ledger.authors.key(author), named->seq, named->id}});
  }
  if (names.empty()) return;
  run_.count("branches named", names.size());
  home.change_members(std::move(names), nullptr);
}

void World::checkpoint() {
  for (const auto& machine : machines_) {
    if (!machine->is_up() || machine->replica().ledger().membership.empty() ||
        machine->replica().ledger().membership.home() != machine->home())
      continue;
    name_branches(*machine);
    if (machine->is_up() && machine->checkpoint())
      latest_checkpoint_ms_ = std::max(latest_checkpoint_ms_, machine->replica().now().ms);
    if (machine->is_up()) {
      plan_flush(machine->number());
    } else {
      start(machine->number());
    }
  }
}

void World::leap() {
  run_.count("leaps");
  const std::int64_t days = run_.random.between(1, 40);
  run_.note(days, "days pass");
  // Nobody is there; what was under way arrives.
  pass_until(run_.time.ms + 2 * minute_ms);
  run_.time.ms += days * day_ms;
  std::multimap<std::int64_t, std::function<void()>> later;
  for (auto& [at, what] : agenda_) later.emplace(at + days * day_ms, std::move(what));
  agenda_ = std::move(later);
}

void World::reclaim() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  if (has_archive_) {
    // It must have, on its disk, what somebody else lets go of.
    Machine& archive = *machines_.front();
    if (machine == &archive || !archive.is_up() || machine->replica().status().unproved) return;
    const auto last = [](Machine& of) {
      const std::size_t purged = of.replica().status().purged_checkpoints;
      return purged == 0 ? model::CheckpointId{}
                         : of.replica().ledger().checkpoints.chain()[purged - 1].id;
    };
    if (last(archive) != last(*machine)) return;
    if (!archive.flush()) {
      start(0);
      return;
    }
  }
  machine->reclaim();
  // Some of it was written, some not.
  if (machine->is_up() && run_.random.chance(300)) {
    run_.note(machine->number(), "loses power letting go");
    machine->crash();
  } else if (machine->is_up()) {
    plan_flush(machine->number());
    return;
  }
  const std::size_t number = machine->number();
  after(run_.random.between(0, 30 * second_ms), [this, number] { start(number); });
}

void World::write_anew() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  machine->write_anew(1 + run_.random.below(4));
  if (machine->is_up()) {
    plan_flush(machine->number());
  } else {
    start(machine->number());
  }
}

void World::back_up() {
  Machine* machine = any_up();
  if (machine == nullptr) return;
  if (auto backup = machine->back_up()) {
    run_.note(machine->number(), "is backed up");
    backups_.push_back(std::move(*backup));
    backed_up_.push_back(machine->number());
    if (backups_.size() > 4) {
      backups_.erase(backups_.begin());
      backed_up_.erase(backed_up_.begin());
    }
  }
  start(machine->number());
}

void World::restore() {
  if (backups_.empty()) return;
  const std::size_t which = run_.random.below(backups_.size());
  const std::size_t of = backed_up_[which];
  run_.count("backups restored");
  if (run_.random.chance(400)) {
    // As it should be: the machine takes new keys.
    run_.note(of, "is restored");
    machines_[of]->restore(backups_[which], nullptr);
    start(of);
    return;
  }
  // The same keys in an older life, or on two machines: they will fork.
  const std::size_t onto = run_.random.chance(500) ? of : run_.random.below(machines_.size());
  run_.count("keys used twice");
  run_.note(onto, "is restored with the keys of", of);
  careless_.insert(machines_[of]->device().author);
  machines_[onto]->restore(backups_[which], machines_[of].get());
  start(onto);
}

}  // namespace hearth::simulator
