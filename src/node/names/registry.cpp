#include <algorithm>

#include <hearth/codec/cbor.h>
#include <hearth/names/registry.h>

namespace hearth::names {

namespace {

std::string name_key(std::string_view name) {
  return "name/" + std::string{name};
}
std::string host_key(BytesView peer_id) {
  return "host/" + to_text(peer_id);
}

}  // namespace

bool is_name(std::string_view text) {
  return text.size() >= 3 && text.size() <= 32 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

/// What the store holds of a name.
struct Registry::Entry {
  RootKey root{};
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
    HEARTH_TRY(const auto root, reader.bytes(entry.root.size()));
    std::ranges::copy(root, entry.root.begin());
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
  batch.put(host_key(entry.peer_id), as_bytes(name));
  if (!store_.commit(batch)) return Failure{NameError::store};
  return Unit{};
}

Result<Unit, NameError> Registry::check(Timestamp now, const Claim& claim) const {
  if (!is_name(claim.name) || claim.peer_id.empty()) return Failure{NameError::malformed};
  if (claim.expires <= now || claim.expires.ms - now.ms > options_.longest_ms)
    return Failure{NameError::expired};
  return Unit{};
}

Result<Outcome, NameError> Registry::put(Timestamp now, std::string_view network,
                                         const Claim& claim, BytesView record) {
  HEARTH_CHECK(check(now, claim));
  HEARTH_TRY(const auto before, load(now, claim.name));
  if (before) {
    if (before->root != claim.root) return Failure{NameError::other_root};
    if (claim.epoch < before->epoch) return Failure{NameError::lower_epoch};
    // The very record we hold, once more, is no offence: its answer may have been lost.
    if (claim.sequence == before->sequence && equal(record, before->record))
      return Outcome::renewed;
    if (claim.sequence <= before->sequence) return Failure{NameError::lower_sequence};
  } else {
    if (options_.invite_only) return Failure{NameError::invite_only};
    if (!allow_claim(now, network)) return Failure{NameError::limited};
  }
  const Entry entry{.root = claim.root,
                    .peer_id = claim.peer_id,
                    .epoch = claim.epoch,
                    .sequence = claim.sequence,
                    .expires_ms = static_cast<std::uint64_t>(claim.expires.ms),
                    .claimed_ms = before ? before->claimed_ms : static_cast<std::uint64_t>(now.ms),
                    .confirmed = before && before->confirmed,
                    .record = to_bytes(record)};
  HEARTH_CHECK(save(entry, before, claim.name));
  return before ? Outcome::renewed : Outcome::claimed;
}

Result<Unit, NameError> Registry::transfer(Timestamp now, const Transfer& transfer,
                                           const Claim& claim, BytesView record) {
  HEARTH_CHECK(check(now, claim));
  if (transfer.name != claim.name || transfer.to != claim.root ||
      transfer.sequence != claim.sequence)
    return Failure{NameError::malformed};
  HEARTH_TRY(const auto before, load(now, transfer.name));
  if (!before) return Failure{NameError::no_such_name};
  if (before->root != transfer.from) return Failure{NameError::other_root};
  if (transfer.sequence <= before->sequence) return Failure{NameError::lower_sequence};
  const Entry entry{.root = claim.root,
                    .peer_id = claim.peer_id,
                    .epoch = claim.epoch,
                    .sequence = claim.sequence,
                    .expires_ms = static_cast<std::uint64_t>(claim.expires.ms),
                    .claimed_ms = before->claimed_ms,
                    .confirmed = true,
                    .record = to_bytes(record)};
  return save(entry, before, claim.name);
}

Result<Bytes, NameError> Registry::find(Timestamp now, std::string_view name) const {
  if (!is_name(name)) return Failure{NameError::malformed};
  HEARTH_TRY(const auto entry, load(now, name));
  if (!entry || static_cast<std::int64_t>(entry->expires_ms) <= now.ms)
    return Failure{NameError::no_such_name};
  return entry->record;
}

Result<Unit, NameError> Registry::confirm(Timestamp now, BytesView peer_id) {
  const auto name = store_.get(host_key(peer_id));
  if (!name) return Failure{NameError::store};
  if (!*name) return Failure{NameError::no_such_name};
  HEARTH_TRY(auto entry, load(now, as_text(**name)));
  if (!entry || !equal(entry->peer_id, peer_id)) return Failure{NameError::no_such_name};
  if (entry->confirmed) return Unit{};
  entry->confirmed = true;
  return save(*entry, entry, as_text(**name));
}

bool Registry::is_registered(Timestamp now, BytesView peer_id) const {
  const auto name = store_.get(host_key(peer_id));
  if (!name || !*name) return false;
  const auto entry = load(now, as_text(**name));
  return entry && *entry && equal((*entry)->peer_id, peer_id) &&
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
