#include "listing.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>

#include <time.h>

#include "fields.h"

namespace hearth::files {
namespace {

// What an entry sorts by: folders first, then a number, then the name as people read it, then its
// bytes.
struct Rank {
  bool file = false;
  std::uint64_t number = 0;
  std::string key;
  std::string_view name;
};

std::uint64_t number_of(const Item& item, Sort sort) {
  if (sort == Sort::size) return item.facts.size;
  // Biased, so that times before 1970 sort first.
  if (sort == Sort::modified)
    return static_cast<std::uint64_t>(item.facts.modified_ns) ^ (std::uint64_t{1} << 63);
  return 0;
}

Rank rank(const Item& item, Sort sort) {
  return {item.facts.kind != Kind::folder, number_of(item, sort), sort_key(item.name), item.name};
}

bool before(const Rank& a, const Rank& b, Order order) {
  if (a.file != b.file) return b.file;
  const Rank& left = order == Order::ascending ? a : b;
  const Rank& right = order == Order::ascending ? b : a;
  if (left.number != right.number) return left.number < right.number;
  if (const int by_key = left.key.compare(right.key); by_key != 0) return by_key < 0;
  return left.name < right.name;
}

std::string to_cursor(const Item& item, Sort sort) {
  return to_hex(as_bytes((item.facts.kind == Kind::folder ? "d" : "f") +
                         std::to_string(number_of(item, sort)) + "/" + item.name));
}

std::int64_t wall_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

struct Listings::Folder {
  std::int64_t modified_ns = 0;
  std::uint64_t changes = 0;
  bool settled = false;  ///< read long enough after its last change that the time alone tells
  std::vector<Item> items;
  std::size_t folders = 0;
  std::mutex mutex;  ///< of what follows
  std::array<std::vector<std::uint32_t>, 6> orders;

  const std::vector<std::uint32_t>& ordered(Sort sort, Order order) {
    const std::lock_guard lock{mutex};
    auto& result = orders[static_cast<std::size_t>(sort) * 2 + static_cast<std::size_t>(order)];
    if (result.size() == items.size()) return result;
    std::vector<Rank> ranks;
    ranks.reserve(items.size());
    for (const auto& item : items) ranks.push_back(rank(item, sort));
    result.resize(items.size());
    std::iota(result.begin(), result.end(), 0U);
    std::ranges::sort(result, [&](std::uint32_t a, std::uint32_t b) {
      return before(ranks[a], ranks[b], order);
    });
    return result;
  }
};

std::shared_ptr<Listings::Folder> Listings::folder(int fd, std::uint64_t changes) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw problem_of(errno, "list the folder");
  const Key key{status.st_dev, status.st_ino};
  const auto modified = facts_of(status).modified_ns;
  {
    const std::lock_guard lock{mutex_};
    const auto found = std::ranges::find(kept_, key, [](const auto& one) { return one.first; });
    if (found != kept_.end()) {
      const auto& kept = *found->second;
      if (kept.modified_ns == modified && (kept.settled || kept.changes == changes)) {
        kept_.splice(kept_.begin(), kept_, found);
        return kept_.front().second;
      }
      kept_.erase(found);
    }
  }
  auto fresh = std::make_shared<Folder>();
  fresh->modified_ns = modified;
  fresh->changes = changes;
  fresh->settled = wall_ns() - modified > 2'000'000'000;
  for (auto& name : names_in(fd)) {
    Item item{std::move(name), {}};
    // Names that can't be asked for (not UTF-8, say) could only come from outside; they aren't
    // shown.
    if (!check_name(item.name) || !look(fd, item.name, item.facts)) continue;
    fresh->folders += item.facts.kind == Kind::folder ? 1 : 0;
    fresh->items.push_back(std::move(item));
  }
  const std::lock_guard lock{mutex_};
  kept_.emplace_front(key, fresh);
  std::size_t items = 0;
  for (auto it = kept_.begin(); it != kept_.end();) {
    items += it->second->items.size();
    const bool keep = it == kept_.begin() || (items <= most_items && it->first != key);
    it = keep ? std::next(it) : kept_.erase(it);
  }
  while (kept_.size() > 64) kept_.pop_back();
  return fresh;
}

Page Listings::page(int fd, std::uint64_t changes, const PageRequest& request) {
  const auto folder = this->folder(fd, changes);
  const auto& order = folder->ordered(request.sort, request.order);
  Page page;
  char version[32];
  (void)std::snprintf(version, sizeof version, "%llx-%zx",
                      static_cast<unsigned long long>(folder->modified_ns), folder->items.size());
  page.version = version;
  page.total = order.size();
  page.folders = folder->folders;
  page.offset = std::min(request.offset, order.size());
  if (!request.cursor.empty()) {
    const auto bytes = from_hex(request.cursor);
    const auto text = bytes ? std::optional{to_text(*bytes)} : std::nullopt;
    const auto slash = text ? text->find('/') : std::string::npos;
    const auto number = slash == std::string::npos
                            ? std::nullopt
                            : parse_number(std::string_view{*text}.substr(1, slash - 1));
    if (!number || (text->front() != 'd' && text->front() != 'f'))
      throw Problem{400, "bad_request", "The cursor isn't one of ours. Start the list again."};
    const std::string_view name = std::string_view{*text}.substr(slash + 1);
    const Rank last{text->front() == 'f', *number, sort_key(name), name};
    const auto next =
        std::upper_bound(order.begin(), order.end(), last, [&](const Rank& a, std::uint32_t b) {
          return before(a, rank(folder->items[b], request.sort), request.order);
        });
    page.offset = static_cast<std::size_t>(next - order.begin());
  }
  const std::size_t end = std::min(order.size(), page.offset + request.limit);
  for (std::size_t i = page.offset; i < end; ++i) page.items.push_back(folder->items[order[i]]);
  if (end < order.size()) page.cursor = to_cursor(page.items.back(), request.sort);
  return page;
}

}  // namespace hearth::files
