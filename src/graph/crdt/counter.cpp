#include <algorithm>
#include <limits>

#include <hearth/crdt/counter.h>

namespace hearth::crdt {

void Sum::add(const Sum& other) {
  const std::uint64_t before = low;
  low += other.low;
  const std::uint64_t carry = low < before ? 1 : 0;
  high = static_cast<std::int64_t>(static_cast<std::uint64_t>(high) +
                                   static_cast<std::uint64_t>(other.high) + carry);
}

void Sum::add(std::int64_t delta) {
  add(Sum{.high = delta < 0 ? -1 : 0, .low = static_cast<std::uint64_t>(delta)});
}

// Deltas are never the lowest of integers, which has no opposite.
void Sum::subtract(std::int64_t delta) {
  add(-delta);
}

std::int64_t Sum::clamped() const {
  const auto value = static_cast<std::int64_t>(low);
  if (high == (value < 0 ? -1 : 0)) return value;
  return high < 0 ? std::numeric_limits<std::int64_t>::min()
                  : std::numeric_limits<std::int64_t>::max();
}

void Counter::add(model::Stamp stamp, const Id& id, std::int64_t delta) {
  const Delta added{.stamp = stamp, .id = id, .delta = delta};
  // Mostly newer than all others.
  const auto place = deltas_.empty() || deltas_.back() < added
                         ? deltas_.end()
                         : std::ranges::upper_bound(deltas_, added);
  deltas_.insert(place, added);
  total_.add(delta);
}

void Counter::erase_below(model::Stamp stamp) {
  const auto end = std::ranges::lower_bound(deltas_, stamp, {}, &Delta::stamp);
  // A deletion is newer than the base, or was applied before there was one.
  Sum left;
  for (auto delta = end; delta != deltas_.end(); ++delta) left.add(delta->delta);
  deltas_.erase(deltas_.begin(), end);
  base_ = {};
  total_ = left;
}

void Counter::purge(model::Stamp horizon) {
  const auto end = std::ranges::lower_bound(deltas_, horizon, {}, &Delta::stamp);
  for (auto delta = deltas_.begin(); delta != end; ++delta) base_.add(delta->delta);
  deltas_.erase(deltas_.begin(), end);
}

std::optional<model::Stamp> Counter::newest() const {
  if (deltas_.empty()) return std::nullopt;
  return deltas_.back().stamp;
}

void Counter::visit_sources(const SourceVisitor& visit) const {
  for (const Delta& delta : deltas_) visit(delta.id.author, delta.id.seq);
}

void Counter::write(const StateWriter& writer) const {
  Bytes base;
  Writer digits{base};
  digits.u64_be(static_cast<std::uint64_t>(base_.high));
  digits.u64_be(base_.low);
  const auto sorted = sorted_places(deltas_.size(), [&](std::uint32_t x, std::uint32_t y) {
    const Delta& a = deltas_[x];
    const Delta& b = deltas_[y];
    if (a.stamp != b.stamp) return a.stamp < b.stamp;
    if (const auto order = compare(a.id, b.id, writer.authors); order != 0) return order < 0;
    return a.delta < b.delta;
  });
  writer.to.array(2).bytes(base).array(sorted.size());
  for (const std::uint32_t place : sorted) {
    const Delta& delta = deltas_[place];
    writer.to.array(5);
    writer.stamp(delta.stamp);
    writer.id(delta.id);
    writer.to.integer(delta.delta);
  }
}

Result<Counter, StateError> Counter::read(const StateReader& reader) {
  Counter counter;
  HEARTH_CHECK(reader.array(2));
  const auto base = reader.from.bytes(16);
  if (!base) return Failure{StateError::malformed};
  Reader digits{*base};
  counter.base_.high = static_cast<std::int64_t>(digits.u64_be().value_or(0));
  counter.base_.low = digits.u64_be().value_or(0);
  counter.total_ = counter.base_;
  HEARTH_TRY(const std::uint64_t count, reader.array());
  for (std::uint64_t i = 0; i < count; ++i) {
    HEARTH_CHECK(reader.array(5));
    HEARTH_TRY(const model::Stamp stamp, reader.stamp());
    HEARTH_TRY(const Id id, reader.id());
    const auto delta = reader.from.integer();
    if (!delta) return Failure{StateError::malformed};
    counter.add(stamp, id, *delta);
  }
  return counter;
}

}  // namespace hearth::crdt
