#include <atomic>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <hearth/graph_rocks/rocks_store.h>
#include <hearth/rocks/database.h>
#include <hearth/rocks/room.h>

namespace hearth::graph_rocks {
namespace {

using graph_store::Batch;
using graph_store::Range;
using graph_store::StoreError;
using graph_store::Ticket;

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view text(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

StoreError error_of(const rocksdb::Status& status) {
  if (status.IsCorruption()) return StoreError::corrupt;
  return status.IsNoSpace() ? StoreError::full : StoreError::unavailable;
}

rocksdb::Options rocks_options(const RocksOptions& given) {
  rocksdb::Options options;
  if (given.env != nullptr) options.env = given.env;
  options.write_buffer_size = given.memtable_bytes;
  options.max_write_buffer_number = 3;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 4 * given.memtable_bytes;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.level_compaction_dynamic_level_bytes = true;
  options.bytes_per_sync = 1 << 20;
  // Up to the first record that isn't whole, and nothing after it, though a later log file may hold
  // more: no write is kept without those before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.paranoid_checks = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  // Indexes and filters in small pieces and in few shards: the filter of a file with millions of
  // small records is larger than a shard, and would be read anew for every question.
  table.block_cache = rocksdb::NewLRUCache(given.block_cache_bytes, /*num_shard_bits=*/2);
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 16 * 1024;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_top_level_index_and_filter = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

struct RocksStore::Impl {
  std::filesystem::path directory;
  std::unique_ptr<rocksdb::DB> db;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> durable{0};
};

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::RocksStore(RocksStore&&) noexcept = default;
RocksStore::~RocksStore() = default;

Result<RocksStore, RocksStore::OpenError> RocksStore::open(const std::filesystem::path& directory,
                                                           RocksOptions options) {
  auto db = rocks::open(directory, rocks_options(options));
  if (!db) return Failure{OpenError{.message = std::move(db.error())}};
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->db = std::move(*db);
  return RocksStore{std::move(impl)};
}

Result<bool, StoreError> RocksStore::get(std::string_view key, Bytes& value) const {
  rocksdb::PinnableSlice found;
  const auto status = impl_->db->Get({}, impl_->db->DefaultColumnFamily(), slice(key), &found);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return Failure{error_of(status)};
  const BytesView bytes = as_bytes(text(found));
  value.assign(bytes.begin(), bytes.end());
  return true;
}

Result<std::vector<std::optional<Bytes>>, StoreError> RocksStore::get_many(
    std::span<const std::string_view> keys) const {
  std::vector<rocksdb::Slice> slices;
  slices.reserve(keys.size());
  for (const std::string_view key : keys) slices.push_back(slice(key));
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  impl_->db->MultiGet({}, impl_->db->DefaultColumnFamily(), keys.size(), slices.data(),
                      found.data(), statuses.data());
  std::vector<std::optional<Bytes>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return Failure{error_of(statuses[i])};
    values[i] = to_bytes(text(found[i]));
  }
  return values;
}

Result<Unit, StoreError> RocksStore::scan(const Range& range, const Visitor& visit) const {
  if (!range.to.empty() && range.from >= range.to) return Unit{};
  rocksdb::ReadOptions options;
  const rocksdb::Slice from = slice(range.from);
  const rocksdb::Slice to = slice(range.to);
  options.iterate_lower_bound = &from;
  if (!range.to.empty()) options.iterate_upper_bound = &to;
  const std::unique_ptr<rocksdb::Iterator> at{impl_->db->NewIterator(options)};
  const bool ascending = range.order == Range::Order::ascending;
  if (ascending)
    at->Seek(from);
  else
    at->SeekToLast();  // within the bounds
  for (; at->Valid(); ascending ? at->Next() : at->Prev())
    if (!visit(text(at->key()), as_bytes(text(at->value())))) break;
  if (!at->status().ok()) return Failure{error_of(at->status())};
  return Unit{};
}

Result<Ticket, StoreError> RocksStore::write(const Batch& batch) {
  if (!rocks::has_room(impl_->directory)) return Failure{StoreError::full};
  rocksdb::WriteBatch changes{batch.size_bytes() + batch.size() * 8};
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Batch::Change change = batch[i];
    const auto status = change.value ? changes.Put(slice(change.key), slice(as_text(*change.value)))
                                     : changes.Delete(slice(change.key));
    if (!status.ok()) return Failure{error_of(status)};
  }
  const auto status = impl_->db->Write({}, &changes);
  if (!status.ok()) return Failure{error_of(status)};
  return Ticket{++impl_->written};
}

Result<Ticket, StoreError> RocksStore::sync() {
  const std::uint64_t written = impl_->written;
  const auto status = impl_->db->SyncWAL();
  if (!status.ok()) return Failure{error_of(status)};
  impl_->durable = written;
  return Ticket{written};
}

Ticket RocksStore::durable() const {
  return Ticket{impl_->durable};
}

Result<Unit, StoreError> RocksStore::checkpoint(const std::filesystem::path& directory) {
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(impl_->db.get(), &made);
  if (!status.ok()) return Failure{error_of(status)};
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint{made};
  status = checkpoint->CreateCheckpoint(directory.string());
  if (!status.ok()) return Failure{error_of(status)};
  return Unit{};
}

Result<Unit, StoreError> RocksStore::verify_checksums() {
  const auto status = impl_->db->VerifyChecksum();
  if (!status.ok()) return Failure{error_of(status)};
  return Unit{};
}

Result<Unit, StoreError> RocksStore::compact(const Range& range,
                                             const std::atomic<bool>& stopping) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  // It is read alone.
  options.canceled = const_cast<std::atomic<bool>*>(&stopping);
  const rocksdb::Slice from = slice(range.from);
  const rocksdb::Slice to = slice(range.to);
  const auto status = impl_->db->CompactRange(options, &from, range.to.empty() ? nullptr : &to);
  if (!status.ok()) return Failure{error_of(status)};
  return Unit{};
}

std::uint64_t RocksStore::size_bytes() const {
  std::uint64_t files = 0;
  std::uint64_t memory = 0;
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &files);
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return files + memory;
}

}  // namespace hearth::graph_rocks
