// src/graph/vectors/graph.json, which another implementation made (tests/graph/reference.mjs):
// values and their order, bytes that must be refused, and whole histories with the state they lead
// to.

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <hearth/graph_store/memory_store.h>
#include <hearth/model/value.h>
#include <hearth/replica/replica.h>

namespace hearth::replica {
namespace {

/// One vector a line: a flat object whose strings hold no escapes.
class Vector {
 public:
  explicit Vector(std::string line) : line_(std::move(line)) {}
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto at = line_.find("\"" + name + "\":");
    if (at == std::string::npos) return {};
    const auto begin = line_.find_first_not_of('"', at + name.size() + 3);
    return line_.substr(begin, line_.find_first_of("\",}", begin) - begin);
  }
  [[nodiscard]] Bytes hex(const std::string& name) const { return from_hex(text(name)).value(); }

 private:
  std::string line_;
};

// HEARTH_GRAPH_VECTORS=FILE: others than those that are kept here.
std::vector<Vector> vectors(const std::string& kind) {
  const char* other = std::getenv("HEARTH_GRAPH_VECTORS");
  std::ifstream file{other == nullptr ? GRAPH_VECTORS : other};
  std::vector<Vector> found;
  for (std::string line; std::getline(file, line);)
    if (Vector vector{line};
        !vector.text("kind").empty() &&
        (kind.empty() ? !vector.text("case").empty() : vector.text("kind") == kind))
      found.push_back(vector);
  EXPECT_FALSE(found.empty());
  return found;
}

Result<model::Value, model::ModelError> value_of(const Bytes& bytes) {
  codec::CborReader reader{bytes};
  auto value = model::read_value(reader);
  if (value && !reader.done()) return Failure{model::ModelError::malformed};
  return value;
}

TEST(GraphVectors, ValuesHaveTheEncodingAndTheJsonTextOfAnotherImplementation) {
  for (const Vector& vector : vectors("value")) {
    const Bytes bytes = vector.hex("hex");
    const auto value = value_of(bytes);
    ASSERT_TRUE(value) << vector.text("hex");
    codec::CborWriter writer;
    write(writer, *value);
    EXPECT_EQ(writer.take(), bytes);
    if (std::holds_alternative<Bytes>(*value)) continue;
    std::string json;
    append_json(json, *value);
    EXPECT_EQ(to_hex(as_bytes(json)), vector.text("json"));
  }
}

TEST(GraphVectors, ValuesAreOrderedAsJavaScriptOrdersThem) {
  for (const Vector& vector : vectors("order")) {
    const auto order = compare(*value_of(vector.hex("a")), *value_of(vector.hex("b"))) <=> 0;
    EXPECT_EQ(order < 0   ? "-1"
              : order > 0 ? "1"
                          : "0",
              vector.text("order"))
        << vector.text("a") << " " << vector.text("b");
  }
}

TEST(GraphVectors, OtherEncodingsAreRefused) {
  for (const Vector& vector : vectors("no value"))
    EXPECT_FALSE(value_of(vector.hex("hex"))) << vector.text("hex");
  for (const Vector& vector : vectors("no body"))
    EXPECT_FALSE(update::Body::decode(vector.hex("hex"), model::AuthorKey{})) << vector.text("hex");
}

update::Update update_of(const Vector& vector) {
  update::Update update;
  const auto header = update::Header::decode(vector.hex("header"));
  EXPECT_TRUE(header);
  update.header = *header;
  update.body = vector.hex("body");
  const Bytes signature = vector.hex("signature");
  std::ranges::copy(signature, update.signature.begin());
  return update;
}

// As they come, and backwards.
TEST(GraphVectors, HistoriesLeadToTheStateOfAnotherImplementation) {
  std::map<std::string, std::vector<Vector>> cases;
  for (Vector& vector : vectors("")) cases[vector.text("case")].push_back(std::move(vector));
  ASSERT_FALSE(cases.empty());
  for (auto& [name, messages] : cases) {
    SCOPED_TRACE(name);
    const Vector expected = messages.back();
    ASSERT_EQ(expected.text("kind"), "state");
    messages.pop_back();
    for (const bool backwards : {false, true}) {
      if (backwards) std::ranges::reverse(messages);
      graph_store::MemoryStore store;
      const auto space = *model::id_from<model::SpaceId>(expected.hex("space"));
      const Timestamp now{.ms = std::stoll(expected.text("now"))};
      auto replica = std::move(*Replica::open(store, "", space, {.ms = 0}));
      update::Verifier verifier;
      for (const Vector& message : messages) {
        if (message.text("kind") == "entry") {
          ASSERT_TRUE(replica->add_entry(message.hex("hex")));
        } else if (message.text("kind") == "checkpoint") {
          ASSERT_TRUE(replica->add_checkpoint(message.hex("hex")));
        } else {
          auto update = verifier.verify(update_of(message));
          ASSERT_TRUE(update);
          ASSERT_TRUE(replica->add(std::move(*update), message.hex("certificate")));
        }
      }
      ASSERT_TRUE(replica->advance(now));
      const Bytes state = *replica->canonical_state();
      EXPECT_EQ(to_hex(update::hash_of(state)), expected.text("digest"));
      EXPECT_TRUE(expected.text("state").empty() || expected.text("state") == to_hex(state));
    }
  }
}

}  // namespace
}  // namespace hearth::replica
