#include "uploads.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include <nlohmann/json.hpp>
#include <sys/random.h>
#include <unistd.h>

namespace hearth::files {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::uint64_t flush_bytes = 8 << 20;
constexpr std::size_t most_uploads = 20'000;
/// A piece of which nothing came for so long gives way to another.
constexpr std::int64_t silent_ms = 3000;

Problem no_such_upload() {
  return {404, "not_found", "That upload isn't known any more. Start it again."};
}

bool is_id(std::string_view id) {
  return id.size() == 32 && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Problem bad_path() {
  return {
      400, "bad_request",
      "That name can't be used: it is empty, too long, or has a character that files can't have."};
}

Path checked_path(std::string_view text) {
  auto path = Path::parse(text);
  if (!path) throw bad_path();
  return std::move(*path);
}

// For more bytes: others may have filled the disk since the upload began. What has come whole is
// put in its place all the same.
void check_room(int fd) {
  if (room_at(fd) == 0) throw problem_of(ENOSPC, "go on with this file");
}

std::uint64_t size_of(int directory, const std::string& name) {
  Facts facts;
  return look(directory, name, facts) ? facts.size : 0;
}

}  // namespace

UploadRequest upload_request(std::uint64_t length, std::string_view metadata) {
  const auto fields = parse_metadata(metadata);
  if (!fields) throw Problem{400, "bad_request", "Upload-Metadata isn't as tus says."};
  const auto get = [&](const char* key) {
    const auto found = fields->find(key);
    return found == fields->end() || found->second == "null" || found->second == "undefined"
               ? std::string{}
               : found->second;
  };
  if (length > most_upload_bytes) throw Problem{413, "too_large", "That file is too large."};
  UploadRequest request{.length = length, .metadata = std::string{metadata}};
  std::string below = get("relativePath");
  if (below.empty()) below = get("name").empty() ? get("filename") : get("name");
  const std::string folder = get("path");
  const Path relative = checked_path(below);
  if (relative.is_top()) throw bad_path();
  request.path = checked_path(folder.empty() ? relative.text()
                                             : checked_path(folder).text() + "/" + relative.text());
  const std::string conflict = get("onConflict");
  if (conflict == "replace")
    request.on_conflict = OnConflict::replace;
  else if (conflict == "fail")
    request.on_conflict = OnConflict::fail;
  else if (!conflict.empty() && conflict != "keep_both")
    throw Problem{400, "bad_request", "onConflict is keep_both, replace or fail."};
  if (const auto modified = get("mtime"); !modified.empty()) {
    const auto ms = parse_number(modified);
    if (!ms || *ms > 253'402'300'799'000)
      throw Problem{400, "bad_request", "mtime isn't a number of milliseconds."};
    request.modified_ms = static_cast<std::int64_t>(*ms);
  }
  request.sha256 = get("sha256");
  if (!request.sha256.empty()) {
    const auto bytes = from_hex(request.sha256);
    if (!bytes || bytes->size() != 32)
      throw Problem{400, "bad_request", "sha256 isn't 64 hexadecimal digits."};
    request.sha256 = to_hex(*bytes);
  }
  return request;
}

struct Uploads::Record {
  UploadRequest request;
  std::string final_path, final_sum;  ///< once all bytes were there
};

// What is known of an upload while this process runs: the sum of its first bytes, and who writes.
struct Piece::Live {
  std::string id;
  /// The piece that may write; 0: none. Once it is another's, a piece has no effect any more.
  std::atomic<std::uint64_t> writer = 0;
  std::atomic<std::int64_t> heard_ms = 0;  ///< when bytes came last
  std::mutex writing;                      ///< held for each write, and guards all below
  Sha256 sum;
  std::uint64_t summed = 0;
  std::uint64_t length = 0;
};

Uploads::Record Uploads::load(const std::string& id) const {
  Facts facts;
  if (!is_id(id) || !look(space_.uploads(), id, facts)) throw no_such_upload();
  const Json json = Json::parse(read_small(space_.uploads(), id), nullptr, false);
  if (!json.is_object()) throw no_such_upload();
  Record record;
  try {
    record.request.length = json.at("length").get<std::uint64_t>();
    record.request.path = checked_path(json.at("path").get<std::string>());
    record.request.on_conflict = static_cast<OnConflict>(json.at("on_conflict").get<int>());
    if (json.contains("modified"))
      record.request.modified_ms = json.at("modified").get<std::int64_t>();
    record.request.sha256 = json.at("sha256").get<std::string>();
    record.request.metadata = json.at("metadata").get<std::string>();
    record.final_path = json.value("final_path", "");
    record.final_sum = json.value("final_sum", "");
  } catch (const Json::exception&) {
    throw no_such_upload();
  }
  return record;
}

void Uploads::save(const std::string& id, const Record& record) const {
  Json json{{"length", record.request.length},
            {"path", record.request.path.text()},
            {"on_conflict", static_cast<int>(record.request.on_conflict)},
            {"sha256", record.request.sha256},
            {"metadata", record.request.metadata}};
  if (record.request.modified_ms) json["modified"] = *record.request.modified_ms;
  if (!record.final_path.empty()) {
    json["final_path"] = record.final_path;
    json["final_sum"] = record.final_sum;
  }
  replace_small(space_.uploads(), id, json.dump());
}

UploadState Uploads::describe(const std::string& id, const Record& record) const {
  UploadState state{.id = id, .length = record.request.length, .metadata = record.request.metadata};
  Facts part;
  const bool has_part = look(space_.uploads(), id + ".part", part);
  Facts own;
  (void)look(space_.uploads(), id, own);
  const std::int64_t last_ms = (has_part ? part : own).modified_ns / 1'000'000;
  if (!has_part && !record.final_path.empty()) {
    state.complete = true;
    state.offset = state.length;
    state.path = checked_path(record.final_path);
    state.sha256 = record.final_sum;
    state.expires_ms = last_ms + day_ms;
  } else {
    state.offset = part.size;
    state.expires_ms = last_ms + upload_days * day_ms;
  }
  return state;
}

// Undoes a checked piece that a crash cut short.
void Uploads::settle(const std::string& id) const {
  Facts facts;
  if (!look(space_.uploads(), id + ".pending", facts)) return;
  const auto offset = parse_number(read_small(space_.uploads(), id + ".pending"));
  const Fd part{
      ::openat(space_.uploads(), (id + ".part").c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (part && offset && *offset < size_of(space_.uploads(), id + ".part") &&
      ::ftruncate(part.get(), static_cast<off_t>(*offset)) != 0)
    throw problem_of(errno, "go on with the upload");
  (void)::unlinkat(space_.uploads(), (id + ".pending").c_str(), 0);
}

Piece::Turn Uploads::take(const std::string& id) {
  const std::lock_guard lock{mutex_};
  auto& live = live_[id];
  if (!live) {
    live = std::make_shared<Piece::Live>();
    live->id = id;
  }
  // Whoever went on elsewhere left a connection that nobody has missed yet, perhaps.
  std::unique_lock writing{live->writing, std::try_to_lock};
  const bool free = live->writer == 0 || (writing && space_.now_ms() - live->heard_ms >= silent_ms);
  if (!free || !writing)
    throw Problem{423, "busy",
                  "Another part of this file is still being received. Try again in a moment."};
  live->writer = ++writers_;
  live->heard_ms = space_.now_ms();
  return {live, writers_};
}

void Uploads::give_back(const Piece::Turn& turn) {
  const std::lock_guard lock{mutex_};
  std::uint64_t mine = turn.writer;
  turn.live->writer.compare_exchange_strong(mine, 0);
  // Sums of many uploads that never go on aren't kept: they can be made again from the bytes.
  if (live_.size() > 1024)
    std::erase_if(live_, [](const auto& one) { return one.second->writer == 0; });
}

UploadState Uploads::create(const UploadRequest& request) {
  if (names_in(space_.uploads()).size() > most_uploads)
    throw Problem{503, "busy", "Too many uploads are unfinished. Finish or stop some first."};
  if (request.length > room_at(space_.uploads())) throw problem_of(ENOSPC, "take this file");
  if (request.on_conflict == OnConflict::fail) {
    bool taken = true;
    try {
      (void)space_.entry(request.path);
    } catch (const Problem&) {
      taken = false;
    }
    if (taken) throw problem_of(EEXIST, "use the name \"" + request.path.text() + "\"");
  }
  std::array<std::byte, 16> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    throw problem_of(EIO, "draw a number");
  const std::string id = to_hex(random);
  {
    const Fd part{::openat(space_.uploads(), (id + ".part").c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!part) throw problem_of(errno, "take this file");
  }
  const Record record{.request = request, .final_path = {}, .final_sum = {}};
  save(id, record);
  if (request.length == 0) return piece(id, 0, std::nullopt)->finish();
  return describe(id, record);
}

UploadState Uploads::state(const std::string& id) {
  const Record record = load(id);
  bool busy = false;
  {
    const std::lock_guard lock{mutex_};
    const auto live = live_.find(id);
    busy = live != live_.end() && live->second->writer != 0;
    if (!busy) settle(id);
  }
  UploadState state = describe(id, record);
  // All bytes are there but the file isn't in its place: a crash in between. Saying "all of it" now
  // would be a promise.
  if (!state.complete && state.offset == state.length) {
    if (busy)
      throw Problem{423, "busy", "The file is being put in its place. Ask again in a moment."};
    return piece(id, state.offset, std::nullopt)->finish();
  }
  // While a checked piece is written its bytes don't count yet.
  Facts pending;
  if (!state.complete && look(space_.uploads(), id + ".pending", pending))
    state.offset =
        parse_number(read_small(space_.uploads(), id + ".pending")).value_or(state.offset);
  return state;
}

void Uploads::remove(const std::string& id) {
  (void)load(id);
  (void)take(id);
  for (const char* suffix : {".part", ".pending", ""})
    (void)::unlinkat(space_.uploads(), (id + suffix).c_str(), 0);
  const std::lock_guard lock{mutex_};
  live_.erase(id);
}

std::unique_ptr<Piece> Uploads::piece(const std::string& id, std::uint64_t offset,
                                      std::optional<Checksum> checksum) {
  const Record record = load(id);
  const Piece::Turn turn = take(id);
  Piece::Live& live = *turn.live;
  try {
    settle(id);
    const UploadState state = describe(id, record);
    // Bytes of a piece that was undone.
    if (live.summed > state.offset) {
      live.sum = {};
      live.summed = 0;
    }
    if (state.complete) throw Problem{410, "gone", "That upload is complete already."};
    if (state.offset != offset)
      throw Problem{409, "conflict",
                    "The upload goes on at byte " + std::to_string(state.offset) + "."};
    live.length = state.length;
    Fd part{::openat(space_.uploads(), (id + ".part").c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
    if (!part) throw problem_of(errno, "go on with the upload");
    if (offset < state.length) check_room(part.get());
    if (checksum) replace_small(space_.uploads(), id + ".pending", std::to_string(offset));
    return std::unique_ptr<Piece>{
        new Piece{*this, turn, std::move(part), offset, std::move(checksum)}};
  } catch (...) {
    give_back(turn);
    throw;
  }
}

Piece::Piece(Uploads& uploads, Turn turn, Fd part, std::uint64_t offset,
             std::optional<Checksum> checksum)
    : uploads_(uploads),
      turn_(std::move(turn)),
      part_(std::move(part)),
      offset_(offset),
      flushed_(offset),
      checksum_(std::move(checksum)) {}

Piece::~Piece() {
  const std::lock_guard writing{turn_.live->writing};
  if (turn_.live->writer != turn_.writer) return;
  if (!finished_ && checksum_) {
    try {
      uploads_.settle(turn_.live->id);
    } catch (const std::exception&) {
      // The mark stays, and whoever goes on settles it.
    }
  }
  uploads_.give_back(turn_);
}

std::unique_lock<std::mutex> Piece::begin() {
  std::unique_lock writing{turn_.live->writing};
  if (turn_.live->writer != turn_.writer)
    throw Problem{423, "busy", "This part came too late: the upload went on elsewhere."};
  return writing;
}

void Piece::hear() {
  if (turn_.live->writer == turn_.writer) turn_.live->heard_ms = uploads_.space_.now_ms();
}

void Piece::write(BytesView bytes) {
  const auto writing = begin();
  Live& live = *turn_.live;
  if (bytes.size() > live.length - offset_)
    throw Problem{413, "too_large", "More bytes came than the file has."};
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto rest = bytes.subspan(done);
    const ssize_t count =
        ::pwrite(part_.get(), rest.data(), rest.size(), static_cast<off_t>(offset_ + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw problem_of(errno, "save the file");
    done += static_cast<std::size_t>(count);
  }
  if (live.summed == offset_) {
    live.sum.update(bytes);
    live.summed += bytes.size();
  }
  if (checksum_) piece_sum_.update(bytes);
  offset_ += bytes.size();
  if (offset_ - flushed_ >= flush_bytes) {
    // Starts writing back early, so that the last fsync is short.
    (void)::sync_file_range(part_.get(), static_cast<off_t>(flushed_),
                            static_cast<off_t>(offset_ - flushed_), SYNC_FILE_RANGE_WRITE);
    flushed_ = offset_;
    if (offset_ < live.length) check_room(part_.get());
  }
}

UploadState Piece::finish() {
  const auto writing = begin();
  Live& live = *turn_.live;
  if (checksum_) {
    if (piece_sum_.digest() != checksum_->digest)
      throw Problem{460, "checksum_mismatch",
                    "What arrived isn't what was sent. It is sent again."};
    if (::fdatasync(part_.get()) != 0) throw problem_of(errno, "save the file");
    (void)::unlinkat(uploads_.space_.uploads(), (live.id + ".pending").c_str(), 0);
  }
  finished_ = true;
  if (offset_ < live.length) return uploads_.describe(live.id, uploads_.load(live.id));
  return uploads_.complete(live.id, live);
}

UploadState Uploads::complete(const std::string& id, Piece::Live& live) {
  Record record = load(id);
  const std::string part = id + ".part";
  const Fd file{::openat(space_.uploads(), part.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
  if (!file) throw problem_of(errno, "finish the upload");
  // Bytes that came before this process started.
  std::array<std::byte, 65536> buffer;
  while (live.summed < live.length) {
    const auto want =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), live.length - live.summed));
    const ssize_t count = ::pread(file.get(), buffer.data(), want, static_cast<off_t>(live.summed));
    if (count <= 0) throw problem_of(count < 0 ? errno : EIO, "finish the upload");
    live.sum.update(BytesView{buffer}.first(static_cast<std::size_t>(count)));
    live.summed += static_cast<std::uint64_t>(count);
  }
  record.final_sum = to_hex(live.sum.digest());
  if (!record.request.sha256.empty() && record.request.sha256 != record.final_sum) {
    for (const char* suffix : {".part", ""})
      (void)::unlinkat(space_.uploads(), (id + suffix).c_str(), 0);
    throw Problem{460, "checksum_mismatch", "The whole file isn't what was sent. Upload it again."};
  }
  if (record.request.modified_ms) {
    const timespec at{.tv_sec = *record.request.modified_ms / 1000,
                      .tv_nsec = *record.request.modified_ms % 1000 * 1'000'000};
    const timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, at};
    (void)::futimens(file.get(), times);
  }
  keep_sha256(file.get(), record.final_sum);
  if (::fsync(file.get()) != 0) throw problem_of(errno, "save the file");
  (void)space_.place(space_.uploads(), part, record.request.path, record.request.on_conflict,
                     [&](const Path& path) {
                       record.final_path = path.text();
                       save(id, record);
                     });
  return describe(id, record);
}

void Uploads::expire() {
  for (const auto& name : names_in(space_.uploads())) {
    const std::string id = name.substr(0, 32);
    if (!is_id(id)) {
      (void)::unlinkat(space_.uploads(), name.c_str(), 0);
      continue;
    }
    Facts facts;
    if (!look(space_.uploads(), id, facts)) {
      // Bytes without a record: a crash between the two. A fresh one is being made.
      if (look(space_.uploads(), name, facts) &&
          facts.modified_ns / 1'000'000 < space_.now_ms() - day_ms)
        (void)::unlinkat(space_.uploads(), name.c_str(), 0);
      continue;
    }
    if (name != id) continue;
    try {
      if (describe(id, load(id)).expires_ms < space_.now_ms()) remove(id);
    } catch (const Problem&) {
      // Busy, or gone meanwhile.
    }
  }
}

}  // namespace hearth::files
