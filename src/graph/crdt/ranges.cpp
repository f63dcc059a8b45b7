#include <algorithm>

#include <hearth/crdt/ranges.h>

namespace hearth::crdt {

void Ranges::add(std::uint32_t begin, std::uint32_t end) {
  if (begin >= end) return;
  // Those that overlap or touch [begin, end) become one with it.
  const auto first = std::ranges::lower_bound(ranges_, begin, {}, &Range::end);
  const auto last = std::ranges::upper_bound(ranges_, end, {}, &Range::begin);
  if (first != last) {
    begin = std::min(begin, first->begin);
    end = std::max(end, std::prev(last)->end);
  }
  ranges_.insert(ranges_.erase(first, last), {begin, end});
}

bool Ranges::take(std::uint32_t index) {
  const auto found = std::ranges::upper_bound(ranges_, index, {}, &Range::end);
  if (found == ranges_.end() || index < found->begin) return false;
  const Range after{index + 1, found->end};
  found->end = index;
  const auto next = found->begin == found->end ? ranges_.erase(found) : std::next(found);
  if (after.begin != after.end) ranges_.insert(next, after);
  return true;
}

}  // namespace hearth::crdt
