#include <hearth/base/assert.h>
#include <hearth/base/bytes.h>
#include <hearth/graph_store/memory_store.h>
#include <hearth/gun/nodes.h>

// A query over a small graph finds exactly what its LEX matches, in one record or in many.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hearth;
  const std::string_view text = as_text(std::as_bytes(std::span{data, size}));
  if (!is_utf8(as_bytes(text))) return 0;
  codec::TextArena arena;
  codec::JsonReader reader{text, arena};
  const auto lex = gun::read_lex(reader);
  if (!lex || !reader.ok()) return 0;

  graph_store::MemoryStore store;
  gun::Records records{store, 1 << 16};
  gun::Nodes nodes{records};
  const std::string large = "\"" + std::string(500, 'x') + "\"";
  std::size_t souls_matched = 0, names_matched = 0;
  for (const std::string_view name : {"a", "ab", "abc", "b", "\U0001F600", "\uFF5E", "~"}) {
    const gun::Property small{.name = name, .value = {gun::ValueKind::null, "null"}, .state = 1};
    gun::Property big = small;
    big.value.json = large;
    std::vector<std::size_t> changed;
    HEARTH_ASSERT(nodes.merge(name, {&small, 1}, changed).has_value());
    HEARTH_ASSERT(nodes.merge("large", {&big, 1}, changed).has_value());
    if (lex->matches(name)) {
      ++names_matched;
      ++souls_matched;
    }
  }
  if (lex->matches("large")) souls_matched += 7;
  std::size_t found = 0;
  const auto count = [&](std::string_view, const gun::Held&) {
    ++found;
    return true;
  };
  HEARTH_ASSERT(nodes.read("large", lex, count).has_value());
  HEARTH_ASSERT(found == names_matched);
  found = 0;
  HEARTH_ASSERT(nodes.read_all(*lex, std::nullopt, count).has_value());
  HEARTH_ASSERT(found == souls_matched);
  return 0;
}
