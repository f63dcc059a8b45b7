#pragma once
// Nodes in records: small ones in one record, so that one read and one write serve them; large ones
// with a record for each property, so that one property of thousands is cheap.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hearth/gun/lex.h>
#include <hearth/gun/message.h>
#include <hearth/gun/records.h>

namespace hearth::gun {

/// One property as it is kept. Borrowed.
struct Held {
  std::string_view name;
  double state = 0;
  std::string_view json;
};

/// HAM, for states that are not in the future: the higher state wins, then the greater JSON text by
/// UTF-16 code units.
[[nodiscard]] bool wins(double state, std::string_view json, const Held& over);

struct NodeKey;
/// Says the properties of one record of a node, its head or one of its properties; false when the
/// record is damaged.
[[nodiscard]] bool read_record(const NodeKey& place, BytesView record,
                               const std::function<void(const Held&)>& visit);

enum class View : std::uint8_t { latest, durable };

class Nodes {
 public:
  /// A node whose record would be longer gets a record for each property.
  static constexpr std::size_t max_inline_bytes = 1024;
  /// A query over all souls looks at so many records at most, whatever it finds in them.
  static constexpr std::size_t max_scanned = 50'000;

  explicit Nodes(Records& records) : records_(records) {}

  /// Merges by HAM, and appends to `changed` the index of each property that won. The properties
  /// may be in any order and repeat.
  [[nodiscard]] Result<Unit, StoreError> merge(std::string_view soul,
                                               std::span<const Property> properties,
                                               std::vector<std::size_t>& changed);

  /// Borrowed until the next call of anything here.
  [[nodiscard]] Result<std::optional<Held>, StoreError> property(std::string_view soul,
                                                                 std::string_view name,
                                                                 View view = View::latest);

  /// Return false to stop. The views live for the visit; nothing here may be called in it.
  using Visitor = std::function<bool(std::string_view soul, const Held&)>;
  /// The properties of one node that `lex` names (all without), in JavaScript's order.
  [[nodiscard]] Result<Unit, StoreError> read(std::string_view soul, const std::optional<Lex>& lex,
                                              const Visitor& visit);
  /// The same over all souls that `souls` names, in JavaScript's order; only `souls.reverse`
  /// counts.
  [[nodiscard]] Result<Unit, StoreError> read_all(const Lex& souls, const std::optional<Lex>& lex,
                                                  const Visitor& visit);
  /// How far the latest value of anything in the node's head, or of this property, has come.
  [[nodiscard]] Progress progress(std::string_view soul, std::string_view name = {}) const;

 private:
  [[nodiscard]] Result<Unit, StoreError> merge_spread(std::string_view soul,
                                                      std::span<const Property> properties,
                                                      std::vector<std::size_t>& changed);

  Records& records_;
  std::string key_;
  std::vector<Held> held_;
  std::vector<std::size_t> order_;
};

}  // namespace hearth::gun
