#include <map>

#include <gtest/gtest.h>

#include <hearth/graph_store/memory_store.h>
#include <hearth/gun/format.h>
#include <hearth/gun/nodes.h>
#include <hearth/gun/radata.h>

namespace hearth::gun {
namespace {

void write(graph_store::Store& store, std::string_view key, std::string_view value) {
  graph_store::Batch batch;
  batch.put(key, as_bytes(value));
  ASSERT_TRUE(store.write(batch));
}

TEST(Format, NotesItsVersionAndRefusesALaterOne) {
  graph_store::MemoryStore store;
  ASSERT_TRUE(prepare_format(store));
  EXPECT_EQ(store.get("v").value(), Bytes{std::byte{1}});
  ASSERT_TRUE(prepare_format(store));
  write(store, "v", "\x02");
  EXPECT_EQ(prepare_format(store), Failure{FormatError::newer});
}

TEST(Format, VerifyReadsEverythingAndNamesWhatIsDamaged) {
  graph_store::MemoryStore store;
  ASSERT_TRUE(prepare_format(store));
  Records records{store, 1000};
  Nodes nodes{records};
  const std::string large = "\"" + std::string(2000, 'x') + "\"";
  for (const std::string_view json : {std::string_view{"1"}, std::string_view{large}}) {
    const Property properties[] = {{"a", {ValueKind::string, json}, 1},
                                   {"b", {ValueKind::string, json}, 1}};
    std::vector<std::size_t> changed;
    ASSERT_TRUE(nodes.merge(json.substr(0, 3), properties, changed));
  }
  ASSERT_TRUE(store.write(records.take()));
  Verification found = verify(store);
  EXPECT_EQ(found.nodes, 2u);
  EXPECT_EQ(found.properties, 4u);
  EXPECT_EQ(found.damaged, 0u);
  write(store, {"nx\0", 3}, "\x01\xff");
  write(store, {"ny\0p", 4}, "short");
  write(store, {"nz\0p", 4}, "12345678{bad");
  write(store, "?", "");
  found = verify(store);
  EXPECT_EQ(found.damaged, 4u);
  EXPECT_EQ(found.damaged_keys.back(), "nz\\x00p");
}

// As npm gun wrote it, cut where a radix tree cuts: within "😀", too.
TEST(Radata, SaysEveryPropertyOfAFile) {
  constexpr std::string_view file =
      R"({"a":{"\u001b":{"x":{"":{":":1,">":1.5}},"\ud83d":{"\ude00":{"":{":":"\n",">":2}},"\ude01":{"":{":":{"#":"b"},">":3}}}},)"
      R"("b\u001bn":{"":{":":null,">":4}},"c\u001bn":{"":{":":[1],">":4}},"d\u001bn":{"":{":":1}},"e":{"":{":":1,">":1}}}})";
  std::map<std::string, std::string> all;
  int invalid = 0;
  ASSERT_TRUE(read_rad(file, [&](std::string_view soul, const Property& property) {
    if (property.value.kind == ValueKind::invalid)
      ++invalid;
    else
      all[std::string{soul} + "/" + std::string{property.name}] =
          std::string{property.value.json} + "@" + std::to_string(property.state).substr(0, 3);
  }));
  EXPECT_EQ(all, (std::map<std::string, std::string>{{"a/x", "1@1.5"},
                                                     {"a/\U0001F600", "\"\\n\"@2.0"},
                                                     {"a/\U0001F601", "{\"#\":\"b\"}@3.0"},
                                                     {"ab/n", "null@4.0"}}));
  EXPECT_EQ(invalid, 3);
  EXPECT_FALSE(read_rad("{\"a\":", [](std::string_view, const Property&) {}));
  EXPECT_FALSE(read_rad("[]", [](std::string_view, const Property&) {}));
}

TEST(Radata, SaysNothingOfAValueThatIsCutOff) {
  for (const std::string_view value : {"\"cut", "tru", "\"\\x\"", "1e999"}) {
    const std::string file = R"({"a\u001bx":{"":{">":1,":":)" + std::string{value};
    EXPECT_FALSE(read_rad(file, [&](std::string_view, const Property& property) {
      ADD_FAILURE() << file << " gave " << property.value.json;
    }));
  }
}

}  // namespace
}  // namespace hearth::gun
