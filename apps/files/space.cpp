#include "space.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fields.h"

namespace hearth::files {
namespace {

using Json = nlohmann::json;

constexpr const char* sha256_attribute = "user.hearth.sha256";
constexpr std::int64_t day_ms = 86'400'000;
constexpr int most_numbers = 10'000;

// 12 digits of milliseconds, 8 of chance: sorts by time.
std::string new_trash_id(std::int64_t now_ms) {
  std::uint32_t chance = 0;
  if (::getrandom(&chance, sizeof chance, 0) != sizeof chance)
    throw problem_of(EIO, "draw a number");
  char text[32];
  (void)std::snprintf(text, sizeof text, "%012llx%08x", static_cast<unsigned long long>(now_ms),
                      chance);
  return text;
}

bool is_trash_id(std::string_view id) {
  return id.size() == 20 && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Calls `each(path, facts, fd of the folder)` for everything below, folders before what is in them.
template <class Each>
bool walk(int folder, const std::string& prefix, std::size_t depth, const Each& each) {
  if (depth > max_path_parts + 8) return true;
  for (const auto& name : names_in(folder)) {
    Facts facts;
    if (!look(folder, name, facts)) continue;
    const std::string path = prefix.empty() ? name : prefix + "/" + name;
    if (!each(path, name, facts)) return false;
    if (facts.kind != Kind::folder) continue;
    const Fd child{::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (child && !walk(child.get(), path, depth + 1, each)) return false;
  }
  return true;
}

}  // namespace

std::string kept_sha256(int fd, const Facts& facts) {
  std::array<char, 160> value;
  const ssize_t size = ::fgetxattr(fd, sha256_attribute, value.data(), value.size());
  if (size < 65) return {};
  const std::string text{value.data(), static_cast<std::size_t>(size)};
  const std::string expected =
      ":" + std::to_string(facts.size) + ":" + std::to_string(facts.modified_ns);
  return text.substr(64) == expected ? text.substr(0, 64) : std::string{};
}

void keep_sha256(int fd, const std::string& hex) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return;
  const Facts facts = facts_of(status);
  const std::string value =
      hex + ":" + std::to_string(facts.size) + ":" + std::to_string(facts.modified_ns);
  // A file system without attributes: the sum just isn't remembered.
  (void)::fsetxattr(fd, sha256_attribute, value.data(), value.size(), 0);
}

Space::Space(Fd directory, std::function<std::int64_t()> now_ms)
    : directory_(std::move(directory)),
      files_(files::make_folder(directory_.get(), "files")),
      trash_(files::make_folder(directory_.get(), "trash")),
      uploads_(files::make_folder(directory_.get(), "uploads")),
      now_ms_(std::move(now_ms)) {}

Entry Space::entry(const Path& path) const {
  if (path.is_top()) return {path, Facts{.kind = Kind::folder}, {}};
  const Fd folder = open_folder(files_.get(), path.parent());
  Entry entry{path, {}, {}};
  if (!look(folder.get(), std::string{path.name()}, entry.facts)) throw not_found(path.text());
  if (entry.facts.kind == Kind::file) {
    const OpenFile file = open(path);
    entry.sha256 = kept_sha256(file.fd.get(), file.facts);
  }
  return entry;
}

Page Space::list(const Path& path, const PageRequest& request) {
  const auto changes = changes_.load();
  const Fd folder = open_folder(files_.get(), path);
  return listings_.page(folder.get(), changes, request);
}

std::vector<Entry> Space::search(const Path& path, std::string_view text, std::size_t limit,
                                 bool& complete) const {
  const std::string wanted = folded(text);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  std::vector<Entry> found;
  const Fd folder = open_folder(files_.get(), path);
  complete = walk(folder.get(), path.text(), 0,
                  [&](const std::string& at, const std::string& name, const Facts& facts) {
                    if (std::chrono::steady_clock::now() > deadline) return false;
                    if (!folded(name).contains(wanted)) return true;
                    auto checked = Path::parse(at);
                    if (!checked) return true;
                    if (found.size() == limit) return false;
                    found.push_back({std::move(*checked), facts, {}});
                    return true;
                  });
  return found;
}

void Space::below(const Path& path,
                  const std::function<void(const std::string&, const Facts&)>& each) const {
  const Fd folder = open_folder(files_.get(), path);
  walk(folder.get(), path.text(), 0, [&](const std::string& at, const auto&, const Facts& facts) {
    each(at, facts);
    return true;
  });
}

Usage Space::usage() {
  const std::lock_guard lock{usage_mutex_};
  const auto changes = changes_.load();
  if (usage_changes_ != changes) {
    Usage fresh;
    walk(files_.get(), "", 0, [&](const auto&, const auto&, const Facts& facts) {
      fresh.used += facts.size;
      ++(facts.kind == Kind::folder ? fresh.folders : fresh.files);
      return true;
    });
    walk(trash_.get(), "", 0, [&](const auto&, const auto&, const Facts& facts) {
      fresh.trash += facts.size;
      return true;
    });
    fresh.used += fresh.trash;
    usage_ = fresh;
    usage_changes_ = changes;
  }
  Usage result = usage_;
  // Uploads grow all the time, and are few.
  walk(uploads_.get(), "", 0, [&](const auto&, const auto&, const Facts& facts) {
    result.used += facts.size;
    return true;
  });
  result.free = room_at(files_.get());
  return result;
}

std::string Space::make_folder(const Path& path) {
  const std::lock_guard lock{changing_};
  std::string made;
  (void)make_folders(files_.get(), path, &made);
  if (made.empty()) throw problem_of(EEXIST, "make \"" + path.text() + "\"");
  ++changes_;
  return made;
}

Path Space::put_locked(int directory, const std::string& name, const Path& to,
                       OnConflict on_conflict,
                       const std::function<void(const Path&)>& before_rename) {
  if (to.is_top()) throw Problem{400, "bad_request", "A name is missing."};
  const Fd folder = make_folders(files_.get(), to.parent());
  std::string leaf{to.name()};
  Path target = to;
  for (int number = 2;; ++number) {
    Facts there;
    const bool taken = look(folder.get(), leaf, there);
    if (taken && on_conflict == OnConflict::fail)
      throw problem_of(EEXIST, "use the name \"" + leaf + "\"");
    if (taken && on_conflict == OnConflict::replace) {
      if (there.kind == Kind::folder)
        throw Problem{409, "conflict", "\"" + leaf + "\" is a folder, and isn't replaced."};
      (void)trash_locked(target);
    }
    if (!taken || on_conflict == OnConflict::replace) {
      if (before_rename) before_rename(target);
      if (::renameat2(directory, name.c_str(), folder.get(), leaf.c_str(), RENAME_NOREPLACE) == 0)
        break;
      if (errno != EEXIST) throw problem_of(errno, "put \"" + leaf + "\" there");
      if (on_conflict != OnConflict::keep_both)
        throw problem_of(EEXIST, "use the name \"" + leaf + "\"");
    }
    if (number > most_numbers) throw problem_of(EEXIST, "find a free name");
    leaf = numbered(to.name(), number);
    auto checked = to.parent().join(leaf);
    if (!checked) throw problem_of(ENAMETOOLONG, "find a free name");
    target = std::move(*checked);
  }
  if (::fsync(folder.get()) != 0 || ::fsync(directory) != 0)
    throw problem_of(errno, "save the folder");
  ++changes_;
  return target;
}

Path Space::place(int directory, const std::string& name, const Path& to, OnConflict on_conflict,
                  const std::function<void(const Path&)>& before_rename) {
  const std::lock_guard lock{changing_};
  return put_locked(directory, name, to, on_conflict, before_rename);
}

Path Space::move(const Path& from, const Path& to, OnConflict on_conflict) {
  if (from.is_top()) throw Problem{400, "bad_request", "The top folder can't be moved."};
  const std::lock_guard lock{changing_};
  const Fd folder = open_folder(files_.get(), from.parent());
  Facts facts;
  if (!look(folder.get(), std::string{from.name()}, facts)) throw not_found(from.text());
  if (to.is_within(from) && (facts.kind == Kind::folder || to == from)) {
    if (to == from) return to;
    throw problem_of(EINVAL, "move \"" + from.text() + "\"");
  }
  return put_locked(folder.get(), std::string{from.name()}, to, on_conflict, {});
}

std::string Space::trash_locked(const Path& path) {
  if (path.is_top()) throw Problem{400, "bad_request", "The top folder can't be thrown away."};
  const Fd folder = open_folder(files_.get(), path.parent());
  const std::string name{path.name()};
  Facts facts;
  if (!look(folder.get(), name, facts)) throw not_found(path.text());
  const std::int64_t now = now_ms_();
  const std::string id = new_trash_id(now);
  const Fd place = files::make_folder(trash_.get(), id.c_str());
  // What is known of it first: an item without it would be lost, it without an item is nothing.
  replace_small(place.get(), "info", Json{{"path", path.text()}, {"deleted", now}}.dump());
  if (::renameat2(folder.get(), name.c_str(), place.get(), "item", RENAME_NOREPLACE) != 0) {
    const int error = errno;
    remove_tree(trash_.get(), id);
    throw problem_of(error, "throw \"" + path.text() + "\" away");
  }
  (void)::fsync(place.get());
  (void)::fsync(folder.get());
  (void)::fsync(trash_.get());
  ++changes_;
  return id;
}

std::string Space::trash(const Path& path) {
  const std::lock_guard lock{changing_};
  return trash_locked(path);
}

namespace {
std::optional<Trashed> read_trashed(int trash, const std::string& id) {
  if (!is_trash_id(id)) return std::nullopt;
  const Fd place{::openat(trash, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  Facts facts;
  if (!place || !look(place.get(), "item", facts)) return std::nullopt;
  const Json info = Json::parse(read_small(place.get(), "info"), nullptr, false);
  if (!info.is_object() || !info.contains("path") || !info["path"].is_string() ||
      !info.contains("deleted") || !info["deleted"].is_number_integer())
    return std::nullopt;
  return Trashed{id, info["path"].get<std::string>(), facts.kind, facts.size,
                 info["deleted"].get<std::int64_t>()};
}
}  // namespace

Path Space::restore(const std::string& id, OnConflict on_conflict) {
  const std::lock_guard lock{changing_};
  const auto it = read_trashed(trash_.get(), id);
  if (!it) throw Problem{404, "not_found", "That isn't in the trash any more."};
  const auto path = Path::parse(it->path);
  if (!path) throw Problem{500, "internal", "The trash doesn't know where that was."};
  const Fd place = open_folder(trash_.get(), *Path::parse(id));
  const Path result = put_locked(place.get(), "item", *path, on_conflict, {});
  remove_tree(trash_.get(), id);
  return result;
}

void Space::erase(const std::string& id) {
  const std::lock_guard lock{changing_};
  Facts facts;
  if (!is_trash_id(id) || !look(trash_.get(), id, facts))
    throw Problem{404, "not_found", "That isn't in the trash any more."};
  remove_tree(trash_.get(), id);
  ++changes_;
}

void Space::empty_trash() {
  const std::lock_guard lock{changing_};
  for (const auto& name : names_in(trash_.get())) remove_tree(trash_.get(), name);
  ++changes_;
}

std::vector<Trashed> Space::trashed(const std::string& cursor, std::size_t limit,
                                    std::size_t& total, std::string& next) {
  auto ids = names_in(trash_.get());
  std::erase_if(ids, [](const auto& id) { return !is_trash_id(id); });
  std::ranges::sort(ids, std::greater{});
  total = ids.size();
  next.clear();
  std::vector<Trashed> result;
  for (const auto& id : ids) {
    if (!cursor.empty() && id >= cursor) continue;
    if (result.size() == limit) {
      next = result.back().id;
      break;
    }
    if (auto it = read_trashed(trash_.get(), id)) result.push_back(std::move(*it));
  }
  return result;
}

void Space::expire() {
  const std::lock_guard lock{changing_};
  char oldest[32];
  (void)std::snprintf(
      oldest, sizeof oldest, "%012llx",
      static_cast<unsigned long long>(std::max<std::int64_t>(0, now_ms_() - trash_days * day_ms)));
  for (const auto& id : names_in(trash_.get())) {
    if (id >= std::string{oldest}) continue;
    remove_tree(trash_.get(), id);
    ++changes_;
  }
}

}  // namespace hearth::files
