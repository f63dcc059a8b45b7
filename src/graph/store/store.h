#pragma once
// Ordered durable storage as the graph's cores see it.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/base/strong.h>

namespace hearth::graph_store {

enum class StoreError : std::uint8_t {
  full,         ///< no space left; nothing of the batch was kept
  unavailable,  ///< the disk failed; nothing of the batch was kept, as far as can be known
  corrupt,      ///< what was read back is not what was written
  too_new,      ///< a later version of this program wrote it
};

/// Changes that take effect together or not at all, in this order. One buffer for all of them.
class Batch {
 public:
  struct Change {
    std::string_view key;
    std::optional<BytesView> value;  ///< nothing: the key is erased
  };

  void put(std::string_view key, BytesView value) { add(key, value, false); }
  void erase(std::string_view key) { add(key, {}, true); }
  void clear();

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  /// Of keys and values together.
  [[nodiscard]] std::size_t size_bytes() const { return buffer_.size(); }
  /// Borrowed until the batch changes.
  [[nodiscard]] Change operator[](std::size_t index) const;

 private:
  struct Place {
    std::size_t begin;
    std::size_t key_size;
    std::size_t value_size;
    bool erased;
  };
  void add(std::string_view key, BytesView value, bool erased);

  Bytes buffer_;
  std::vector<Place> places_;
};

/// Keys in [from, to), bytewise. An empty `to` means no upper bound.
struct Range {
  enum class Order : std::uint8_t { ascending, descending };
  std::string from;
  std::string to;
  Order order = Order::ascending;
};

/// All keys that begin with `prefix`.
[[nodiscard]] Range prefix_range(std::string_view prefix);

/// Counts writes; the ones of a store are numbered from 1 since it was opened.
using Ticket = Strong<struct TicketTag, std::uint64_t>;

/// One thread at a time, unless an implementation says more.
class Store {
 public:
  /// Returns false to stop. The views live for the visit alone; the store must not be written to.
  using Visitor = std::function<bool(std::string_view key, BytesView value)>;

  virtual ~Store() = default;

  /// Replaces `value`, and returns true; or returns false and leaves it alone: there is no such
  /// key.
  [[nodiscard]] virtual Result<bool, StoreError> get(std::string_view key, Bytes& value) const = 0;
  /// One answer per key, in the order of the keys.
  [[nodiscard]] virtual Result<std::vector<std::optional<Bytes>>, StoreError> get_many(
      std::span<const std::string_view> keys) const;
  [[nodiscard]] virtual Result<Unit, StoreError> scan(const Range& range,
                                                      const Visitor& visit) const = 0;

  /// Applies the batch: readers see it at once, all of it. A crash may lose it, and with it all
  /// that was written later, until it is durable; never a part of it.
  [[nodiscard]] virtual Result<Ticket, StoreError> write(const Batch& batch) = 0;
  /// Makes everything written so far durable, and returns the last ticket that is. May block.
  [[nodiscard]] virtual Result<Ticket, StoreError> sync() = 0;
  /// Writes up to this one survive a crash and a power cut.
  [[nodiscard]] virtual Ticket durable() const = 0;

  [[nodiscard]] Result<std::optional<Bytes>, StoreError> get(std::string_view key) const;
};

}  // namespace hearth::graph_store
