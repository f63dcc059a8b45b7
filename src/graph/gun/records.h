#pragma once
// Records between the relay and its store: what was read lately, what waits to be written, and what
// is being written. Reads see all of it; a crash loses what waits.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <hearth/base/bytes.h>
#include <hearth/graph_store/store.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

using graph_store::StoreError;

/// How far a record's latest value has come.
enum class Progress : std::uint8_t { durable, in_flight, waiting };

class Records {
 public:
  /// The store must outlive it. `cache_bytes` bounds what was read lately.
  Records(const graph_store::Store& store, std::size_t cache_bytes)
      : store_(store), cache_bytes_(cache_bytes) {}

  /// The latest value, nothing when there is none. Borrowed until the next call.
  [[nodiscard]] Result<std::optional<BytesView>, StoreError> get(std::string_view key);
  /// The value that was durable last.
  [[nodiscard]] Result<std::optional<BytesView>, StoreError> get_durable(std::string_view key);
  [[nodiscard]] Progress progress(std::string_view key) const;

  void put(std::string_view key, Bytes value) { change(key, std::move(value)); }
  void erase(std::string_view key) { change(key, std::nullopt); }

  /// The latest values in the order of their keys.
  [[nodiscard]] Result<Unit, StoreError> scan(const graph_store::Range& range,
                                              const graph_store::Store::Visitor& visit);

  [[nodiscard]] bool waiting() const { return !waiting_.empty(); }
  [[nodiscard]] bool in_flight() const { return !in_flight_.empty(); }
  /// Of what isn't durable yet.
  [[nodiscard]] std::size_t pending_bytes() const { return waiting_bytes_ + in_flight_bytes_; }
  /// What waits goes into flight; nothing may be in flight.
  [[nodiscard]] graph_store::Batch take();
  void committed();
  /// The batch was not kept, so what was built upon it can't be either: back to what is durable.
  void failed();

 private:
  using Changes = std::map<std::string, std::optional<Bytes>, std::less<>>;
  using Cache = std::unordered_map<std::string, std::optional<Bytes>, TextHash, std::equal_to<>>;

  void change(std::string_view key, std::optional<Bytes> value);
  /// Two halves: what is used moves to the younger; the elder is dropped when that is full.
  [[nodiscard]] std::optional<Bytes>* cached(std::string_view key);
  const std::optional<Bytes>& remember(std::string key, std::optional<Bytes> value);

  const graph_store::Store& store_;
  const std::size_t cache_bytes_;
  Changes waiting_;
  Changes in_flight_;
  std::size_t waiting_bytes_ = 0;
  std::size_t in_flight_bytes_ = 0;
  Cache younger_;
  Cache elder_;
  std::size_t younger_bytes_ = 0;
};

}  // namespace hearth::gun
