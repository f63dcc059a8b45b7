#include <algorithm>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <hearth/codec/cbor.h>
#include <hearth/identity/name.h>
#include <hearth/membership/membership.h>
#include <hearth/membership/name_client.h>

namespace hearth::membership {

using codec::Multiaddr;
using peer::PeerId;

namespace {

constexpr std::uint64_t record_lifetime_s = 30ULL * 24 * 3600;
constexpr auto renewal = std::chrono::hours{12};
constexpr std::string_view key_prefix = "flock/";

std::optional<PeerId> flock_of(const Multiaddr& address) {
  const auto bytes = address.p2p();
  if (!bytes) return std::nullopt;
  const auto id = PeerId::from_bytes(*bytes);
  return id ? std::optional{*id} : std::nullopt;
}

std::vector<Multiaddr> read_addresses(codec::CborReader& reader) {
  std::vector<Multiaddr> all;
  const auto count = reader.array();
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto bytes = reader.bytes();
    if (!bytes) break;
    if (const auto address = Multiaddr::from_bytes(*bytes)) all.push_back(*address);
  }
  return all;
}

}  // namespace

std::string_view to_string(FlockState state) {
  switch (state) {
    case FlockState::connecting:
      return "connecting";
    case FlockState::joined:
      return "joined";
    case FlockState::refused:
      return "refused";
    case FlockState::unreachable:
      return "unreachable";
  }
  return "";
}

struct Membership::Impl : std::enable_shared_from_this<Impl> {
  struct Flock {
    FlockStatus status;
    std::uint64_t sequence = 0;  // the highest ever sent there
    bool reserved = false;
    bool registering = false;
    std::string registered_name;  // what this reservation has registered
  };

  Impl(libp2p::Host& h, libp2p::RelayClient& r, storage::Store& s, Standing st,
       const loop::SystemClock& c, Log& l)
      : host(h),
        relays(r),
        store(s),
        standing(std::move(st)),
        clock(c),
        log(l),
        timer(h.executor()) {}

  void load() {
    const auto scanned = store.scan(key_prefix, [this](std::string_view, BytesView value) {
      codec::CborReader reader{value};
      const auto head = reader.array();
      const auto version = reader.uint();
      const auto address = reader.bytes();
      const auto name = reader.text();
      const auto sequence = reader.uint();
      if (!head || !version || *version > 2 || *head != 3 + *version || !address || !name ||
          !sequence)
        return true;
      const auto parsed = Multiaddr::from_bytes(*address);
      const auto id = parsed ? flock_of(*parsed) : std::nullopt;
      if (!id) return true;
      Flock flock;
      flock.status = {
          .address = *parsed, .name = std::string{*name}, .since = clock.wall(), .error = {}};
      flock.sequence = *sequence;
      if (*version == 2) flock.status.others = read_addresses(reader);
      flocks.emplace(*id, std::move(flock));
      return true;
    });
    if (!scanned) log.error("flocks.unreadable");
    for (const auto& [id, flock] : flocks) relays.keep(flock.status.address, flock.status.others);
  }

  Result<Unit, storage::StoreError> save(const PeerId& id, const Flock& flock) {
    codec::CborWriter writer;
    writer.array(5)
        .uint(2)
        .bytes(flock.status.address.bytes())
        .text(flock.status.name)
        .uint(flock.sequence)
        .array(flock.status.others.size());
    for (const Multiaddr& other : flock.status.others) writer.bytes(other.bytes());
    return store.put(std::string{key_prefix} + id.to_string(), writer.take());
  }

  void set(Flock& flock, FlockState state, std::string error = {}) {
    if (flock.status.state == state && flock.status.error == error) return;
    flock.status.state = state;
    flock.status.error = std::move(error);
    flock.status.since = clock.wall();
    log.info("flock", {{"flock", flock.status.address.to_string()},
                       {"state", to_string(state)},
                       {"error", flock.status.error}});
    if (observer) observer();
  }

  /// The relay client's states, taken over; registers the name where a reservation has just been
  /// made.
  void update() {
    for (const libp2p::RelayState& relay : relays.states()) {
      const auto id = flock_of(relay.address);
      const auto found = id ? flocks.find(*id) : flocks.end();
      if (found == flocks.end()) continue;
      Flock& flock = found->second;
      using Phase = libp2p::RelayState::Phase;
      if (relay.phase == Phase::reserved) {
        flock.reserved = true;
        if (flock.status.others != relay.others) {
          flock.status.others = relay.others;
          (void)save(*id, flock);
        }
        register_at(*id, flock);
        continue;
      }
      flock.reserved = false;
      flock.registered_name.clear();
      if (relay.phase == Phase::waiting)
        set(flock, FlockState::unreachable, relay.last_error);
      else if (flock.status.state != FlockState::unreachable)
        set(flock, FlockState::connecting);
    }
  }

  void register_at(const PeerId& id, Flock& flock) {
    if (flock.status.name.empty()) return set(flock, FlockState::joined);
    if (flock.registering || flock.registered_name == flock.status.name) return;
    flock.registering = true;
    boost::asio::co_spawn(host.executor(), register_name_at(shared_from_this(), id),
                          boost::asio::detached);
  }

