#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <hearth/rocks/database.h>
#include <hearth/rocks/room.h>
#include <hearth/store/rocks_store.h>

namespace hearth::store {
namespace {

using storage::StoreError;

constexpr std::size_t mebibyte = 1024 * 1024;

rocksdb::Slice slice(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

StoreError error_of(const rocksdb::Status& status) {
  return status.IsCorruption() ? StoreError::corrupt : StoreError::unavailable;
}

rocksdb::Options options() {
  rocksdb::Options options;
  options.write_buffer_size = 4 * mebibyte;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 8 * mebibyte;
  // A half-written record at the log's end is a write that nobody was told had succeeded.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(8 * mebibyte);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

struct RocksStore::Impl {
  std::filesystem::path directory;
  std::unique_ptr<rocksdb::DB> db;
};

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::RocksStore(RocksStore&&) noexcept = default;
RocksStore& RocksStore::operator=(RocksStore&&) noexcept = default;
RocksStore::~RocksStore() = default;

Result<RocksStore, RocksStore::OpenError> RocksStore::open(const std::filesystem::path& directory) {
  auto db = rocks::open(directory, options());
  if (!db) return Failure{OpenError{.message = std::move(db.error())}};
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->db = std::move(*db);
  return RocksStore{std::move(impl)};
}

Result<std::optional<Bytes>, StoreError> RocksStore::get(std::string_view key) const {
  rocksdb::PinnableSlice value;
  const auto status = impl_->db->Get({}, impl_->db->DefaultColumnFamily(), slice(key), &value);
  if (status.IsNotFound()) return std::optional<Bytes>{};
  if (!status.ok()) return Failure{error_of(status)};
  return std::optional<Bytes>{to_bytes(std::string_view{value.data(), value.size()})};
}

Result<Unit, StoreError> RocksStore::scan(std::string_view prefix, const Visitor& visit) const {
  const std::unique_ptr<rocksdb::Iterator> at{impl_->db->NewIterator({})};
  for (at->Seek(slice(prefix)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next())
    if (!visit({at->key().data(), at->key().size()},
               as_bytes({at->value().data(), at->value().size()})))
      break;
  if (!at->status().ok()) return Failure{error_of(at->status())};
  return Unit{};
}

Result<Unit, StoreError> RocksStore::write(const storage::Batch& batch) {
  if (!rocks::has_room(impl_->directory)) return Failure{StoreError::unavailable};
  rocksdb::WriteBatch changes;
  for (const auto& change : batch.changes()) {
    const auto status = change.value ? changes.Put(slice(change.key), slice(*change.value))
                                     : changes.Delete(slice(change.key));
    if (!status.ok()) return Failure{error_of(status)};
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = impl_->db->Write(options, &changes);
  if (!status.ok()) return Failure{error_of(status)};
  return Unit{};
}

}  // namespace hearth::store
