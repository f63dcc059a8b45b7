#include <algorithm>

#include <hearth/crdt/spans.h>

namespace hearth::crdt {
namespace {

// Appends, and merges with the last where that says the same of the index before.
void append(std::vector<Spans::Span>& to, Spans::Span span) {
  if (span.begin == span.end) return;
  if (!to.empty() && to.back().end == span.begin && to.back().stamp == span.stamp) {
    to.back().end = span.end;
  } else {
    to.push_back(span);
  }
}

}  // namespace

void Spans::raise(std::uint32_t begin, std::uint32_t end, model::Stamp stamp) {
  std::vector<Span> raised;
  std::uint32_t at = begin;  // what of [begin, end) is still to be placed
  for (const Span& span : spans_) {
    if (at < end && at < span.begin) {
      append(raised, {at, std::min(end, span.begin), stamp});
      at = std::min(end, span.begin);
    }
    const std::uint32_t from = std::clamp(begin, span.begin, span.end);
    const std::uint32_t to = std::clamp(end, span.begin, span.end);
    append(raised, {span.begin, from, span.stamp});
    append(raised, {from, to, std::max(span.stamp, stamp)});
    append(raised, {to, span.end, span.stamp});
    at = std::max(at, to);
  }
  if (at < end) append(raised, {at, end, stamp});
  spans_ = std::move(raised);
}

std::optional<model::Stamp> Spans::take(std::uint32_t index) {
  const auto found = std::ranges::find_if(
      spans_, [=](const Span& span) { return span.begin <= index && index < span.end; });
  if (found == spans_.end()) return std::nullopt;
  const Span span = *found;
  const auto place = spans_.erase(found);
  Span parts[] = {{span.begin, index, span.stamp}, {index + 1, span.end, span.stamp}};
  auto next = place;
  for (auto part = std::rbegin(parts); part != std::rend(parts); ++part)
    if (part->begin != part->end) next = spans_.insert(next, *part);
  return span.stamp;
}

void Spans::purge(model::Stamp horizon) {
  std::erase_if(spans_, [=](const Span& span) { return span.stamp < horizon; });
}

}  // namespace hearth::crdt
