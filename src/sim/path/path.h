#pragma once
// One direction of a path between two networks: IP packets go in, and come out late, in another
// order, or not at all.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <hearth/base/bytes.h>
#include <hearth/base/time.h>

namespace hearth::path {

/// What a packet meets, in this order: an outage, the size limit, chance, the bottleneck, the way.
struct Conditions {
  /// All that is offered within the first `outage` of each `outage_every` is lost.
  Duration outage{};
  Duration outage_every{};
  /// The largest IP packet that passes; 0: any.
  std::size_t mtu = 0;
  /// Whether the sender of a larger one is told (ICMP); if not, it is a black hole.
  bool tells = true;
  /// The share that is lost by chance, 0 to 1.
  double loss = 0;
  /// Of the bottleneck; 0: there is none.
  std::uint64_t bits_per_second = 0;
  /// What may wait before the bottleneck.
  std::size_t queue_bytes = std::size_t{1} << 20;
  Duration delay{};
  /// The share that comes `reordered_by` later, 0 to 1.
  double reordered = 0;
  Duration reordered_by = std::chrono::milliseconds{2};
};

/// Of packets, but for `bytes`.
struct Counters {
  std::uint64_t offered = 0;
  std::uint64_t carried = 0;
  std::uint64_t bytes = 0;  // of those carried
  std::uint64_t in_outage = 0;
  std::uint64_t too_big = 0;
  std::uint64_t lost = 0;        // by chance
  std::uint64_t overflowed = 0;  // the queue, or the bound on what is under way
  std::uint64_t reordered = 0;
};

/// Drive it: offer, then poll until nothing comes, then sleep until deadline().
class Path {
 public:
  /// More is never under way.
  static constexpr std::size_t most_under_way = std::size_t{256} << 20;

  Path(const Conditions& conditions, std::uint64_t seed, Instant now)
      : conditions_(conditions), dice_(seed), began_(now), free_at_(now) {}

  /// What is under way already comes as it would have.
  void change(const Conditions& conditions) { conditions_ = conditions; }
  [[nodiscard]] const Conditions& conditions() const { return conditions_; }
  /// Everything offered before `until` is lost.
  void cut(Instant until) { cut_until_ = until; }

  /// Takes a copy of an IP packet, or drops it and counts why.
  void offer(Instant now, BytesView packet);
  /// The next packet that has arrived by now.
  [[nodiscard]] std::optional<Bytes> poll(Instant now);
  /// What goes back to the sender: word of packets too big.
  [[nodiscard]] std::optional<Bytes> poll_reply();
  /// When poll() has something next.
  [[nodiscard]] std::optional<Instant> deadline() const;

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool is_out(Instant now) const;
  [[nodiscard]] bool chance(double share);
  /// When it leaves the bottleneck; nothing when the queue is full.
  [[nodiscard]] std::optional<Instant> pass_bottleneck(Instant now, std::size_t size);

  Conditions conditions_;
  std::uint64_t dice_;
  Instant began_;
  Instant free_at_;  // of the bottleneck
  Instant cut_until_{};
  std::uint64_t sequence_ = 0;
  std::size_t under_way_ = 0;                                      // bytes
  std::map<std::pair<Instant, std::uint64_t>, Bytes> travelling_;  // by arrival
  std::deque<Bytes> replies_;                                      // bounded by most_replies
  Counters counters_;
};

}  // namespace hearth::path
