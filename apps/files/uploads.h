#pragma once
// Resumable uploads on the disk (tus 1.0.0's state, without its HTTP). In <space>/uploads, for each
// upload:
//
//   <id>          JSON: length, where to, when; once all bytes are there also final path, sum
//   <id>.part     the bytes so far; its size is the offset
//   <id>.pending  while a checked piece is written: the offset to fall back to
//
// The final path is written down before the rename, and the rename is the end: an upload whose
// .part is gone and whose path is known is complete, whatever happened after.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "fields.h"
#include "sha256.h"
#include "space.h"

namespace hearth::files {

struct UploadRequest {
  std::uint64_t length = 0;
  Path path;  ///< with the name
  OnConflict on_conflict = OnConflict::keep_both;
  std::optional<std::int64_t> modified_ms;
  std::string sha256;    ///< hexadecimal; empty: not given
  std::string metadata;  ///< the field as it came, to be given back
};
/// From Upload-Metadata (docs/protocol/files.md). Throws Problem.
[[nodiscard]] UploadRequest upload_request(std::uint64_t length, std::string_view metadata);

struct UploadState {
  std::string id;
  std::uint64_t offset = 0, length = 0;
  std::int64_t expires_ms = 0;
  std::string metadata;
  bool complete = false;
  Path path;           ///< of complete
  std::string sha256;  ///< of complete
};

inline constexpr std::int64_t upload_days = 7;
inline constexpr std::uint64_t most_upload_bytes = std::uint64_t{1} << 44;

class Uploads;

/// A piece being added. Blocking; one thread at a time. Destroyed before finish(): a checked piece
/// is undone, an unchecked one keeps what was written. All it does throws Problem 423 once another
/// has taken its place.
class Piece {
 public:
  ~Piece();
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;
  /// Bytes came that will be written. From any thread.
  void hear();
  void write(BytesView bytes);
  /// Throws Problem 460 when the checksum isn't met, 413 when bytes beyond the length came. Puts
  /// the file in place after the last byte.
  [[nodiscard]] UploadState finish();

 private:
  friend class Uploads;
  struct Live;
  /// Of one upload's writers, the one that may write until another takes its turn.
  struct Turn {
    std::shared_ptr<Live> live;
    std::uint64_t writer = 0;
  };
  Piece(Uploads& uploads, Turn turn, Fd part, std::uint64_t offset,
        std::optional<Checksum> checksum);
  /// Held while it writes. Throws when its turn is over.
  [[nodiscard]] std::unique_lock<std::mutex> begin();

  Uploads& uploads_;
  Turn turn_;
  Fd part_;
  std::uint64_t offset_, flushed_;
  std::optional<Checksum> checksum_;
  Sha256 piece_sum_;
  bool finished_ = false;
};

/// Thread-safe.
class Uploads {
 public:
  explicit Uploads(Space& space) : space_(space) {}

  [[nodiscard]] UploadState create(const UploadRequest& request);
  [[nodiscard]] UploadState state(const std::string& id);
  void remove(const std::string& id);
  /// Throws Problem: 404, 409 for another offset, 423 when a piece is being written of which bytes
  /// came within 3 s, 410 when it is complete already.
  [[nodiscard]] std::unique_ptr<Piece> piece(const std::string& id, std::uint64_t offset,
                                             std::optional<Checksum> checksum);
  /// Deletes unfinished ones after 7 days without a byte, and the memory of complete ones after
  /// one.
  void expire();

 private:
  friend class Piece;
  struct Record;
  [[nodiscard]] Record load(const std::string& id) const;
  void save(const std::string& id, const Record& record) const;
  [[nodiscard]] UploadState describe(const std::string& id, const Record& record) const;
  void settle(const std::string& id) const;
  [[nodiscard]] UploadState complete(const std::string& id, Piece::Live& live);
  Piece::Turn take(const std::string& id);
  void give_back(const Piece::Turn& turn);

  Space& space_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Piece::Live>> live_;
  std::uint64_t writers_ = 0;
};

}  // namespace hearth::files
