#include "schema.h"

#include <array>
#include <utility>
#include <vector>

#include "stored_record.h"
#include <hearth/codec/cbor.h>
#include <hearth/model/stamp.h>

// While a store is being upgraded, `m` names the version that it will have, and
//   v                     [the version that it had, the last key that was rewritten]

namespace hearth::replica {

using codec::CborReader;
using codec::CborWriter;
using graph_store::StoreError;
using ledger::BodyState;

Bytes Meta::encode() const {
  return CborWriter{}.array(3).uint(version).integer(time_ms).uint(purged).take();
}

std::optional<Meta> Meta::parse(BytesView bytes) {
  CborReader reader{bytes};
  const bool is_meta = reader.array(3).has_value();
  const auto version = reader.uint();
  const auto time = reader.integer();
  const auto purged = reader.uint();
  if (!is_meta || !version || !time || !purged) return std::nullopt;
  return Meta{.version = *version, .time_ms = *time, .purged = *purged};
}

#ifdef __wasm__

// A page's store begins empty: none of an earlier version is ever met, and each byte counts there.
Result<Unit, StoreError> upgrade(graph_store::Store&, const std::string&) {
  return Unit{};
}

#else

namespace {

// --- 1 to 2: an update was CBOR ---
//   [id, prev or empty, membership, epoch, bytes, state, stamp or null, signature, body or [hash]]

std::optional<Bytes> updates_of_1(BytesView value) {
  CborReader reader{value};
  StoredRecord record;
  if (!reader.array(9)) return std::nullopt;
  const auto id = reader.bytes(32);
  const auto prev = reader.bytes();
  const auto membership = reader.uint();
  const auto epoch = reader.uint();
  const auto bytes = reader.uint();
  const auto state = reader.uint();
  if (!id || !prev || !membership || !epoch || !bytes || !state ||
      *state > static_cast<std::uint64_t>(BodyState::sealed))
    return std::nullopt;
  record.id = *model::id_from<model::UpdateId>(*id);
  if (const auto known = model::id_from<model::UpdateId>(*prev)) record.prev = known->value();
  record.membership = *membership;
  record.epoch = *epoch;
  record.bytes = *bytes;
  record.state = static_cast<BodyState>(*state);
  // The stamp is in the body.
  const bool is_stamped = reader.peek() != codec::CborKind::null;
  if (is_stamped ? !model::read_stamp(reader) : !reader.null()) return std::nullopt;
  const auto signature = reader.bytes(64);
  if (!signature) return std::nullopt;
  record.signature = *signature;
  const bool has_body = reader.peek() == codec::CborKind::bytes;
  if (!has_body && !reader.array(1)) return std::nullopt;
  const auto body = reader.bytes();
  if (!body || (!has_body && body->size() != 32)) return std::nullopt;
  if (has_body) record.body = *body;
  record.body_hash = *body;
  if (!reader.done()) return std::nullopt;
  return record.encode();
}

// --- 2 to 3: a purge may be under way (s) ---

std::optional<Bytes> sweeps_of_2(BytesView value) {
  return to_bytes(value);  // there is none
}

// --- all of them ---

/// Rewrites the records of one table.
struct Upgrade {
  char table;
  std::optional<Bytes> (*rewrite)(BytesView value);
};

/// The first takes version 1 to version 2, and so on.
constexpr std::array upgrades{Upgrade{'u', updates_of_1}, Upgrade{'s', sweeps_of_2}};
static_assert(upgrades.size() + 1 == schema_version);

constexpr std::size_t batch_size = 1000;

struct Progress {
  std::uint64_t from = 0;
  std::string last_key;

  [[nodiscard]] Bytes encode() const {
    return CborWriter{}.array(2).uint(from).bytes(as_bytes(last_key)).take();
  }
  [[nodiscard]] static std::optional<Progress> parse(BytesView bytes) {
    CborReader reader{bytes};
    const bool is_progress = reader.array(2).has_value();
    const auto from = reader.uint();
    const auto last_key = reader.bytes();
    if (!is_progress || !from || !last_key) return std::nullopt;
    return Progress{.from = *from, .last_key = std::string{as_text(*last_key)}};
  }
};

Result<Unit, StoreError> run(graph_store::Store& store, const std::string& prefix,
                             Progress progress) {
  const Upgrade& upgrade = upgrades[progress.from - 1];
  const graph_store::Range all = graph_store::prefix_range(prefix + upgrade.table);
  bool is_last = false;
  while (!is_last) {
    graph_store::Batch batch;
    graph_store::Range rest = all;
    if (!progress.last_key.empty()) rest.from = progress.last_key + '\0';
    bool is_sound = true;
    is_last = true;
    HEARTH_CHECK(store.scan(rest, [&](std::string_view key, BytesView value) {
      if (batch.size() == batch_size) return is_last = false;
      const auto rewritten = upgrade.rewrite(value);
      is_sound = rewritten.has_value();
      if (is_sound) batch.put(key, *rewritten);
      progress.last_key = key;
      return is_sound;
    }));
    if (!is_sound) return Failure{StoreError::corrupt};
    if (is_last) {
      batch.erase(prefix + 'v');
    } else {
      batch.put(prefix + 'v', progress.encode());
    }
    HEARTH_CHECK(store.write(batch));
  }
  return Unit{};
}

}  // namespace

Result<Unit, StoreError> upgrade(graph_store::Store& store, const std::string& prefix) {
  while (true) {
    HEARTH_TRY(const auto stored, store.get(prefix + 'm'));
    if (!stored) return Unit{};
    auto meta = Meta::parse(*stored);
    if (!meta || meta->version == 0) return Failure{StoreError::corrupt};
    if (meta->version > schema_version) return Failure{StoreError::too_new};
    HEARTH_TRY(const auto begun, store.get(prefix + 'v'));
    std::optional<Progress> progress;
    if (begun) {
      progress = Progress::parse(*begun);
      if (!progress || progress->from + 1 != meta->version) return Failure{StoreError::corrupt};
    } else if (meta->version == schema_version) {
      return Unit{};
    } else {
      progress = Progress{.from = meta->version, .last_key = {}};
      ++meta->version;
      graph_store::Batch batch;
      batch.put(prefix + 'm', meta->encode());
      batch.put(prefix + 'v', progress->encode());
      HEARTH_CHECK(store.write(batch));
    }
    HEARTH_CHECK(run(store, prefix, std::move(*progress)));
  }
}

#endif

}  // namespace hearth::replica
