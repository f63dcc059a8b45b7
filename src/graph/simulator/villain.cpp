#include <array>
#include <string>

#include <hearth/codec/cbor.h>
#include <hearth/simulator/villain.h>
#include <hearth/update/body.h>
#include <hearth/update/checkpoint.h>

namespace hearth::simulator {

Villain::Villain(Run& run, const model::SpaceId& space, const std::vector<const Persona*>& insiders)
    : run_(run), space_(space), insiders_(insiders) {
  for (const Persona* insider : insiders)
    for (int device = 0; device < 2; ++device) hands_.push_back({Device{*insider, run.random}, {}});
  hands_.push_back({Device{run.random}, {}});                       // a stranger
  hands_.push_back({Device{Persona{run.random}, run.random}, {}});  // with a persona nobody knows
  for (const Hand& hand : hands_) authors_.push_back(hand.device.author);
  for (std::size_t i = hands_.size() - 2; i < hands_.size(); ++i)
    run.strangers.insert(hands_[i].device.author);
}

Villain::Hand Villain::new_stranger() {
  Hand hand{Device{run_.random}, {}};
  authors_.push_back(hand.device.author);
  run_.strangers.insert(hand.device.author);
  return hand;
}

std::vector<Parcel> Villain::act(const replica::Replica& seen) {
  run_.count("hostile acts");
  const std::size_t kind = run_.random.below(23);
  if (kind < 6) return fork(seen);
  if (kind < 8) return {bad_body(seen)};
  if (kind < 11) return {bad_time(seen)};
  if (kind < 12) return {bad_signature(seen)};
  if (kind < 13) return {bad_space(seen)};
  if (kind < 14) return {bad_certificate(seen)};
  if (kind < 16) return {out_of_nowhere(seen)};
  if (kind < 18) return {bad_entry(seen)};
  if (kind < 19) return {bad_checkpoint(seen)};
  if (kind < 22) return {rubbish_of_strangers(seen)};
  // As a member would, perhaps under a right that is gone.
  return {alone(make(any_hand(), seen, {.membership = any_entry(seen)}))};
}

Villain::Hand& Villain::any_hand() {
  return run_.random.of(hands_);
}

const Villain::Made* Villain::last_of(const Hand& hand) const {
  return hand.made.empty() ? nullptr : &hand.made.back();
}

Parcel Villain::alone(LetterPtr letter) {
  return {.updates = {std::move(letter)}, .entries = {}, .checkpoints = {}, .is_whole = false};
}

// Of the chain as that replica has it, any.
model::EntryId Villain::any_entry(const replica::Replica& seen) {
  const auto& membership = seen.ledger().membership;
  if (membership.empty()) return {};
  const update::Entry& head = membership.head_entry();
  switch (run_.random.below(3)) {
    case 0:
      return model::EntryId{space_.value()};
    case 1:
      return head.prev.value_or(membership.head());
    default:
      return membership.head();
  }
}

Bytes Villain::body_of(const Device& device, std::optional<model::Stamp> stamp) {
  Random& random = run_.random;
  update::Body body{.state = stamp.value_or(model::Stamp::at(run_.time))};
  for (const Hand& hand : hands_)
    if (hand.device.author != device.author) body.authors.push_back(hand.device.author);
  const std::array<std::string, 5> souls{"a", "b", "c", "d", "e"};
  update::Change change{.soul = random.of(souls), .operations = {}};
  const std::string property(1, static_cast<char>('p' + random.below(3)));
  const auto any_id = [&] {
    update::Id id;
    id.author = static_cast<std::uint32_t>(random.below(body.authors.size() + 1));
    id.seq = 1 + random.below(random.chance(100) ? 1000 : 12);
    id.index = static_cast<std::uint32_t>(random.below(6));
    return id;
  };
  for (std::size_t count = 1 + random.below(3); count > 0; --count) {
    const double number = static_cast<double>(random.below(5));
    switch (random.below(6)) {
      case 0:
        change.operations.emplace_back(update::Exclude{property, number, {any_id()}});
        break;
      case 1:
        change.operations.emplace_back(update::Erase{property, {{.first = any_id(), .count = 2}}});
        break;
      case 2:
        change.operations.emplace_back(update::Include{property, number, {{"f", number}}});
        break;
      case 3:
        change.operations.emplace_back(
            update::Insert{property, any_id(), update::Side::left, {number}});
        break;
      case 4:
        change.operations.emplace_back(update::Add{property, 1});
        break;
      default:
        change.operations.emplace_back(update::Put{property, number});
        break;
    }
  }
  body.changes.push_back(std::move(change));
  return body.encode();
}

LetterPtr Villain::make(Hand& hand, const replica::Replica& seen, const Wish& wish) {
  const Made* parent = wish.parent != nullptr ? wish.parent : last_of(hand);
  Letter letter;
  letter.update.body = wish.body ? *wish.body : body_of(hand.device, wish.stamp);
  letter.update.header = {
      .space = space_,
      .author = hand.device.author,
      .seq = parent == nullptr ? 1 : parent->seq + 1,
      .prev = parent == nullptr ? update::hash_of(hand.device.certificate) : parent->id.value(),
      .membership = wish.membership
                        ? *wish.membership
                        : (seen.ledger().membership.empty() ? model::EntryId{}
                                                            : seen.ledger().membership.head()),
      .bytes = (parent == nullptr ? 0 : parent->bytes) + letter.update.body->size() +
               wish.too_many_bytes,
      .body = update::hash_of(*letter.update.body)};
  letter.update.signature = update::sign(letter.update.header, hand.device.key);
  if (parent == nullptr) letter.certificate = hand.device.certificate;
  const update::Header& header = letter.update.header;
  hand.made.push_back({header.seq, header.id(), header.bytes});
  run_.note("villain makes", header.author, header.seq, header.id());
  return std::make_shared<const Letter>(std::move(letter));
}

std::vector<Parcel> Villain::fork(const replica::Replica& seen) {
  run_.count("forks made");
  Hand& hand = any_hand();
  std::optional<Made> parent;
  if (!hand.made.empty() && run_.random.chance(900)) parent = run_.random.of(hand.made);
  // Nine are one too many.
  const std::size_t branches = run_.random.chance(100) ? 10 : 2;
  std::vector<Parcel> parcels;
  for (std::size_t i = 0; i < branches; ++i) {
    if (!parent) hand.made.clear();  // another beginning
    Wish wish;
    if (parent) wish.parent = &*parent;
    parcels.push_back(alone(make(hand, seen, wish)));
  }
  return parcels;
}

Parcel Villain::bad_body(const replica::Replica& seen) {
  run_.count("bodies of rubbish");
  Random& random = run_.random;
  Hand& hand = any_hand();
  if (random.chance(300)) return alone(make(hand, seen, {.too_many_bytes = 1}));
  Bytes body(random.chance(20) ? update::max_body_size + 1 : 1 + random.below(400));
  if (body.size() < 1000) random.fill(body);
  // Of a later version: kept, and without effect.
  if (random.chance(200))
    body = codec::CborWriter{}
               .array(5)
               .uint(1)
               .uint(static_cast<std::uint64_t>(run_.time.ms))
               .null()
               .array(0)
               .array(1)
               .array(2)
               .text("a")
               .array(1)
               .array(1)
               .uint(20)
               .take();
  return alone(make(hand, seen, {.body = std::move(body)}));
}

Parcel Villain::bad_time(const replica::Replica& seen) {
  run_.count("stamps from elsewhen");
  Random& random = run_.random;
  double ms = static_cast<double>(run_.time.ms);
  switch (random.below(5)) {
    case 0:
      ms = model::Stamp::highest;
      break;
    case 1:
      ms += 10.0 * static_cast<double>(year_ms);
      break;
    case 2:
      ms += static_cast<double>(random.below(20)) * static_cast<double>(minute_ms);
      break;
    case 3:
      ms -= static_cast<double>(random.below(60)) * static_cast<double>(day_ms);
      break;
    default:
      ms = 0;
      break;
  }
  return alone(make(any_hand(), seen, {.stamp = model::Stamp::create(ms)}));
}

Parcel Villain::bad_signature(const replica::Replica& seen) {
  run_.count("forged updates");
  Hand& hand = any_hand();
  const std::vector<Made> made = hand.made;
  Letter letter = *make(hand, seen, {});
  hand.made = made;
  const std::size_t where = run_.random.below(3);
  if (where == 0) letter.update.signature[run_.random.below(64)] ^= std::byte{1};
  if (where == 1) letter.update.header.bytes += 1;
  if (where == 2) letter.update.body->back() ^= std::byte{1};
  return alone(std::make_shared<const Letter>(std::move(letter)));
}

Parcel Villain::bad_space(const replica::Replica& seen) {
  run_.count("updates of another space");
  Hand& hand = any_hand();
  const std::vector<Made> made = hand.made;
  Letter letter = *make(hand, seen, {});
  hand.made = made;
  letter.update.header.space = model::SpaceId{run_.random.array<32>()};
  letter.update.signature = update::sign(letter.update.header, hand.device.key);
  return alone(std::make_shared<const Letter>(std::move(letter)));
}

// One that was made out to another, or none where there is one.
Parcel Villain::bad_certificate(const replica::Replica& seen) {
  run_.count("replayed certificates");
  Hand hand = new_stranger();
  hand.device.certificate = any_hand().device.certificate;
  return alone(make(hand, seen, {}));
}

// What it follows nobody has: room for it is bounded.
Parcel Villain::out_of_nowhere(const replica::Replica& seen) {
  run_.count("floods");
  Hand hand = new_stranger();
  Parcel parcel;
  for (std::size_t i = 0; i < 8; ++i) {
    const Made parent{1 + run_.random.below(1000), model::UpdateId{run_.random.array<32>()}, 0};
    parcel.updates.push_back(make(hand, seen, {.parent = &parent}));
  }
  if (run_.random.chance(500))
    parcel.updates.push_back(
        make(any_hand(), seen, {.membership = model::EntryId{run_.random.array<32>()}}));
  return parcel;
}

// Signed well, in order, and without end: who may not write must not fill a disk.
Parcel Villain::rubbish_of_strangers(const replica::Replica& seen) {
  run_.count("floods by strangers");
  Random& random = run_.random;
  Hand nobody = new_stranger();
  Hand& hand = random.chance(500) ? nobody : hands_[hands_.size() - 1 - random.below(2)];
  Parcel parcel;
  for (std::size_t count = 4 + random.below(30); count > 0; --count) {
    Wish wish;
    if (random.chance(300)) wish.body = Bytes(random.below(8000));
    parcel.updates.push_back(make(hand, seen, wish));
  }
  return parcel;
}

Parcel Villain::bad_entry(const replica::Replica& seen) {
  run_.count("entries by those who may not");
  Random& random = run_.random;
  const auto& membership = seen.ledger().membership;
  Parcel parcel;
  if (membership.empty()) return parcel;
  const Device& device = any_hand().device;
  const Persona& insider = *random.of(insiders_);
  const bool by_persona = random.chance(500);
  const crypto::Ed25519PrivateKey& key = by_persona ? insider.key : device.key;
  const update::Entry& head = membership.head_entry();
  update::Entry entry{.space = space_,
                      .term = head.term + random.below(3),
                      .seq = head.seq + 1,
                      .prev = membership.head(),
                      .time = head.time,
                      .signer = update::author_of(key.public_key())};
  if (random.chance(200)) entry.prev = model::EntryId{random.array<32>()};
  entry.changes.emplace_back(update::SetHome{device.author});
  entry.changes.emplace_back(update::SetRole{insider.id, update::Role::owner, {}});
  Bytes statement = update::sign(entry, key);
  // Or in the home's name.
  if (random.chance(300)) {
    entry.signer = membership.home();
    statement = update::sign(entry, key);
  }
  parcel.entries.push_back(std::move(statement));
  return parcel;
}

Parcel Villain::bad_checkpoint(const replica::Replica& seen) {
  run_.count("checkpoints by those who may not");
  const auto& ledger = seen.ledger();
  Parcel parcel;
  if (ledger.membership.empty()) return parcel;
  const auto& chain = ledger.checkpoints.chain();
  update::Checkpoint checkpoint{.space = space_,
                                .number = chain.size() + 1,
                                .membership = ledger.membership.head(),
                                .time = static_cast<std::uint64_t>(run_.time.ms + year_ms)};
  if (!chain.empty()) checkpoint.prev = chain.back().id;
  parcel.checkpoints.push_back(update::sign(checkpoint, any_hand().device.key));
  return parcel;
}

}  // namespace hearth::simulator
