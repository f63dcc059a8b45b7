#pragma once
// For tests: one of everything.

#include <array>

#include <hearth/crypto/ed25519.h>
#include <hearth/update/body.h>
#include <hearth/update/checkpoint.h>
#include <hearth/update/header.h>
#include <hearth/update/membership.h>

namespace hearth::update::testing {

[[nodiscard]] inline crypto::Ed25519PrivateKey key_of(std::uint8_t number) {
  const std::array<std::byte, 32> seed{std::byte{number}};
  return *crypto::Ed25519PrivateKey::from_seed(seed);
}
[[nodiscard]] inline model::Bytes32 bytes32(std::uint8_t fill) {
  model::Bytes32 bytes;
  bytes.fill(std::byte{fill});
  return bytes;
}

[[nodiscard]] inline Body sample_body() {
  const auto other = author_of(key_of(2).public_key());
  return {
      .state = *model::Stamp::create(1'763'731'139'000.25),
      .behalf = Behalf{"photos", model::PersonaKey{bytes32(7)}},
      .authors = {other},
      .changes = {
          {"album/1",
           {Put{"title", std::string{"Été"}}, Put{"taken", -0.5},
            Put{"cover", model::Link{"photo/1"}}, Put{"raw", to_bytes("\x01")},
            Put{"gone", model::Null{}}, Put{"shared", true}, Add{"views", -3},
            Include{"tags", std::string{"sea"}, {{"by", 1.0}, {"when", 2.0}}},
            Exclude{"tags",
                    std::string{"old"},
                    {{.author = 0, .seq = 3, .index = 1}, {.author = 1, .seq = 9, .index = 0}}},
            Insert{"order", std::nullopt, Side::right, {1.0, 2.0, 3.0}},
            Insert{"order", Id{.author = 1, .seq = 4, .index = 2}, Side::left, {std::string{"x"}}},
            Erase{"order", {{.first = {.author = 1, .seq = 4, .index = 0}, .count = 2}}}}},
          {"album/2", {DeleteProperty{"title"}, DeleteNode{}}},
      }};
}

[[nodiscard]] inline Header sample_header() {
  return {.space = model::SpaceId{bytes32(1)},
          .author = author_of(key_of(1).public_key()),
          .seq = 2,
          .prev = bytes32(2),
          .membership = model::EntryId{bytes32(3)},
          .epoch = 0,
          .bytes = 400,
          .body = bytes32(4)};
}

[[nodiscard]] inline Entry sample_first() {
  Entry entry{.time = 1'763'731'139'000, .signer = author_of(key_of(1).public_key())};
  entry.changes = {Found{.kind = SpaceKind::guarded, .nonce = {}},
                   SetRole{model::PersonaKey{bytes32(5)}, Role::owner, {}}};
  return entry;
}

[[nodiscard]] inline Entry sample_entry() {
  const Position position{author_of(key_of(2).public_key()), 5, model::UpdateId{bytes32(6)}};
  Entry entry{.space = model::SpaceId{sample_first().id().value()},
              .term = 2,
              .seq = 1,
              .prev = sample_first().id(),
              .time = 1'763'731'140'000,
              .signer = author_of(key_of(1).public_key())};
  entry.changes = {SetHome{author_of(key_of(3).public_key())},
                   SetRole{model::PersonaKey{bytes32(8)}, Role::none, {position}},
                   EndAuthor{position}, NameBranch{position},
                   UnknownMemberChange{*from_hex("82096178")}};
  return entry;
}

[[nodiscard]] inline Checkpoint sample_checkpoint() {
  return {.space = model::SpaceId{bytes32(1)},
          .number = 2,
          .prev = model::CheckpointId{bytes32(9)},
          .membership = model::EntryId{bytes32(3)},
          .time = 1'763'731'139'000,
          .heads = {{author_of(key_of(1).public_key()), 2, model::UpdateId{bytes32(4)}}},
          .digest = bytes32(10)};
}

}  // namespace hearth::update::testing
