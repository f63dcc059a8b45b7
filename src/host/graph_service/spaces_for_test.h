#pragma once
// For tests: spaces over a real RocksDB in a directory of their own.

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "notation.h"
#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/graph_service/spaces.h>
#include <hearth/loop/system.h>
#include <hearth/update/signing.h>

namespace hearth::graph_service::testing {

using nlohmann::json;

inline crypto::Ed25519PrivateKey key_of(std::uint8_t number) {
  const std::array<std::byte, 32> seed{std::byte{number}, std::byte{0x67}};
  return *crypto::Ed25519PrivateKey::from_seed(seed);
}
inline PersonaKey persona_of(std::uint8_t number) {
  return PersonaKey{update::author_of(key_of(number).public_key()).value()};
}

inline const PersonaKey anna = persona_of(1);
inline const PersonaKey bert = persona_of(2);
inline constexpr std::int64_t beginning_ms = 1'763'731'139'000;

inline Asker asker(const PersonaKey& persona) {
  return {.persona = persona, .device = "device", .owns_box = persona == anna};
}

/// In a directory that is gone afterwards.
class Scratch : public ::testing::Test {
 protected:
  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path();
  loop::SystemEntropy entropy;
  NullLog log;
};

class SpacesTest : public Scratch {
 protected:
  void open() {
    spaces.reset();
    spaces = std::make_unique<Spaces>(Spaces::Options{.directory = directory, .upkeep = upkeep},
                                      entropy, log, now());
  }
  void found() {
    open();
    ASSERT_TRUE(spaces->keep_in_step({{anna, true}, {bert, false}}, now()));
    ASSERT_TRUE(spaces->commit());
  }
  Timestamp now() { return {.ms = ++ms}; }
  Result<Spaces::Written, ApiError> put(const PersonaKey& who, std::string_view soul,
                                        const json& value, std::string_view space = "home") {
    return spaces->write(*spaces->find(space), asker(who), now(), [&](replica::Draft& draft) {
      return apply_edits(
          json::array({{{"op", "put"}, {"soul", soul}, {"property", "p"}, {"value", value}}}),
          draft);
    });
  }
  json get(std::string_view soul, std::string_view space = "home") {
    Replica& replica = **spaces->replica(*spaces->find(space), now());
    const auto node = replica.node(soul);
    if (!node || *node == nullptr) return nullptr;
    return to_json(soul, **node, replica)["properties"];
  }
  std::unique_ptr<Spaces> spaces;
  UpkeepOptions upkeep;
  std::int64_t ms = beginning_ms;
};

}  // namespace hearth::graph_service::testing
