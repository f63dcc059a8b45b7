#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/gun/records.h>

namespace hearth::gun {

namespace {

/// What one entry of a hash map or tree costs beside its bytes.
constexpr std::size_t entry_overhead = 128;

std::size_t cost(std::string_view key, const std::optional<Bytes>& value) {
  return entry_overhead + key.size() + (value ? value->size() : 0);
}

std::optional<BytesView> view(const std::optional<Bytes>& value) {
  if (!value) return std::nullopt;
  return BytesView{*value};
}

}  // namespace

Result<std::optional<BytesView>, StoreError> Records::get(std::string_view key) {
  if (!waiting_.empty())
    if (const auto found = waiting_.find(key); found != waiting_.end()) return view(found->second);
  if (!in_flight_.empty())
    if (const auto found = in_flight_.find(key); found != in_flight_.end())
      return view(found->second);
  return get_durable(key);
}

Result<std::optional<BytesView>, StoreError> Records::get_durable(std::string_view key) {
  if (const auto* found = cached(key)) return view(*found);
  Bytes value;
  HEARTH_TRY(const bool found, store_.get(key, value));
  // What isn't there is not remembered: strangers can ask for any number of it.
  if (!found) return std::optional<BytesView>{};
  return view(remember(std::string{key}, std::move(value)));
}

Progress Records::progress(std::string_view key) const {
  if (waiting_.contains(key)) return Progress::waiting;
  return in_flight_.contains(key) ? Progress::in_flight : Progress::durable;
}

void Records::change(std::string_view key, std::optional<Bytes> value) {
  const auto found = waiting_.lower_bound(key);
  if (found != waiting_.end() && found->first == key) {
    waiting_bytes_ -= cost(key, found->second);
    waiting_bytes_ += cost(key, value);
    found->second = std::move(value);
    return;
  }
  waiting_bytes_ += cost(key, value);
  waiting_.emplace_hint(found, std::string{key}, std::move(value));
}

std::optional<Bytes>* Records::cached(std::string_view key) {
  if (const auto found = younger_.find(key); found != younger_.end()) return &found->second;
  const auto found = elder_.find(key);
  if (found == elder_.end()) return nullptr;
  auto entry = elder_.extract(found);
  younger_bytes_ += cost(entry.key(), entry.mapped());
  return &younger_.insert(std::move(entry)).position->second;
}

const std::optional<Bytes>& Records::remember(std::string key, std::optional<Bytes> value) {
  elder_.erase(key);
  if (younger_bytes_ > cache_bytes_ / 2) {
    elder_ = std::exchange(younger_, {});
    younger_bytes_ = 0;
  }
  younger_bytes_ += cost(key, value);
  return younger_.insert_or_assign(std::move(key), std::move(value)).first->second;
}

Result<Unit, StoreError> Records::scan(const graph_store::Range& range,
                                       const graph_store::Store::Visitor& visit) {
  // Of the two layers above the store the upper wins; they are short, so the range of both is
  // gathered first.
  std::map<std::string_view, const std::optional<Bytes>*> changed;
  for (const Changes* layer : {&waiting_, &in_flight_}) {
    const auto end = range.to.empty() ? layer->end() : layer->lower_bound(range.to);
    for (auto at = layer->lower_bound(range.from); at != end && at != layer->end(); ++at)
      changed.emplace(at->first, &at->second);
  }
  const bool ascending = range.order == graph_store::Range::Order::ascending;
  bool stopped = false;
  const auto visit_changed = [&](auto at) {
    if (*at->second) stopped = !visit(at->first, **at->second);
    changed.erase(at);
  };
  const auto next = [&] { return ascending ? changed.begin() : std::prev(changed.end()); };
  HEARTH_CHECK(store_.scan(range, [&](std::string_view key, BytesView value) {
    while (!stopped && !changed.empty()) {
      const auto at = next();
      if (at->first == key) {
        visit_changed(at);
        return !stopped;
      }
      if ((at->first < key) != ascending) break;
      visit_changed(at);
    }
    if (!stopped) stopped = !visit(key, value);
    return !stopped;
  }));
  while (!stopped && !changed.empty()) visit_changed(next());
  return Unit{};
}

graph_store::Batch Records::take() {
  HEARTH_ASSERT(in_flight_.empty());
  in_flight_ = std::exchange(waiting_, {});
  in_flight_bytes_ = std::exchange(waiting_bytes_, 0);
  graph_store::Batch batch;
  for (const auto& [key, value] : in_flight_) {
    if (value)
      batch.put(key, *value);
    else
      batch.erase(key);
  }
  return batch;
}

void Records::committed() {
  while (!in_flight_.empty()) {
    auto entry = in_flight_.extract(in_flight_.begin());
    if (entry.mapped()) {
      remember(std::move(entry.key()), std::move(entry.mapped()));
    } else {
      younger_.erase(entry.key());
      elder_.erase(entry.key());
    }
  }
  in_flight_bytes_ = 0;
}

void Records::failed() {
  waiting_.clear();
  in_flight_.clear();
  waiting_bytes_ = 0;
  in_flight_bytes_ = 0;
  // The store said that nothing was kept; whatever it did keep is read anew.
  younger_.clear();
  elder_.clear();
  younger_bytes_ = 0;
}

}  // namespace hearth::gun
