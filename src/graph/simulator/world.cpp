#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/simulator/world.h>

namespace hearth::simulator {

World::World(const Options& options)
    : options_(options), run_(options.seed * 2 + 1, options.on_line) {
  run_.checks_signatures = options.sabotage != Sabotage::unchecked_signature;
  Random& random = run_.random;
  const auto some = [&](std::size_t most) { return random.chance(700) ? random.below(most) : 0; };
  weather_.loss = some(500);
  weather_.duplication = some(300);
  weather_.delays = some(200);
  weather_.damage = some(60);
  for (bool* may : {&weather_.partitions, &weather_.crashes, &weather_.full_disks,
                    &weather_.broken_disks, &weather_.rot, &weather_.skew, &weather_.villain,
                    &weather_.members, &weather_.takeovers, &weather_.checkpoints, &weather_.clones,
                    &weather_.leaps, &weather_.joins, &weather_.reclaims})
    *may = random.chance(600);
  // A takeover may undo the checkpoint below which something was let go: then somebody must have it
  // still. Nothing may happen to that one, and nobody may write a membership log of two branches.
  has_archive_ = random.chance(500);
  if (weather_.reclaims) {
    weather_.checkpoints = true;
    weather_.clones = false;
    (has_archive_ ? weather_.rot : weather_.takeovers) = false;
  }
  if (options.sabotage != Sabotage::none) weather_.crashes = weather_.villain = true;
}

void World::found() {
  Random& random = run_.random;
  const std::size_t count = options_.replicas != 0 ? options_.replicas : 3 + random.below(4);
  // The owner, one for each machine and some for those that join, and two who are up to no good.
  for (std::size_t i = 0; i < count + 5; ++i) people_.push_back(std::make_unique<Persona>(random));
  const Persona& owner = *people_.front();

  update::Entry first;
  first.time = static_cast<std::uint64_t>(beginning.ms);
  update::Found found{.kind = random.chance(200) ? update::SpaceKind::open
                                                 : update::SpaceKind::guarded};
  random.fill(found.nonce);
  first.changes.emplace_back(found);
  first.changes.emplace_back(update::SetRole{owner.id, update::Role::owner, {}});
  for (std::size_t i = 1; i < people_.size(); ++i)
    first.changes.emplace_back(update::SetRole{people_[i]->id, update::Role::writer, {}});
  // The home's key has to be there before the space has a name.
  Machine home{run_, space_, 0, owner};
  first.signer = home.home();
  space_ = model::SpaceId{first.id().value()};
  founding_ = update::sign(first, home.home_key());
  machines_.push_back(std::make_unique<Machine>(run_, space_, 0, owner));
  const Machine::Backup nothing{{}, {}, {}, false};
  machines_.front()->restore(nothing, &home);
  islands_.push_back(0);
  after(random.between(0, 3 * second_ms), [this] { gossip(0); });
  while (machines_.size() < count) join();
  villain_.emplace(
      run_, space_,
      std::vector<const Persona*>{people_[people_.size() - 2].get(), people_.back().get()});
  for (const model::AuthorKey& author : villain_->authors()) careless_.insert(author);
  for (const auto& machine : machines_)
    receive(machine->number(),
            {.updates = {}, .entries = {founding_}, .checkpoints = {}, .is_whole = false});
  if (options_.sabotage == Sabotage::lying_disk) machines_.back()->disk().lie(true);
  if (options_.sabotage == Sabotage::deaf_machine)
    machines_.back()->be_deaf_to(machines_.front()->device().author);
}

void World::join() {
  const std::size_t number = machines_.size();
  const Persona& persona = *people_[number];
  machines_.push_back(std::make_unique<Machine>(run_, space_, number, persona));
  islands_.push_back(0);
  start(number);
  after(run_.random.between(0, 3 * second_ms), [this, number] { gossip(number); });
}

// --- time ---

void World::after(std::int64_t ms, std::function<void()> what) {
  agenda_.emplace(run_.time.ms + ms, std::move(what));
}

void World::pass_until(std::int64_t time_ms) {
  while (!agenda_.empty() && agenda_.begin()->first <= time_ms && !run_.has_failed()) {
    auto next = agenda_.extract(agenda_.begin());
    run_.time.ms = std::max(run_.time.ms, next.key());
    next.mapped()();
  }
  run_.time.ms = time_ms;
}

// --- links ---

bool World::is_linked(std::size_t a, std::size_t b) const {
  return islands_[a] == islands_[b];
}

Machine* World::any_up() {
  std::vector<Machine*> up;
  for (const auto& machine : machines_)
    if (machine->is_up()) up.push_back(machine.get());
  return up.empty() ? nullptr : run_.random.of(up);
}

void World::send(std::size_t from, std::size_t to, Parcel parcel) {
  if (parcel.empty() || !is_linked(from, to)) return;
  Random& random = run_.random;
  run_.count("packets");
  if (random.chance(weather_.loss)) {
    run_.count("packets lost");
    return;
  }
  if (!parcel.updates.empty() && random.chance(weather_.damage)) {
    run_.count("packets damaged");
    LetterPtr& letter = random.of(parcel.updates);
    Letter damaged = *letter;
    switch (random.below(4)) {
      case 0:
        damaged.update.body = std::nullopt;  // no damage: it was dropped, and can be had elsewhere
        break;
      case 1:
        damaged.certificate.push_back(std::byte{0});
        break;
      case 2:
        damaged.update.signature[random.below(64)] ^= std::byte{16};
        break;
      default:
        if (damaged.update.body && !damaged.update.body->empty())
          random.of(*damaged.update.body) ^= std::byte{1};
        break;
    }
    letter = std::make_shared<const Letter>(std::move(damaged));
  }
  std::size_t copies = 1;
  if (random.chance(weather_.duplication)) {
    run_.count("packets doubled");
    ++copies;
  }
  const auto shared = std::make_shared<const Parcel>(std::move(parcel));
  for (std::size_t i = 0; i < copies; ++i) {
    const bool is_late = random.chance(weather_.delays);
    if (is_late) run_.count("packets delayed");
    const std::int64_t takes =
        is_late ? random.between(second_ms, 2 * minute_ms) : random.between(5, 400);
    after(takes, [this, from, to, shared] {
      if (is_linked(from, to)) receive(to, *shared);
    });
  }
}

void World::receive(std::size_t to, const Parcel& parcel) {
  Machine& machine = *machines_[to];
  if (!machine.is_up()) return;
  // A whole space is much, and comes again.
  if (parcel.is_whole && !run_.random.chance(150)) return;
  machine.tick();
  if (!machine.is_up()) {
    start(to);
    return;
  }
  const std::size_t taken = machine.take(parcel);
  if (!machine.is_up()) {
    start(to);
  } else if (taken > 0) {
    run_.note(to, "takes", taken, "updates", parcel.updates.size());
    plan_flush(to);
  }
}

// Both ways: what one says it has, and what the other has beyond it. The greeting is small, and
// taken as heard; it may be heard late.
void World::gossip(std::size_t from) {
  after(run_.random.between(2 * second_ms, 8 * second_ms), [this, from] { gossip(from); });
  const std::size_t to = run_.random.below(machines_.size());
  if (to == from || !is_linked(from, to)) return;
  meet(from, to);
  meet(to, from);
}

void World::meet(std::size_t from, std::size_t to) {
  if (!machines_[from]->is_up() || run_.random.chance(weather_.loss)) return;
  const auto greeting = std::make_shared<const Greeting>(machines_[from]->greet());
  after(run_.random.between(5, 400), [this, from, to, greeting] {
    Machine& machine = *machines_[to];
    if (!machine.is_up() || !is_linked(from, to)) return;
    Parcel parcel = machine.answer(*greeting, 40);
    if (!machine.is_up()) start(to);
    send(to, from, std::move(parcel));
  });
}

// --- machines ---

// Now, or when the disk lets it.
void World::start(std::size_t number) {
  Machine& machine = *machines_[number];
  if (machine.is_up()) return;
  if (!machine.open())
    after(run_.random.between(second_ms, 20 * second_ms), [this, number] { start(number); });
}

void World::plan_flush(std::size_t number) {
  if (!flushing_.insert(number).second) return;
  after(run_.random.between(1, 80), [this, number] { flush(number); });
}

void World::flush(std::size_t number) {
  flushing_.erase(number);
  Machine& machine = *machines_[number];
  if (!machine.is_up()) return;
  machine.tick();
  if (!machine.is_up() || !machine.flush()) {
    start(number);
    return;
  }
  const Parcel news = machine.take_news();
  for (std::size_t to = 0; to < machines_.size(); ++to)
    if (to != number) send(number, to, news);
}

Outcome World::live() {
  found();
  const std::size_t steps = options_.steps != 0 ? options_.steps : 100 + run_.random.below(400);
  for (std::size_t step = 0; step < steps && !run_.has_failed(); ++step) {
    pass_until(run_.time.ms + run_.random.between(0, 1500));
    if (!run_.has_failed()) act();
  }
  if (!run_.has_failed()) settle();
  run_.count("runs");
  return {.failure = run_.failure(),
          .tail = {run_.tail().begin(), run_.tail().end()},
          .trace_hash = run_.trace_hash(),
          .state = state_,
          .totals = run_.totals};
}

Outcome simulate(const Options& options) {
  World world{options};
  return world.live();
}

}  // namespace hearth::simulator
