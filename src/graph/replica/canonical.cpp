#include "canonical.h"

#include <algorithm>

#include <hearth/codec/cbor.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {

using codec::CborWriter;

namespace {

// The head of an array of that many items.
Bytes array_head(std::uint64_t items) {
  Bytes head;
  Writer writer{head};
  if (items < 24) {
    writer.u8(static_cast<std::uint8_t>(0x80 | items));
  } else if (items <= 0xff) {
    writer.u8(0x98);
    writer.u8(static_cast<std::uint8_t>(items));
  } else if (items <= 0xffff) {
    writer.u8(0x99);
    writer.u16_be(static_cast<std::uint16_t>(items));
  } else if (items <= 0xffffffff) {
    writer.u8(0x9a);
    writer.u32_be(static_cast<std::uint32_t>(items));
  } else {
    writer.u8(0x9b);
    writer.u64_be(items);
  }
  return head;
}

}  // namespace

void CanonicalState::add(std::string_view soul, const crdt::Node& node) {
  ++count_;
  CborWriter writer;
  writer.array(3).text(soul);
  node.write({writer, authors_, crdt::Names::keys});
  append(nodes_, writer.take());
}

Bytes CanonicalState::encode(const model::EntryId& membership,
                             const std::optional<model::CheckpointId>& checkpoint) const {
  Bytes state = array_head(4);
  append(state, CborWriter{}.uint(1).take());
  append(state, CborWriter{}.bytes(membership.value()).take());
  append(state,
         checkpoint ? CborWriter{}.bytes(checkpoint->value()).take() : CborWriter{}.null().take());
  append(state, array_head(count_));
  append(state, nodes_);
  return state;
}

Result<Bytes, Refusal> Replica::canonical_state() {
  CanonicalState state{authors()};
  HEARTH_CHECK(
      visit_nodes([&](std::string_view soul, const crdt::Node& node) { state.add(soul, node); }));
  const auto& chain = ledger_.checkpoints.chain();
  return state.encode(ledger_.membership.empty() ? model::EntryId{} : ledger_.membership.head(),
                      chain.empty() ? std::nullopt : std::optional{chain.back().id});
}

Result<model::Bytes32, Refusal> Replica::digest() {
  HEARTH_TRY(const Bytes state, canonical_state());
  return update::hash_of(state);
}

// As the state will be once the checkpoint is purged, without changing it.
Result<model::Bytes32, Refusal> Replica::digest_at_checkpoint(
    const std::vector<update::Position>& heads, Timestamp time) {
  class FatesThen final : public crdt::Fates {
   public:
    FatesThen(const Replica& replica, const std::vector<update::Position>& heads)
        : replica_(replica), heads_(heads) {}
    [[nodiscard]] bool is_void(crdt::AuthorNumber author, std::uint64_t seq) const override {
      return replica_.is_void(author, seq) || is_covered(author, seq);
    }
    [[nodiscard]] bool is_covered(crdt::AuthorNumber author, std::uint64_t seq) const override {
      const auto found = std::ranges::lower_bound(heads_, replica_.authors().key(author), {},
                                                  &update::Position::author);
      return (found != heads_.end() && found->author == replica_.authors().key(author) &&
              seq <= found->seq) ||
             replica_.is_covered(author, seq);
    }

   private:
    const Replica& replica_;
    const std::vector<update::Position>& heads_;
  };
  const FatesThen fates{*this, heads};
  const auto horizon =
      model::Stamp::create(static_cast<double>(time.ms) - update::purge_horizon_ms);
  CanonicalState state{authors()};
  HEARTH_CHECK(visit_nodes([&](std::string_view soul, const crdt::Node& node) {
    crdt::Node purged = node;
    purged.adopt(fates);
    if (horizon) purged.purge(*horizon, fates);
    if (!purged.empty()) state.add(soul, purged);
  }));
  const auto& chain = ledger_.checkpoints.chain();
  return update::hash_of(state.encode(
      ledger_.membership.head(), chain.empty() ? std::nullopt : std::optional{chain.back().id}));
}

}  // namespace hearth::replica
