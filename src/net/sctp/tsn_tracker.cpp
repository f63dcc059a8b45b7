#include <algorithm>
#include <utility>

#include <hearth/sctp/tsn_tracker.h>

namespace hearth::sctp {
namespace {

constexpr std::size_t most_duplicates = 20;

}  // namespace

void TsnTracker::absorb() {
  if (ahead_.empty() || ahead_.front().first != cumulative_ + 1) return;
  cumulative_ = ahead_.front().last;
  ahead_.remove_to(cumulative_);
}

void TsnTracker::add(Tsn tsn) {
  if (tsn == cumulative_ + 1) {
    ++cumulative_;
    // What closed a gap is news that the sender waits for.
    if (!ahead_.empty()) due_ = true;
    absorb();
  } else {
    ahead_.add(tsn);
    due_ = true;
  }
}

void TsnTracker::add_duplicate(Tsn tsn) {
  due_ = true;
  if (duplicates_.size() < most_duplicates) duplicates_.push_back(to_wire(tsn));
}

void TsnTracker::forward(Tsn to) {
  due_ = true;
  if (to <= cumulative_) return;
  cumulative_ = to;
  ahead_.remove_to(to);
  absorb();
}

void TsnTracker::on_packet(Instant now) {
  // The first is answered at once: it gives the peer its first round-trip time.
  if (++packets_ >= packets_for_each_sack || std::exchange(first_, false)) due_ = true;
  if (!deadline_) deadline_ = now + delay;
}

void TsnTracker::advance(Instant now) {
  if (deadline_ && *deadline_ <= now) due_ = true;
}

Sack TsnTracker::make_sack(std::uint32_t window, std::size_t room) {
  Sack sack{.cumulative = to_wire(cumulative_), .window = window, .blocks = {}, .duplicates = {}};
  const std::size_t blocks = std::min(ahead_.size(), room / 4);
  for (std::size_t i = 0; i < blocks; ++i)
    sack.blocks.push_back({static_cast<std::uint16_t>(ahead_[i].first - cumulative_),
                           static_cast<std::uint16_t>(ahead_[i].last - cumulative_)});
  duplicates_.resize(std::min(duplicates_.size(), room / 4 - blocks));
  sack.duplicates = std::exchange(duplicates_, {});
  due_ = false;
  packets_ = 0;
  deadline_.reset();
  return sack;
}

}  // namespace hearth::sctp