  Bytes next_record(Flock& flock) {
    const auto now = static_cast<std::uint64_t>(clock.wall().seconds());
    // Time keeps sequences growing even when the store that remembers them is lost.
    flock.sequence = std::max(flock.sequence + 1, now);
    const identity::NameRecord record{.name = flock.status.name,
                                      .root = standing.host.root,
                                      .sequence = flock.sequence,
                                      .expires = now + record_lifetime_s,
                                      .host = standing.host,
                                      .host_certificate = standing.host_certificate};
    return record.sign(host.key());
  }

  static libp2p::Task<void> register_name_at(std::shared_ptr<Impl> self, PeerId id) {
    std::string name;
    RegisterResult result;
    try {
      for (int attempt = 0; attempt < 2; ++attempt) {
        const auto found = self->flocks.find(id);
        if (found == self->flocks.end()) co_return;
        name = found->second.status.name;
        Bytes record = self->next_record(found->second);
        (void)self->save(id, found->second);
        std::vector<Multiaddr> addresses{found->second.status.address};
        auto connection = co_await self->host.dial(id, std::move(addresses));
        result = co_await register_name(connection, name, std::move(record));
        if (result.outcome != Registered::outdated) break;
        // It knows a newer one of ours, from a clock that was ahead: go on from there.
        const auto held = co_await resolve_name(connection, name);
        const auto record_held = held ? identity::NameRecord::verify(*held)
                                      : Result<identity::NameRecord, identity::IdentityError>{
                                            Failure{identity::IdentityError::malformed}};
        const auto again = self->flocks.find(id);
        if (again == self->flocks.end() || !record_held) break;
        again->second.sequence = std::max(again->second.sequence, record_held->sequence);
      }
    } catch (const boost::system::system_error& error) {
      result = {.outcome = Registered::refused, .why = error.code().message()};
    }
    const auto found = self->flocks.find(id);
    if (found == self->flocks.end()) co_return;
    Flock& flock = found->second;
    flock.registering = false;
    if (result.outcome == Registered::yes) {
      flock.registered_name = name;
      self->set(flock, FlockState::joined);
    } else {
      self->set(flock, FlockState::refused, result.why);
    }
    if (flock.reserved && flock.status.name != name)
      self->register_at(id, flock);  // changed meanwhile
  }

  void schedule_renewal() {
    timer.expires_after(renewal);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      for (auto& [id, flock] : self->flocks) {
        flock.registered_name.clear();
        if (flock.reserved) self->register_at(id, flock);
      }
      self->schedule_renewal();
    });
  }

  libp2p::Host& host;
  libp2p::RelayClient& relays;
  storage::Store& store;
  Standing standing;
  const loop::SystemClock& clock;
  Log& log;
  boost::asio::steady_timer timer;
  std::map<PeerId, Flock> flocks;
  std::function<void()> observer;
};

Membership::Membership(libp2p::Host& host, libp2p::RelayClient& relays, storage::Store& store,
                       Standing standing, const loop::SystemClock& clock, Log& log)
    : impl_(std::make_shared<Impl>(host, relays, store, std::move(standing), clock, log)) {
  relays.on_change([weak = std::weak_ptr{impl_}] {
    if (const auto self = weak.lock()) self->update();
  });
  impl_->load();
  impl_->schedule_renewal();
}

Membership::~Membership() {
  impl_->timer.cancel();
  impl_->observer = nullptr;
}

Result<Unit, JoinError> Membership::join(const Multiaddr& address, std::string name) {
  const auto id = flock_of(address);
  if (!id || address.is_relayed()) return Failure{JoinError::bad_address};
  if (!name.empty() && !identity::is_flock_name(name)) return Failure{JoinError::bad_name};
  const auto found = impl_->flocks.find(*id);
  if (found == impl_->flocks.end() && impl_->flocks.size() >= max_flocks)
    return Failure{JoinError::too_many};
  Impl::Flock flock = found == impl_->flocks.end() ? Impl::Flock{} : found->second;
  const bool moved = found != impl_->flocks.end() && flock.status.address != address;
  const Multiaddr before = moved ? flock.status.address : address;
  flock.status.address = address;
  flock.status.name = std::move(name);
  if (found == impl_->flocks.end()) flock.status.since = impl_->clock.wall();
  if (!impl_->save(*id, flock)) return Failure{JoinError::store};
  impl_->flocks.insert_or_assign(*id, std::move(flock));
  if (moved) impl_->relays.drop(before);
  if (!impl_->relays.keep(address)) return Failure{JoinError::bad_address};
  impl_->update();
  if (impl_->observer) impl_->observer();
  return Unit{};
}

Result<bool, JoinError> Membership::leave(const PeerId& flock) {
  const auto found = impl_->flocks.find(flock);
  if (found == impl_->flocks.end()) return false;
  if (!impl_->store.erase(std::string{key_prefix} + flock.to_string()))
    return Failure{JoinError::store};
  const Multiaddr address = found->second.status.address;
  impl_->flocks.erase(found);
  impl_->relays.drop(address);
  if (impl_->observer) impl_->observer();
  return true;
}

std::vector<FlockStatus> Membership::list() const {
  std::vector<FlockStatus> all;
  for (const auto& [id, flock] : impl_->flocks) all.push_back(flock.status);
  return all;
}

void Membership::on_change(std::function<void()> observer) {
  impl_->observer = std::move(observer);
}

bool Membership::settled() const {
  return std::ranges::all_of(impl_->flocks, [](const auto& entry) {
    const FlockState state = entry.second.status.state;
    return state == FlockState::joined || state == FlockState::refused;
  });
}

}  // namespace hearth::membership
