#include <hearth/codec/cbor.h>
#include <hearth/identity/name.h>
#include <hearth/names/registry.h>

namespace hearth::names {

namespace {

std::string name_key(std::string_view name) {
  return "name/" + std::string{name};
}
std::string host_key(BytesView peer_id) {
  return "host/" + to_text(peer_id);
}

Timestamp expiry_of(const identity::NameRecord& record) {
  return Timestamp::from_seconds(static_cast<std::int64_t>(record.expires));
}

}  // namespace

/// What the store holds of a name.
struct Registry::Entry {
  Bytes root;
  Bytes peer_id;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::uint64_t expires_ms = 0;
  std::uint64_t claimed_ms = 0;
  bool confirmed = false;
  Bytes record;

  [[nodiscard]] Bytes encode() const {
    return codec::CborWriter{}
        .array(9)
        .uint(1)
        .bytes(root)
        .bytes(peer_id)
        .uint(epoch)
        .uint(sequence)
        .uint(expires_ms)
        .uint(claimed_ms)
        .boolean(confirmed)
        .bytes(record)
        .take();
  }

  static Result<Entry, codec::CborError> decode(BytesView bytes) {
    codec::CborReader reader{bytes};
    Entry entry;
    HEARTH_CHECK(reader.array(9));
    HEARTH_TRY(const auto version, reader.uint());
    if (version != 1) return Failure{codec::CborError::out_of_range};
    HEARTH_TRY(const auto root, reader.bytes(32));
    entry.root = to_bytes(root);
    HEARTH_TRY(const auto peer_id, reader.bytes());
    entry.peer_id = to_bytes(peer_id);
    HEARTH_TRY(entry.epoch, reader.uint());
    HEARTH_TRY(entry.sequence, reader.uint());
    HEARTH_TRY(entry.expires_ms, reader.uint());
    HEARTH_TRY(entry.claimed_ms, reader.uint());
    HEARTH_TRY(entry.confirmed, reader.boolean());
    HEARTH_TRY(const auto record, reader.bytes());
    entry.record = to_bytes(record);
    HEARTH_CHECK(reader.done());
    return entry;
  }
};

Result<std::optional<Registry::Entry>, NameError> Registry::load(Timestamp now,
                                                                 std::string_view name) const {
  const auto stored = store_.get(name_key(name));
  if (!stored) return Failure{NameError::store};
  if (!*stored) return std::optional<Entry>{};
  auto entry = Entry::decode(**stored);
  if (!entry) return Failure{NameError::store};
  const auto claimed = static_cast<std::int64_t>(entry->claimed_ms);
  if (!entry->confirmed && now.ms - claimed > options_.unconfirmed_ms)
    return std::optional<Entry>{};
  return std::optional{std::move(*entry)};
}

Result<Unit, NameError> Registry::save(const Entry& entry, const std::optional<Entry>& before,
                                       std::string_view name) {
  storage::Batch batch;
  if (before && !equal(before->peer_id, entry.peer_id)) batch.erase(host_key(before->peer_id));
  batch.put(name_key(name), entry.encode());
  batch.put(host_key(entry.peer_id), to_bytes(name));
  if (!store_.write(batch)) return Failure{NameError::store};
  return Unit{};
}

Result<Unit, NameError> Registry::check(Timestamp now, const identity::NameRecord& record) const {
  const Timestamp expires = expiry_of(record);
  if (expires <= now || expires.ms - now.ms > options_.longest_ms)
    return Failure{NameError::expired};
  return Unit{};
}

Registry::Entry Registry::entry_of(const identity::NameRecord& record, BytesView bytes,
                                   Timestamp claimed, bool confirmed) {
  return {.root = to_bytes(record.root.bytes()),
          .peer_id = record.host.peer_id.bytes(),
          .epoch = record.host.epoch,
          .sequence = record.sequence,
          .expires_ms = static_cast<std::uint64_t>(expiry_of(record).ms),
          .claimed_ms = static_cast<std::uint64_t>(claimed.ms),
          .confirmed = confirmed,
          .record = to_bytes(bytes)};
}

Result<Outcome, NameError> Registry::put(Timestamp now, std::string_view network,
                                         const identity::NameRecord& record, BytesView bytes) {
  HEARTH_CHECK(check(now, record));
  HEARTH_TRY(const auto before, load(now, record.name));
  if (before) {
    if (!equal(before->root, record.root.bytes())) return Failure{NameError::other_root};
    if (record.host.epoch < before->epoch) return Failure{NameError::lower_epoch};
    // The very record we hold, once more, is no offence: its answer may have been lost.
    if (equal(bytes, before->record)) return Outcome::renewed;
    if (record.sequence <= before->sequence) return Failure{NameError::lower_sequence};
  } else {
    if (options_.invite_only) return Failure{NameError::invite_only};
    if (!allow_claim(now, network)) return Failure{NameError::limited};
  }
  const Timestamp claimed =
      before ? Timestamp{.ms = static_cast<std::int64_t>(before->claimed_ms)} : now;
  HEARTH_CHECK(
      save(entry_of(record, bytes, claimed, before && before->confirmed), before, record.name));
  return before ? Outcome::renewed : Outcome::claimed;
}

Result<Unit, NameError> Registry::transfer(Timestamp now, const identity::NameTransfer& transfer,
                                           const identity::NameRecord& record, BytesView bytes) {
  HEARTH_CHECK(check(now, record));
  if (transfer.name != record.name || transfer.to != record.root ||
      transfer.sequence != record.sequence)
    return Failure{NameError::malformed};
  HEARTH_TRY(const auto before, load(now, transfer.name));
  if (!before) return Failure{NameError::no_such_name};
  if (!equal(before->root, transfer.from.bytes())) return Failure{NameError::other_root};
  if (transfer.sequence <= before->sequence) return Failure{NameError::lower_sequence};
  const Timestamp claimed{.ms = static_cast<std::int64_t>(before->claimed_ms)};
  return save(entry_of(record, bytes, claimed, true), before, record.name);
}

Result<Bytes, NameError> Registry::find(Timestamp now, std::string_view name) const {
  if (!identity::is_flock_name(name)) return Failure{NameError::malformed};
  HEARTH_TRY(const auto entry, load(now, name));
  if (!entry || static_cast<std::int64_t>(entry->expires_ms) <= now.ms)
    return Failure{NameError::no_such_name};
  return entry->record;
}

Result<Unit, NameError> Registry::confirm(Timestamp now, const peer::PeerId& host) {
  const auto name = store_.get(host_key(host.bytes()));
  if (!name) return Failure{NameError::store};
  if (!*name) return Failure{NameError::no_such_name};
  HEARTH_TRY(auto entry, load(now, as_text(**name)));
  if (!entry || !equal(entry->peer_id, host.bytes())) return Failure{NameError::no_such_name};
  if (entry->confirmed) return Unit{};
  entry->confirmed = true;
  return save(*entry, entry, as_text(**name));
}

bool Registry::is_registered(Timestamp now, const peer::PeerId& host) const {
  const auto name = store_.get(host_key(host.bytes()));
  if (!name || !*name) return false;
  const auto entry = load(now, as_text(**name));
  return entry && *entry && equal((*entry)->peer_id, host.bytes()) &&
         static_cast<std::int64_t>((*entry)->expires_ms) > now.ms;
}

bool Registry::allow_claim(Timestamp now, std::string_view network) {
  constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
  const std::int64_t day = now.ms / day_ms;
  std::erase_if(claims_, [day](const auto& entry) { return entry.second.day != day; });
  // A table full of networks is an attack: the rest of them share one line of it.
  const bool known = claims_.contains(network);
  const std::string_view key = known || claims_.size() < options_.networks ? network : "";
  auto found = claims_.find(key);
  if (found == claims_.end())
    found = claims_.emplace(std::string{key}, Counter{.day = day, .claims = 0}).first;
  if (found->second.claims >= options_.claims_per_network) return false;
  ++found->second.claims;
  return true;
}

}  // namespace hearth::names
