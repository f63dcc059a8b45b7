#pragma once
// For tests: several replicas of one space, people who do anything with them, and messages that
// arrive in any order, twice, or late. What happens is read from bytes, so that a fuzzer can say
// it.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/codec/cbor.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/replica/replica.h>
#include <hearth/update/signing.h>

namespace hearth::replica::testing {

/// Choices out of bytes; the first when there are none left. No two in one call's arguments: their
/// order would be the compiler's.
class Choices {
 public:
  explicit Choices(BytesView input) : reader_(input) {}
  [[nodiscard]] bool empty() const { return reader_.empty(); }
  std::uint8_t byte() { return reader_.u8().value_or(0); }
  std::size_t below(std::size_t bound) {
    if (bound <= 1) return 0;
    const std::size_t high = bound > 256 ? std::size_t{byte()} * 256 : 0;
    return (high + byte()) % bound;
  }

 private:
  Reader reader_;
};

/// What to choose from, the same for the same seed.
[[nodiscard]] inline Bytes noise(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random{seed};
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// A key that is the same in every run.
[[nodiscard]] inline crypto::Ed25519PrivateKey key_of(std::uint8_t number) {
  const std::array<std::byte, 32> seed{std::byte{number}, std::byte{0x68}};
  return *crypto::Ed25519PrivateKey::from_seed(seed);
}

[[nodiscard]] inline model::PersonaKey persona_of(const crypto::Ed25519PrivateKey& key) {
  return model::PersonaKey{update::author_of(key.public_key()).value()};
}

/// A device certificate as docs/protocol/identity.md has it, signed by the persona.
[[nodiscard]] inline Bytes certificate_of(const crypto::Ed25519PrivateKey& persona,
                                          const crypto::Ed25519PrivateKey& device) {
  const Bytes payload = codec::CborWriter{}
                            .array(6)
                            .uint(1)
                            .bytes(persona.public_key().bytes())
                            .bytes(device.public_key().bytes())
                            .text("cli")
                            .uint(1'763'731'139)
                            .bytes({})
                            .take();
  const auto signature = persona.sign(update::labelled("hearth/device-certificate", payload));
  return codec::CborWriter{}.array(2).bytes(payload).bytes(signature).take();
}

/// One that may be carried to any replica, any number of times.
struct Message {
  enum class Kind : std::uint8_t { update, entry, checkpoint };
  Kind kind = Kind::update;
  update::Update update;
  Bytes bytes;  // the statement, or the update's certificate
};

inline constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
inline constexpr Timestamp beginning{.ms = 1'763'731'139'000};

/// A space with a home, an owner and a few devices, one of which belongs to a persona apart.
struct Space {
  crypto::Ed25519PrivateKey owner = key_of(1);
  crypto::Ed25519PrivateKey home = key_of(2);
  std::vector<crypto::Ed25519PrivateKey> personas;  // one per device
  std::vector<crypto::Ed25519PrivateKey> devices;
  std::vector<Bytes> certificates;
  update::Entry first;
  model::SpaceId id;

  explicit Space(std::size_t count, update::SpaceKind kind = update::SpaceKind::guarded) {
    first.time = static_cast<std::uint64_t>(beginning.ms);
    first.signer = update::author_of(home.public_key());
    first.changes.push_back(update::Found{.kind = kind, .nonce = {}});
    first.changes.push_back(update::SetRole{persona_of(owner), update::Role::owner, {}});
    for (std::size_t i = 0; i < count; ++i) {
      personas.push_back(key_of(static_cast<std::uint8_t>(10 + i)));
      devices.push_back(key_of(static_cast<std::uint8_t>(100 + i)));
      certificates.push_back(certificate_of(personas.back(), devices.back()));
      first.changes.push_back(update::SetRole{persona_of(personas[i]), update::Role::writer, {}});
    }
    id = model::SpaceId{first.id().value()};
  }
  [[nodiscard]] Message founding() const {
    return {.kind = Message::Kind::entry, .update = {}, .bytes = update::sign(first, home)};
  }
};

inline void deliver(Replica& replica, const Message& message) {
  switch (message.kind) {
    case Message::Kind::update:
      (void)replica.add(update::VerifiedUpdate::trusted(message.update), message.bytes);
      break;
    case Message::Kind::entry:
      (void)replica.add_entry(message.bytes);
      break;
    case Message::Kind::checkpoint:
      (void)replica.add_checkpoint(message.bytes);
      break;
  }
}

/// A replica with its store.
struct Place {
  std::unique_ptr<graph_store::MemoryStore> store = std::make_unique<graph_store::MemoryStore>();
  std::unique_ptr<Replica> replica;
  Options options;

  Place(const model::SpaceId& space, Timestamp now, const Options& with = {}) : options(with) {
    replica = std::move(*Replica::open(*store, "s/", space, now, options));
  }
  /// Commits, forgets everything in memory, and loads.
  void reopen(Timestamp now) {
    HEARTH_ASSERT(replica->commit());
    fall_and_rise(now);
  }
  /// What wasn't committed is lost.
  void fall_and_rise(Timestamp now) {
    const model::SpaceId space = replica->ledger().membership.space();
    replica = std::move(*Replica::open(*store, "s/", space, now, options));
  }
};

class World {
 public:
  static constexpr std::size_t device_count = 4;

  /// With `an_honest_home`, one place alone writes entries and checkpoints, nobody takes over, few
  /// fork, and all take space back.
  explicit World(Choices& choices, bool an_honest_home = false)
      : choices_(choices), space_(device_count), honest_(an_honest_home) {
    const std::size_t count = 3 + choices_.below(3);
    for (std::size_t i = 0; i < count; ++i) {
      places_.emplace_back(space_.id, beginning, Options{.purge_in_steps = i % 2 == 1});
      deliver(*places_.back().replica, space_.founding());
    }
    messages_.push_back(space_.founding());
  }

  void run(std::size_t max_steps) {
    for (std::size_t step = 0; step < max_steps && !choices_.empty(); ++step) {
      act();
      for (Place& place : places_) HEARTH_ASSERT(place.replica->sweep(1));
    }
  }

  /// Everything reaches everyone, each in another order, and somebody new. All have the same bytes,
  /// before and after they were loaded anew.
  void settle() {
    places_.emplace_back(space_.id, beginning);
    std::vector<Bytes> states;
    const Timestamp end{.ms = now_.ms + 3 * day_ms};
    for (Place& place : places_) {
      std::vector<std::size_t> order(messages_.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      shuffle(order);
      for (const std::size_t i : order) deliver(*place.replica, messages_[i]);
      HEARTH_ASSERT(place.replica->advance(end));
      states.push_back(*place.replica->canonical_state());
      place.reopen(end);
      HEARTH_ASSERT(equal(*place.replica->canonical_state(), states.back()));
      HEARTH_ASSERT(equal(states.back(), states.front()));
    }
    state_ = states.front();
  }

  /// How often each verdict was given in the end.
  void count_verdicts(std::map<ledger::Verdict, std::size_t>& counts) {
    Replica& replica = *places_.front().replica;
    for (const crdt::AuthorNumber author : replica.ledger().authors_by_key())
      for (const ledger::Record* record : replica.ledger().find_log(author)->records())
        ++counts[replica.ledger().judge(*record)];
  }
  [[nodiscard]] const Bytes& state() const { return state_; }
  struct Reclaimed {
    std::size_t dropped = 0;             // updates
    std::size_t times = 0, refused = 0;  // refused: others' digests were not ours
  };
  [[nodiscard]] const Reclaimed& reclaimed() const { return reclaimed_; }
  [[nodiscard]] std::vector<Place>& places() { return places_; }
  [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }

 private:
  static constexpr std::array souls{"a", "b", "c"};
  static constexpr std::array properties{"p", "q"};

  Place& any_place() { return places_[choices_.below(places_.size())]; }
  Place& home() { return honest_ ? places_.front() : any_place(); }
  // Anybody at any replica: a device at two of them forks.
  Place& place_of(std::size_t device) {
    if (!honest_ || choices_.below(200) == 1) return any_place();
    return places_[device % places_.size()];
  }

  // Of a seed from the choices: the order matters to what is tested, not to what happens.
  void shuffle(std::vector<std::size_t>& order) {
    std::uint64_t state = seed_ += 0x9e3779b97f4a7c15;
    for (std::size_t i = order.size(); i > 1; --i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      std::swap(order[i - 1], order[(state >> 33) % i]);
    }
  }

  void act() {
    const std::size_t action = choices_.below(64);
    if (action < 32) {
      edit();
    } else if (action < 40) {
      make_up();
    } else if (action < 52) {
      carry(1 + choices_.below(12));
    } else if (action < 56) {
      now_.ms += static_cast<std::int64_t>(choices_.below(60'000));
    } else if (action < 57) {
      now_.ms += static_cast<std::int64_t>(1 + choices_.below(40)) * day_ms;
    } else if (action < 60) {
      change_members();
    } else if (action < 61) {
      honest_ ? reclaim() : take_over();
    } else if (action < 62) {
      checkpoint();
    } else if (action < 63) {
      any_place().reopen(now_);
    } else {
      HEARTH_ASSERT(any_place().replica->set_back({.ms = now_.ms - day_ms}));
    }
  }

  void edit() {
    const std::size_t device = choices_.below(device_count);
    Replica& replica = *place_of(device).replica;
    const auto& key = space_.devices[device];
    Timestamp now = now_;
    const std::size_t skew = choices_.below(16);
    if (skew == 0) now.ms += static_cast<std::int64_t>(choices_.below(256)) * 1000;
    if (skew == 1) now.ms += 3650 * day_ms;
    if (skew == 2) now.ms -= static_cast<std::int64_t>(choices_.below(50)) * day_ms;
    // A wrong clock stamps the update; the replica shows what is due by the right one.
    auto draft = replica.draft(update::author_of(key.public_key()), now_);
    HEARTH_ASSERT(draft);
    const std::size_t edits = 1 + choices_.below(4);
    for (std::size_t i = 0; i < edits; ++i) edit(*draft, replica);
    if (skew <= 2) draft->restamp(*model::Stamp::create(static_cast<double>(now.ms)));
    const auto update = replica.write(*draft, key, space_.certificates[device]);
    if (!update) {
      HEARTH_ASSERT(update.error() == Refusal::nothing || update.error() == Refusal::not_allowed ||
                    update.error() == Refusal::outranked);
      return;
    }
    messages_.push_back(
        {.kind = Message::Kind::update, .update = *update, .bytes = space_.certificates[device]});
  }

  model::Value any_value() {
    switch (choices_.below(6)) {
      case 0:
        return model::Null{};
      case 1:
        return choices_.below(2) == 1;
      case 2:
        return model::Link{souls[choices_.below(souls.size())]};
      case 3:
        return to_bytes("x");
      case 4:
        return std::string(1, static_cast<char>('a' + choices_.below(4)));
      default:
        return static_cast<double>(choices_.below(5));
    }
  }

  std::vector<model::Value> any_values() {
    std::vector<model::Value> values;
    for (std::size_t count = 1 + choices_.below(4); count > 0; --count)
      values.push_back(any_value());
    return values;
  }

  void edit(Draft& draft, Replica& replica) {
    const std::string_view soul = souls[choices_.below(souls.size())];
    const std::string_view property = properties[choices_.below(properties.size())];
    const auto size = [&] {
      const auto node = replica.node(soul);
      const crdt::Property* held = *node == nullptr ? nullptr : (*node)->find(property);
      return held != nullptr && held->list ? held->list->size() : std::size_t{0};
    };
    switch (choices_.below(14)) {
      case 0:
      case 1:
        (void)draft.put(soul, property, any_value());
        break;
      case 2:
      case 3:
        (void)draft.add(soul, property, static_cast<std::int64_t>(choices_.below(9)) - 4);
        break;
      case 4:
      case 5: {
        std::vector<update::Field> fields;
        if (choices_.below(2) == 1) fields.push_back({"f", any_value()});
        if (choices_.below(2) == 1) fields.push_back({"g", any_value()});
        (void)draft.include(soul, property, any_value(), std::move(fields));
        break;
      }
      case 6:
      case 7:
        (void)draft.exclude(soul, property, any_value());
        break;
      case 8:
      case 9:
      case 10: {
        auto values = any_values();
        (void)draft.insert(soul, property, choices_.below(size() + 1), std::move(values));
        break;
      }
      case 11: {
        const std::size_t position = choices_.below(size() + 1);
        (void)draft.erase(soul, property, position, 1 + choices_.below(3));
        break;
      }
      case 12:
        (void)draft.remove(soul, property);
        break;
      default:
        (void)draft.remove(soul);
        break;
    }
  }

  // A member whose program is another: operations that name what is not there, or not yet, or
  // itself.
  void make_up() {
    const std::size_t device = choices_.below(device_count);
    Replica& replica = *place_of(device).replica;
    const auto& key = space_.devices[device];
    const auto author = update::author_of(key.public_key());
    const auto number = replica.authors().find(author);
    const ledger::AuthorLog* log = number ? replica.ledger().find_log(*number) : nullptr;
    const ledger::Record* head = log == nullptr ? nullptr : log->head();

    update::Body body{.state = model::Stamp::at(
                          {.ms = now_.ms - static_cast<std::int64_t>(choices_.below(3)) * 60'000})};
    for (const auto& other : space_.devices)
      if (const auto name = update::author_of(other.public_key()); name != author)
        body.authors.push_back(name);
    update::Change change{.soul = souls[choices_.below(souls.size())], .operations = {}};
    const std::size_t count = 1 + choices_.below(3);
    for (std::size_t i = 0; i < count; ++i) change.operations.push_back(made_up_operation());
    body.changes.push_back(std::move(change));

    update::Update update;
    update.body = body.encode();
    update.header = {
        .space = space_.id,
        .author = author,
        .seq = head == nullptr ? 1 : head->seq + 1,
        .prev = head == nullptr ? update::hash_of(space_.certificates[device]) : head->id.value(),
        .membership = replica.ledger().membership.head(),
        .bytes = (head == nullptr ? 0 : head->bytes) + update.body->size(),
        .body = update::hash_of(*update.body)};
    if (choices_.below(16) == 0) update.header.bytes += 1;  // void, and the log goes on
    update.signature = update::sign(update.header, key);
    HEARTH_ASSERT(update::Body::decode(*update.body, author));
    publish(replica, {.kind = Message::Kind::update,
                      .update = std::move(update),
                      .bytes = space_.certificates[device]});
  }

  update::Id made_up_id() {
    return {.author = static_cast<std::uint32_t>(choices_.below(device_count)),
            .seq = 1 + choices_.below(choices_.below(8) == 0 ? 1000 : 12),
            .index = static_cast<std::uint32_t>(choices_.below(6))};
  }

  update::Operation made_up_operation() {
    const std::string property = properties[choices_.below(properties.size())];
    switch (choices_.below(4)) {
      case 0:
        return update::Exclude{property, any_value(), {made_up_id()}};
      case 1:
        return update::Erase{
            property,
            {{.first = made_up_id(), .count = 1 + static_cast<std::uint32_t>(choices_.below(5))}}};
      case 2:
        return update::Include{property, any_value(), {{"f", any_value()}}};
      default:
        return update::Insert{property, made_up_id(), static_cast<update::Side>(choices_.below(2)),
                              any_values()};
    }
  }

  void carry(std::size_t count) {
    Place& to = any_place();
    for (std::size_t i = 0; i < count; ++i)
      deliver(*to.replica, messages_[choices_.below(messages_.size())]);
    if (choices_.below(4) == 0) HEARTH_ASSERT(to.replica->advance(now_));
    if (choices_.below(4) == 0) HEARTH_ASSERT(to.replica->commit());
  }

  // Of an author's updates that a replica holds, any.
  update::Position any_position(Replica& replica, const model::AuthorKey& author) {
    const auto number = replica.authors().find(author);
    const ledger::AuthorLog* log = number ? replica.ledger().find_log(*number) : nullptr;
    if (log == nullptr || log->size() == 0 || choices_.below(4) == 0) return {.author = author};
    std::vector<const ledger::Record*> records;
    for (const ledger::Record* head : log->heads())
      for (const ledger::Record* record = head; record != nullptr; record = record->parent)
        records.push_back(record);
    const ledger::Record* record = records[choices_.below(records.size())];
    return {.author = author, .seq = record->seq, .id = record->id};
  }

  update::MemberChange any_change(Replica& replica) {
    const std::size_t device = choices_.below(device_count);
    const auto author = update::author_of(space_.devices[device].public_key());
    const auto persona = persona_of(space_.personas[device]);
    switch (choices_.below(4)) {
      case 0:
        return update::SetRole{persona, update::Role::writer, {}};
      case 1: {
        update::SetRole removal{persona, update::Role::none, {}};
        if (choices_.below(4) != 0) removal.cuts.push_back(any_position(replica, author));
        return removal;
      }
      case 2:
        return update::EndAuthor{any_position(replica, author)};
      default:
        return update::NameBranch{any_position(replica, author)};
    }
  }

  void change_members() {
    Replica& replica = *home().replica;
    const auto& membership = replica.ledger().membership;
    if (membership.home() != space_.first.signer) return;
    const update::Entry& head = membership.head_entry();
    update::Entry entry{.space = space_.id,
                        .term = head.term,
                        .seq = head.seq + 1,
                        .prev = membership.head(),
                        .time = head.time,
                        .signer = space_.first.signer};
    entry.changes.push_back(any_change(replica));
    publish(
        replica,
        {.kind = Message::Kind::entry, .update = {}, .bytes = update::sign(entry, space_.home)});
  }

  void take_over() {
    Replica& replica = *any_place().replica;
    const auto& membership = replica.ledger().membership;
    const update::Entry& head = membership.head_entry();
    update::Entry entry{.space = space_.id,
                        .term = head.term + 1,
                        .seq = head.seq + 1,
                        .prev = membership.head(),
                        .time = head.time,
                        .signer = update::author_of(space_.owner.public_key())};
    entry.changes.push_back(update::SetHome{space_.first.signer});
    publish(
        replica,
        {.kind = Message::Kind::entry, .update = {}, .bytes = update::sign(entry, space_.owner)});
  }

  void catch_up(Place& place) {
    for (const Message& message : messages_) deliver(*place.replica, message);
    HEARTH_ASSERT(place.replica->advance(now_));
  }

  void reclaim() {
    if (choices_.below(2) == 0) {
      now_.ms += static_cast<std::int64_t>(choices_.below(40)) * day_ms;
      catch_up(home());
      checkpoint();
      now_.ms += 600'000;
    }
    Place& place = any_place();
    catch_up(place);
    const Bytes before = *place.replica->canonical_state();
    const auto dropped = place.replica->reclaim();
    HEARTH_ASSERT(dropped || dropped.error() == Refusal::inconsistent);
    if (!dropped) {
      ++reclaimed_.refused;
      return;
    }
    ++reclaimed_.times;
    reclaimed_.dropped += *dropped;
    HEARTH_ASSERT(equal(*place.replica->canonical_state(), before));
    // What is left gives every node.
    const auto findings = place.replica->verify();
    HEARTH_ASSERT(findings && findings->empty());
  }

  void checkpoint() {
    Replica& replica = *home().replica;
    const auto statement = replica.checkpoint(space_.home, now_);
    if (statement)
      messages_.push_back({.kind = Message::Kind::checkpoint, .update = {}, .bytes = *statement});
  }

  void publish(Replica& replica, Message message) {
    deliver(replica, message);
    messages_.push_back(std::move(message));
  }

  Choices& choices_;
  Space space_;
  std::vector<Place> places_;
  std::vector<Message> messages_;
  Timestamp now_ = beginning;
  std::uint64_t seed_ = 1;
  bool honest_;
  Reclaimed reclaimed_;
  Bytes state_;
};

}  // namespace hearth::replica::testing
