#pragma once
// Small files that hold secrets.

#include <filesystem>
#include <optional>

#include <hearth/base/bytes.h>

namespace hearth::appliance {

/// 0600, whole or not at all: written beside, synced, renamed, the directory synced. Throws
/// std::system_error.
void write_private(const std::filesystem::path& path, BytesView content);

/// Nothing when there is no such file. At most `limit` bytes. Makes it 0600 if it is laxer. Throws
/// std::system_error, or std::length_error.
[[nodiscard]] std::optional<Bytes> read_private(const std::filesystem::path& path,
                                                std::size_t limit);

/// Overwrites, syncs, removes, syncs the directory. What a disk keeps in places of its own (flash,
/// snapshots, copy on write) can't be reached. Throws std::system_error; absent is fine.
void wipe_file(const std::filesystem::path& path);

}  // namespace hearth::appliance
