#pragma once
// For tests: a replica on somebody's desk.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "world_for_test.h"

namespace hearth::replica::testing {

/// A replica, and what its people do.
struct Desk {
  const Space& space;
  Place place;
  Timestamp now = beginning;
  std::vector<Message> sent;

  explicit Desk(const Space& of, const Options& options = {})
      : space(of), place(of.id, beginning, options) {
    deliver(*place.replica, space.founding());
  }
  Replica& replica() { return *place.replica; }

  [[nodiscard]] model::AuthorKey author(std::size_t device) const {
    return update::author_of(space.devices[device].public_key());
  }
  /// One update of `device` with whatever `edit` does to the draft.
  Result<update::Update, Refusal> write(std::size_t device, const auto& edit) {
    now.ms += 1;
    auto draft = replica().draft(author(device), now);
    edit(*draft);
    auto update = replica().write(*draft, space.devices[device], space.certificates[device]);
    if (update) sent.push_back({Message::Kind::update, *update, space.certificates[device]});
    return update;
  }
  void put(std::size_t device, const std::string& property, model::Value value) {
    ASSERT_TRUE(write(
        device, [&](Draft& draft) { ASSERT_TRUE(draft.put("soul", property, std::move(value))); }));
  }
  /// It takes a while: what was stamped at the same time is visible by then.
  void receive(const std::vector<Message>& messages) {
    for (const Message& message : messages) deliver(replica(), message);
    now.ms += 100;
    ASSERT_TRUE(replica().advance(now));
  }
  /// A signed entry with that change, by the home.
  Message entry(std::vector<update::MemberChange> changes) {
    const auto& membership = replica().ledger().membership;
    const update::Entry next{.space = space.id,
                             .term = membership.head_entry().term,
                             .seq = membership.head_entry().seq + 1,
                             .prev = membership.head(),
                             .time = membership.head_entry().time,
                             .signer = space.first.signer,
                             .changes = std::move(changes)};
    Message message{Message::Kind::entry, {}, update::sign(next, space.home)};
    EXPECT_EQ(replica().add_entry(message.bytes), Accepted::added);
    return message;
  }
  update::Position head(std::size_t device) {
    const auto* record =
        replica().ledger().find_log(*replica().authors().find(author(device)))->head();
    return {author(device), record->seq, record->id};
  }

  const crdt::Property* property(std::string_view name) {
    const auto node = replica().node("soul");
    return *node == nullptr ? nullptr : (*node)->find(name);
  }
  std::optional<model::Value> value(std::string_view name) {
    const crdt::Property* held = property(name);
    return held == nullptr || !held->value ? std::nullopt : std::optional{held->value->value};
  }
  std::int64_t count(std::string_view name) {
    const crdt::Property* held = property(name);
    return held == nullptr || !held->counter ? 0 : held->counter->total().clamped();
  }
  std::string list(std::string_view name) {
    std::string text;
    const crdt::Property* held = property(name);
    if (held == nullptr || !held->list) return text;
    for (const model::Value& element : held->list->values(replica().authors()))
      text += std::get<std::string>(element);
    return text;
  }
  Bytes state() { return *replica().canonical_state(); }
};

inline std::vector<model::Value> letters(std::string_view text) {
  std::vector<model::Value> values;
  for (const char letter : text) values.emplace_back(std::string(1, letter));
  return values;
}

}  // namespace hearth::replica::testing
