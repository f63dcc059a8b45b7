#include <algorithm>

#include <hearth/path/path.h>
#include <hearth/path/too_big.h>

namespace hearth::path {
namespace {

constexpr std::size_t most_replies = 64;

std::uint64_t splitmix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Duration time_of(std::size_t bytes, std::uint64_t bits_per_second) {
  return Duration{static_cast<Duration::rep>(static_cast<double>(bytes) * 8e9 /
                                             static_cast<double>(bits_per_second))};
}

}  // namespace

void Path::offer(Instant now, BytesView packet) {
  ++counters_.offered;
  if (is_out(now)) {
    ++counters_.in_outage;
    return;
  }
  if (conditions_.mtu != 0 && packet.size() > conditions_.mtu) {
    ++counters_.too_big;
    if (!conditions_.tells || replies_.size() == most_replies) return;
    if (auto reply = make_too_big(packet, conditions_.mtu)) replies_.push_back(std::move(*reply));
    return;
  }
  if (chance(conditions_.loss)) {
    ++counters_.lost;
    return;
  }
  const auto left = pass_bottleneck(now, packet.size());
  if (!left || under_way_ + packet.size() > most_under_way) {
    ++counters_.overflowed;
    return;
  }
  Instant arrives = *left + conditions_.delay;
  if (chance(conditions_.reordered)) {
    ++counters_.reordered;
    arrives += conditions_.reordered_by;
  }
  under_way_ += packet.size();
  travelling_.emplace(std::pair{arrives, sequence_++}, to_bytes(packet));
}

std::optional<Bytes> Path::poll(Instant now) {
  if (travelling_.empty() || travelling_.begin()->first.first > now) return std::nullopt;
  Bytes packet = std::move(travelling_.begin()->second);
  travelling_.erase(travelling_.begin());
  under_way_ -= packet.size();
  ++counters_.carried;
  counters_.bytes += packet.size();
  return packet;
}

std::optional<Bytes> Path::poll_reply() {
  if (replies_.empty()) return std::nullopt;
  Bytes reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

std::optional<Instant> Path::deadline() const {
  if (travelling_.empty()) return std::nullopt;
  return travelling_.begin()->first.first;
}

bool Path::is_out(Instant now) const {
  if (now < cut_until_) return true;
  return conditions_.outage_every > Duration::zero() &&
         (now - began_) % conditions_.outage_every < conditions_.outage;
}

bool Path::chance(double share) {
  if (share <= 0) return false;
  return static_cast<double>(splitmix(dice_) >> 11) < share * 0x1p53;
}

std::optional<Instant> Path::pass_bottleneck(Instant now, std::size_t size) {
  if (conditions_.bits_per_second == 0) return now;
  const Instant begins = std::max(now, free_at_);
  if (begins - now > time_of(conditions_.queue_bytes, conditions_.bits_per_second))
    return std::nullopt;
  free_at_ = begins + time_of(size, conditions_.bits_per_second);
  return free_at_;
}

}  // namespace hearth::path
