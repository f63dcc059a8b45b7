// What reads as a key is the key of the value it gives, and of two keys the bytes decide as the
// values would.

#include <hearth/base/assert.h>
#include <hearth/graph_index/value_key.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  const auto first = graph_index::read_value_key(text);
  if (!first) return 0;
  HEARTH_ASSERT(first->size <= text.size());
  if (first->value) {
    std::string key;
    graph_index::append_value_key(key, *first->value);
    HEARTH_ASSERT(key == text.substr(0, first->size));
  }
  const std::string_view rest = text.substr(first->size);
  const auto second = graph_index::read_value_key(rest);
  if (!second || !first->value || !second->value) return 0;
  const auto order = text.substr(0, first->size) <=> rest.substr(0, second->size);
  HEARTH_ASSERT(order == (*first->value <=> *second->value));
  return 0;
}
