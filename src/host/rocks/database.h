#pragma once
// How every RocksDB of the appliance is opened.

#include <filesystem>
#include <memory>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <hearth/base/result.h>

namespace hearth::rocks {

/// Opens the database of that directory, or makes one (0700). One process at a time: the second one
/// fails. An error is text for the log. `options.info_log` is ours.
[[nodiscard]] Result<std::unique_ptr<rocksdb::DB>, std::string> open(
    const std::filesystem::path& directory, rocksdb::Options options);

}  // namespace hearth::rocks
