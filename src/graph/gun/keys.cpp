#include <bit>

#include <hearth/gun/keys.h>
#include <hearth/gun/text.h>

namespace hearth::gun {

namespace {

constexpr char node_mark = 'n';
constexpr char deferred_mark = 'd';
// A soul ends with a zero byte; one inside is followed by 0xFF, which no ranked byte is.
constexpr char terminator = '\0';
constexpr char escape = '\xff';

void append_soul(std::string& to, std::string_view soul) {
  for (const char c : soul) {
    to += static_cast<char>(utf16_rank(static_cast<std::uint8_t>(c)));
    if (c == terminator) to += escape;
  }
}

std::string unrank(std::string_view ranked) {
  std::string text;
  text.reserve(ranked.size());
  for (const char c : ranked) text += static_cast<char>(utf16_unrank(static_cast<std::uint8_t>(c)));
  return text;
}

/// Takes a soul and its terminator off the front.
std::optional<std::string> take_soul(std::string_view& rest) {
  std::string ranked;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != terminator) {
      ranked += rest[i];
    } else if (i + 1 < rest.size() && rest[i + 1] == escape) {
      ranked += terminator;
      ++i;
    } else {
      rest.remove_prefix(i + 1);
      return unrank(ranked);
    }
  }
  return std::nullopt;
}

/// Eight bytes whose order is that of the numbers.
void append_state(std::string& to, double state) {
  const auto bits = std::bit_cast<std::uint64_t>(state);
  const std::uint64_t ordered = (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
  for (int shift = 56; shift >= 0; shift -= 8)
    to += static_cast<char>(static_cast<std::uint8_t>(ordered >> shift));
}

}  // namespace

void append_ranked(std::string& to, std::string_view text) {
  for (const char c : text) to += static_cast<char>(utf16_rank(static_cast<std::uint8_t>(c)));
}

void append_node_key(std::string& to, std::string_view soul) {
  to.reserve(to.size() + soul.size() + 2);
  to += node_mark;
  append_soul(to, soul);
  to += terminator;
}

std::string node_key(std::string_view soul) {
  std::string key;
  append_node_key(key, soul);
  return key;
}

std::string property_key(std::string_view soul, std::string_view name) {
  std::string key;
  key.reserve(soul.size() + name.size() + 2);
  append_node_key(key, soul);
  append_ranked(key, name);
  return key;
}

std::string souls_prefix(std::string_view prefix) {
  std::string key{node_mark};
  append_soul(key, prefix);
  return key;
}

std::string deferred_key(double state, std::string_view soul, std::string_view name) {
  std::string key{deferred_mark};
  append_state(key, state);
  append_soul(key, soul);
  key += terminator;
  append_ranked(key, name);
  return key;
}

graph_store::Range all_deferred() {
  return graph_store::prefix_range(std::string_view{&deferred_mark, 1});
}

graph_store::Range deferred_until(double state) {
  graph_store::Range range = all_deferred();
  std::string last{deferred_mark};
  append_state(last, state);
  range.to = graph_store::prefix_range(last).to;
  return range;
}

std::optional<NodeKey> parse_node_key(std::string_view key) {
  if (!key.starts_with(node_mark)) return std::nullopt;
  key.remove_prefix(1);
  auto soul = take_soul(key);
  if (!soul) return std::nullopt;
  return NodeKey{.soul = std::move(*soul), .name = unrank(key)};
}

std::optional<DeferredKey> parse_deferred_key(std::string_view key) {
  if (!key.starts_with(deferred_mark) || key.size() < 9) return std::nullopt;
  std::uint64_t ordered = 0;
  for (const char c : key.substr(1, 8)) ordered = (ordered << 8) | static_cast<std::uint8_t>(c);
  key.remove_prefix(9);
  auto soul = take_soul(key);
  if (!soul) return std::nullopt;
  const std::uint64_t bits = (ordered >> 63) != 0 ? ordered & ~(std::uint64_t{1} << 63) : ~ordered;
  return DeferredKey{
      .state = std::bit_cast<double>(bits), .soul = std::move(*soul), .name = unrank(key)};
}

}  // namespace hearth::gun
