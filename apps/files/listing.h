#pragma once
// A folder in order, page by page. What was read is kept while the folder hasn't changed, so that
// paging through 100,000 entries sorts once.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "disk.h"

namespace hearth::files {

enum class Sort : std::uint8_t { name, size, modified };
enum class Order : std::uint8_t { ascending, descending };

struct Item {
  std::string name;
  Facts facts;
};

struct PageRequest {
  Sort sort = Sort::name;
  Order order = Order::ascending;
  std::size_t limit = 200;
  std::string cursor;  ///< empty: from `offset`
  std::size_t offset = 0;
};

struct Page {
  std::string version;
  std::size_t total = 0, folders = 0, offset = 0;
  std::vector<Item> items;
  std::string cursor;  ///< empty at the end
};

/// Thread-safe.
class Listings {
 public:
  /// `changes` grows with every change made through this service: it tells apart what the clock's
  /// tick doesn't. Throws Problem for a cursor that isn't ours.
  [[nodiscard]] Page page(int folder, std::uint64_t changes, const PageRequest& request);

 private:
  struct Folder;
  struct Key {
    std::uint64_t device = 0, inode = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  std::shared_ptr<Folder> folder(int folder, std::uint64_t changes);

  static constexpr std::size_t most_items = 400'000;
  std::mutex mutex_;
  std::list<std::pair<Key, std::shared_ptr<Folder>>> kept_;  ///< most recently used first
};

}  // namespace hearth::files
