#pragma once
// A disk whose power can be cut: what wasn't synced is lost, all of it or a tail. For tests.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include <rocksdb/file_system.h>

namespace hearth::graph_rocks {

/// Wraps the machine's own file system.
class PowerCutFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  PowerCutFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "PowerCutFileSystem"; }

  /// From now on nothing is written any more, and syncs fail.
  void fail() {
    const std::lock_guard lock{mutex_};
    dead_ = true;
  }
  /// After the database was closed: cuts every file to what was synced and, by chance, some of what
  /// was written after that, of which the last bytes may be garbage.
  void cut(std::mt19937_64& random) {
    const std::lock_guard lock{mutex_};
    for (auto& [path, file] : files_) {
      std::error_code error;
      const std::uint64_t size = std::filesystem::file_size(path, error);
      if (error || size <= file.synced) continue;
      const std::uint64_t kept = file.synced + random() % (size - file.synced + 1);
      std::filesystem::resize_file(path, kept, error);
      if (random() % 2 == 0 && kept > file.synced) spoil(path, kept, random);
      file.synced = kept;
    }
    dead_ = false;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::NewWritableFile(path, options, result, debug);
    if (status.ok()) watch(path, 0, *result);
    return status;
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::ReopenWritableFile(path, options, result, debug);
    std::error_code error;
    if (status.ok()) watch(path, std::filesystem::file_size(path, error), *result);
    return status;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    const auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
    const std::lock_guard lock{mutex_};
    if (auto file = files_.extract(from); status.ok() && !file.empty()) {
      files_.erase(to);
      file.key() = to;
      files_.insert(std::move(file));
    }
    return status;
  }

 private:
  struct File {
    std::uint64_t synced = 0;
  };

  class Watched final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Watched(std::unique_ptr<rocksdb::FSWritableFile>&& file, PowerCutFileSystem& disk,
            std::string path)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (disk_.dead()) return rocksdb::IOStatus::IOError("the power is off");
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info,
                             rocksdb::IODebugContext* debug) override {
      if (disk_.dead()) return rocksdb::IOStatus::IOError("the power is off");
      return FSWritableFileOwnerWrapper::Append(data, options, info, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      return synced(FSWritableFileOwnerWrapper::GetFileSize(options, debug));
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return synced(FSWritableFileOwnerWrapper::GetFileSize(options, debug));
    }

   private:
    rocksdb::IOStatus synced(std::uint64_t size) {
      const std::lock_guard lock{disk_.mutex_};
      if (disk_.dead_) return rocksdb::IOStatus::IOError("the power is off");
      disk_.files_[path_].synced = size;
      return rocksdb::IOStatus::OK();
    }
    PowerCutFileSystem& disk_;
    std::string path_;
  };

  bool dead() {
    const std::lock_guard lock{mutex_};
    return dead_;
  }
  void watch(const std::string& path, std::uint64_t synced,
             std::unique_ptr<rocksdb::FSWritableFile>& file) {
    const std::lock_guard lock{mutex_};
    files_[path].synced = synced;
    file = std::make_unique<Watched>(std::move(file), *this, path);
  }
  static void spoil(const std::string& path, std::uint64_t size, std::mt19937_64& random) {
    std::FILE* const file = std::fopen(path.c_str(), "r+b");
    if (file == nullptr) return;
    std::fseek(file, static_cast<long>(size - 1), SEEK_SET);
    std::fputc(static_cast<int>(random() % 256), file);
    std::fclose(file);
  }

  std::mutex mutex_;
  std::map<std::string, File> files_;
  bool dead_ = false;
};

}  // namespace hearth::graph_rocks
