#include <rocksdb/env.h>
#include <sys/stat.h>

#include <hearth/rocks/database.h>

namespace hearth::rocks {
namespace {

/// Says nothing. RocksDB's file of what it did would end the process on a full disk: it writes on
/// after a write that failed, which Debian's build asserts that nobody does.
class NoInfoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

Result<std::unique_ptr<rocksdb::DB>, std::string> open(const std::filesystem::path& directory,
                                                       rocksdb::Options options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Failure{error.message()};
  // It holds what a password thief would like to have.
  if (chmod(directory.c_str(), 0700) != 0)
    return Failure{"can't make the database private: " + directory.string()};
  options.create_if_missing = true;
  options.info_log = std::make_shared<NoInfoLog>();
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(options, directory.string(), &db);
  if (!status.ok()) return Failure{status.ToString()};
  return std::unique_ptr<rocksdb::DB>{db};
}

}  // namespace hearth::rocks
