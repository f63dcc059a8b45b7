#include <algorithm>

#include <hearth/sctp/ranges.h>

namespace hearth::sctp {

std::size_t Ranges::first_ending_at(std::uint64_t number) const {
  if (ranges_.empty() || ranges_.back().last < number) return ranges_.size();
  const auto found = std::ranges::lower_bound(ranges_, number, {}, &Range::last);
  return static_cast<std::size_t>(found - ranges_.begin());
}

bool Ranges::contains(std::uint64_t number) const {
  const std::size_t i = first_ending_at(number);
  return i < ranges_.size() && ranges_[i].first <= number;
}

bool Ranges::add(std::uint64_t number) {
  if (contains(number)) return false;
  insert({number, number});
  return true;
}

void Ranges::insert(Range range) {
  // Neighbours that touch become one with it.
  const std::size_t from = range.first == 0 ? 0 : first_ending_at(range.first - 1);
  std::size_t to = from;
  while (to < ranges_.size() && ranges_[to].first <= range.last + 1) {
    range.first = std::min(range.first, ranges_[to].first);
    range.last = std::max(range.last, ranges_[to].last);
    ++to;
  }
  const auto at = ranges_.begin() + static_cast<std::ptrdiff_t>(from);
  if (from == to) {
    ranges_.insert(at, range);
    return;
  }
  *at = range;
  ranges_.erase(at + 1, ranges_.begin() + static_cast<std::ptrdiff_t>(to));
}

void Ranges::remove_to(std::uint64_t last) {
  const std::size_t keep = first_ending_at(last + 1);
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(keep));
  if (ranges_.empty()) {
    ranges_ = {};
  } else {
    ranges_.front().first = std::max(ranges_.front().first, last + 1);
  }
}

}  // namespace hearth::sctp
