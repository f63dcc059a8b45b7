#include "archive.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include <sys/random.h>
#include <unistd.h>

namespace hearth::files {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

[[noreturn]] void changed(const Path& path) {
  throw Problem{409, "conflict", "\"" + path.text() + "\" has changed meanwhile."};
}

std::size_t read_at(int fd, MutableBytes out, std::uint64_t at, const Path& path) {
  const ssize_t count = ::pread(fd, out.data(), out.size(), static_cast<off_t>(at));
  if (count <= 0) changed(path);
  return static_cast<std::size_t>(count);
}

/// The sum of a file's first `size` bytes.
std::uint32_t crc_of_start(int fd, std::uint64_t size, const Path& path) {
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(size, piece_bytes)));
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < size;) {
    const auto want = std::min<std::uint64_t>(size - at, buffer.size());
    const auto out = MutableBytes{buffer}.first(static_cast<std::size_t>(want));
    const std::size_t count = read_at(fd, out, at, path);
    crc = zip_crc32(out.first(count), crc);
    at += count;
  }
  return crc;
}

std::string new_id() {
  std::uint64_t chance[2];
  if (::getrandom(chance, sizeof chance, 0) != sizeof chance)
    throw problem_of(EIO, "draw a number");
  char text[40];
  (void)std::snprintf(text, sizeof text, "%016llx%016llx",
                      static_cast<unsigned long long>(chance[0]),
                      static_cast<unsigned long long>(chance[1]));
  return text;
}

}  // namespace

Archive::Archive(const Space& space, const std::vector<Path>& paths, std::string name)
    : space_(space), name_(std::move(name)) {
  std::set<std::string> taken;
  for (const Path& path : paths) {
    const Entry entry = space.entry(path);
    // What was found in several folders can have one name.
    std::string top{path.name()};
    for (int number = 2; !path.is_top() && !taken.insert(folded(top)).second; ++number)
      top = numbered(path.name(), number);
    if (!path.is_top()) add(path, top, entry.facts);
    if (entry.facts.kind != Kind::folder) continue;
    const std::size_t cut = path.is_top() ? 0 : path.text().size() + 1;
    space.below(path, [&](const std::string& at, const Facts& facts) {
      if (auto checked = Path::parse(at))
        add(*checked, (path.is_top() ? "" : top + "/") + at.substr(cut), facts);
    });
  }
  crcs_.resize(layout_.count());
}

void Archive::add(const Path& path, std::string name, const Facts& facts) {
  if (facts.kind == Kind::other) return;
  if (layout_.count() == most_entries)
    throw Problem{413, "too_large",
                  "That is more than 100,000 files. Choose fewer folders at a time."};
  const bool folder = facts.kind == Kind::folder;
  layout_.add({.name = std::move(name),
               .folder = folder,
               .size = facts.size,
               .modified_s = facts.modified_ns / 1'000'000'000});
  sources_.push_back({path, folder ? std::string{} : facts.etag()});
  files_ += folder ? 0 : 1;
}

Fd Archive::open(std::size_t i) const {
  OpenFile file = space_.open(sources_[i].path);
  if (file.facts.etag() != sources_[i].etag) changed(sources_[i].path);
  return std::move(file.fd);
}

void Archive::keep_crc(std::size_t i, std::uint32_t crc) {
  const std::lock_guard lock{mutex_};
  crcs_[i] = crc;
}

std::uint32_t Archive::crc(std::size_t i) {
  const ZipEntry& entry = layout_.entry(i);
  if (entry.folder) return 0;
  {
    const std::lock_guard lock{mutex_};
    if (crcs_[i]) return *crcs_[i];
  }
  const Fd fd = open(i);
  const std::uint32_t crc = crc_of_start(fd.get(), entry.size, sources_[i].path);
  keep_crc(i, crc);
  return crc;
}

Archive::Reader::Reader(std::shared_ptr<Archive> archive, std::uint64_t position)
    : archive_(std::move(archive)), position_(position) {}

std::size_t Archive::Reader::read(MutableBytes out) {
  std::size_t filled = 0;
  while (filled < out.size() && position_ < archive_->length()) {
    const std::size_t count = read_piece(out.subspan(filled));
    filled += count;
    position_ += count;
  }
  return filled;
}

std::size_t Archive::Reader::read_piece(MutableBytes out) {
  const ZipLayout& layout = archive_->layout_;
  const auto copy = [&](const std::string& made, std::uint64_t from) {
    const auto rest = as_bytes(made).subspan(static_cast<std::size_t>(from));
    const std::size_t count = std::min(rest.size(), out.size());
    std::ranges::copy(rest.first(count), out.begin());
    return count;
  };
  if (position_ >= layout.directory_offset()) {
    // From the first record on: a record's place depends on all before it.
    for (; record_ < layout.count(); ++record_) {
      const std::string made = layout.record(record_, archive_->crc(record_));
      if (position_ < record_at_ + made.size()) return copy(made, position_ - record_at_);
      record_at_ += made.size();
    }
    return copy(layout.end(), position_ - record_at_);
  }
  const std::size_t i = layout.entry_at(position_);
  const std::uint64_t size = layout.entry(i).size;
  const std::uint64_t within = position_ - layout.offset(i);
  const std::string header = layout.header(i);
  if (within < header.size()) return copy(header, within);
  const std::uint64_t at = within - header.size();
  if (at >= size) return copy(layout.descriptor(i, archive_->crc(i)), at - size);
  return read_data(
      i, at, out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - at))));
}

std::size_t Archive::Reader::read_data(std::size_t i, std::uint64_t at, MutableBytes out) {
  const Path& path = archive_->sources_[i].path;
  if (!fd_ || open_ != i) {
    fd_ = archive_->open(i);
    open_ = i;
    // In the middle only where a download goes on.
    crc_ = crc_of_start(fd_.get(), at, path);
  }
  const std::size_t count = read_at(fd_.get(), out, at, path);
  crc_ = zip_crc32(out.first(count), crc_);
  if (at + count == archive_->layout_.entry(i).size) {
    archive_->keep_crc(i, crc_);
    fd_ = {};
  }
  return count;
}

std::string Archives::keep(std::shared_ptr<Archive> archive, std::int64_t now_ms) {
  const std::lock_guard lock{mutex_};
  kept_.push_front({new_id(), std::move(archive), now_ms});
  if (kept_.size() > most_kept) kept_.pop_back();
  return kept_.front().id;
}

std::shared_ptr<Archive> Archives::find(std::string_view id, std::int64_t now_ms) {
  const std::lock_guard lock{mutex_};
  std::erase_if(kept_, [&](const Kept& kept) { return now_ms - kept.used_ms > kept_ms; });
  const auto found = std::ranges::find(kept_, id, &Kept::id);
  if (found == kept_.end())
    throw Problem{404, "not_found", "That download has expired. Begin it again."};
  found->used_ms = now_ms;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().archive;
}

}  // namespace hearth::files
