#pragma once
// Things that wait for a second message: a login for its KE3, a nonce for its signature.

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/time.h>

namespace hearth::access {

/// An unguessable name, used once.
using PendingId = std::array<std::byte, 32>;

/// Each thing belongs to an owner (a PeerId, say) who alone can take it, once, in time. When an
/// owner has too many, its own oldest goes; when all together have, the oldest of whoever has most:
/// so those who ask for many take the places of each other, not of one who asks for one.
template <class T>
class Pending {
 public:
  struct Limits {
    Duration lifetime = std::chrono::minutes{1};
    std::size_t per_owner = 8;
    std::size_t in_all = 1024;
  };
  explicit Pending(const Limits& limits) : limits_(limits) {}

  PendingId add(BytesView owner, T thing, Entropy& entropy, Instant now) {
    drop_expired(now);
    const auto owned = counts_.find(to_bytes(owner));
    if (owned != counts_.end() && owned->second >= limits_.per_owner)
      drop_oldest([&](const Entry& entry) { return equal(entry.owner, owner); });
    if (entries_.size() >= limits_.in_all) {
      std::size_t most = 0;
      for (const auto& [who, count] : counts_) most = std::max(most, count);
      drop_oldest([&](const Entry& entry) { return counts_.find(entry.owner)->second == most; });
    }
    const auto id = entropy.array<32>();
    ++counts_[to_bytes(owner)];
    entries_.emplace(next_++, Entry{.id = id,
                                    .owner = to_bytes(owner),
                                    .expires = now + limits_.lifetime,
                                    .thing = std::move(thing)});
    return id;
  }

  /// Nothing when it never was, was taken, has expired, or is another's (whose it then stays).
  std::optional<T> take(BytesView id, BytesView owner, Instant now) {
    drop_expired(now);
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (!equal(at->second.id, id) || !equal(at->second.owner, owner)) continue;
      std::optional<T> thing{std::move(at->second.thing)};
      erase(at);
      return thing;
    }
    return std::nullopt;
  }

  /// The owner's newest, where an owner has one at a time and needs no id to name it.
  std::optional<T> take_newest(BytesView owner, Instant now) {
    drop_expired(now);
    for (auto at = entries_.end(); at != entries_.begin();) {
      --at;
      if (!equal(at->second.owner, owner)) continue;
      std::optional<T> thing{std::move(at->second.thing)};
      erase(at);
      return thing;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    PendingId id;
    Bytes owner;
    Instant expires;
    T thing;
  };

  /// All live equally long: the oldest expire first.
  void drop_expired(Instant now) {
    while (!entries_.empty() && now >= entries_.begin()->second.expires) erase(entries_.begin());
  }
  using Entries = std::map<std::uint64_t, Entry>;

  void erase(typename Entries::iterator at) {
    const auto count = counts_.find(at->second.owner);
    if (--count->second == 0) counts_.erase(count);
    entries_.erase(at);
  }
  template <class Predicate>
  void drop_oldest(Predicate is_candidate) {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (!is_candidate(at->second)) continue;
      erase(at);
      return;
    }
  }

  Limits limits_;
  std::uint64_t next_ = 0;
  Entries entries_;                      // by age
  std::map<Bytes, std::size_t> counts_;  // of each owner's entries; none is zero
};

}  // namespace hearth::access
