#pragma once
// Keys of the store: docs/protocol/gun.md, "On disk". Bytewise order is the order of JavaScript's
// strings, souls first, then properties.

#include <optional>
#include <string>
#include <string_view>

#include <hearth/graph_store/store.h>

namespace hearth::gun {

/// Where the head of a node lies, and below it the properties of a large one.
void append_node_key(std::string& to, std::string_view soul);
[[nodiscard]] std::string node_key(std::string_view soul);
[[nodiscard]] std::string property_key(std::string_view soul, std::string_view name);
/// The beginning of the keys of all souls that begin so.
[[nodiscard]] std::string souls_prefix(std::string_view prefix);
/// The order of one property name among others, as bytes.
void append_ranked(std::string& to, std::string_view text);

/// A write that waits for its time; they lie in the order of their states.
[[nodiscard]] std::string deferred_key(double state, std::string_view soul, std::string_view name);
/// All deferred writes whose state is at most `state`.
[[nodiscard]] graph_store::Range deferred_until(double state);
[[nodiscard]] graph_store::Range all_deferred();

struct NodeKey {
  std::string soul;
  std::string name;  ///< empty: the head
};
struct DeferredKey {
  double state;
  std::string soul;
  std::string name;
};
/// Nothing for keys of another kind, or damaged ones.
[[nodiscard]] std::optional<NodeKey> parse_node_key(std::string_view key);
[[nodiscard]] std::optional<DeferredKey> parse_deferred_key(std::string_view key);

}  // namespace hearth::gun
