#include <hearth/graph_store/store.h>

namespace hearth::graph_store {

void Batch::clear() {
  buffer_.clear();
  places_.clear();
}

void Batch::add(std::string_view key, BytesView value, bool erased) {
  places_.push_back({.begin = buffer_.size(),
                     .key_size = key.size(),
                     .value_size = value.size(),
                     .erased = erased});
  append(buffer_, as_bytes(key));
  append(buffer_, value);
}

Batch::Change Batch::operator[](std::size_t index) const {
  const Place& place = places_[index];
  const BytesView all{buffer_};
  Change change{.key = as_text(all.subspan(place.begin, place.key_size)), .value = std::nullopt};
  if (!place.erased) change.value = all.subspan(place.begin + place.key_size, place.value_size);
  return change;
}

Range prefix_range(std::string_view prefix) {
  Range range{.from = std::string{prefix}, .to = std::string{prefix}};
  while (!range.to.empty() && range.to.back() == '\xff') range.to.pop_back();
  if (!range.to.empty()) range.to.back() = static_cast<char>(range.to.back() + 1);
  return range;
}

Result<std::vector<std::optional<Bytes>>, StoreError> Store::get_many(
    std::span<const std::string_view> keys) const {
  std::vector<std::optional<Bytes>> values;
  values.reserve(keys.size());
  for (const std::string_view key : keys) {
    HEARTH_TRY(auto value, get(key));
    values.push_back(std::move(value));
  }
  return values;
}

Result<std::optional<Bytes>, StoreError> Store::get(std::string_view key) const {
  Bytes value;
  HEARTH_TRY(const bool found, get(key, value));
  if (!found) return std::optional<Bytes>{};
  return std::optional<Bytes>{std::move(value)};
}

}  // namespace hearth::graph_store
