#include <gtest/gtest.h>

#include <hearth/gun/sea.h>
#include <hearth/gun/sea_vectors_for_test.h>

namespace hearth::gun {
namespace {

constexpr double now_ms = 1795269100000;

Property property_of(const SeaVector& vector) {
  const ValueKind kind = vector.json == "null"          ? ValueKind::null
                         : vector.json.starts_with('{') ? ValueKind::link
                                                        : ValueKind::string;
  return {.name = vector.name, .value = {kind, vector.json}, .state = vector.state};
}

Property text(std::string_view name, std::string_view json, double state = 1) {
  return {.name = name, .value = {ValueKind::string, json}, .state = state};
}

TEST(Sea, DecidesAsItsVectorsSay) {
  Sea sea;
  const SeaVector* block = nullptr;
  for (const SeaVector& vector : sea_vectors)
    if (vector.expected == Expected::the_block) block = &vector;
  ASSERT_NE(block, nullptr);
  const Sea::Lookup empty = [](std::string_view, std::string_view) { return std::nullopt; };
  const Sea::Lookup with_block = [&](std::string_view soul,
                                     std::string_view name) -> std::optional<std::string> {
    if (soul != block->soul || name != block->name) return std::nullopt;
    return std::string{block->json};
  };
  for (const SeaVector& vector : sea_vectors) {
    const Verdict got = sea.check(vector.soul, property_of(vector), now_ms, empty);
    const Verdict blocked = sea.check(vector.soul, property_of(vector), now_ms, with_block);
    Verdict wanted = Verdict::allowed;
    if (vector.expected == Expected::unverified) wanted = Verdict::unverified;
    if (vector.expected == Expected::certificate_fails) wanted = Verdict::certificate_fails;
    if (vector.expected == Expected::expired) wanted = Verdict::certificate_expired;
    EXPECT_EQ(got, wanted) << vector.soul << " " << vector.name << " " << vector.json;
    EXPECT_EQ(blocked, vector.expected == Expected::blocked ? Verdict::blocked : wanted)
        << vector.json;
  }
}

TEST(Sea, LooksAtASignatureOnce) {
  Sea sea;
  const SeaVector& vector = sea_vectors[2];
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(sea.check(vector.soul, property_of(vector), now_ms, {}), Verdict::allowed);
  EXPECT_EQ(sea.verifications(), 1u);
}

TEST(Sea, BelievesWhatAnotherFoundOutGoodAndBad) {
  const Sea::Lookup empty = [](std::string_view, std::string_view) { return std::nullopt; };
  Sea first, second;
  std::vector<Checked> checked;
  std::vector<Verdict> verdicts;
  {
    const Sea::Recording recording{first, checked};
    for (const SeaVector& vector : sea_vectors)
      verdicts.push_back(first.check(vector.soul, property_of(vector), now_ms, empty));
  }
  EXPECT_GT(first.verifications(), 20u);
  second.note(checked);
  std::size_t next = 0;
  for (const SeaVector& vector : sea_vectors)
    EXPECT_EQ(second.check(vector.soul, property_of(vector), now_ms, empty), verdicts[next++]);
  EXPECT_EQ(second.verifications(), 0u);
}

TEST(Sea, KnowsWhoseASoulIs) {
  EXPECT_EQ(owner_of("~a.b"), "a.b");
  EXPECT_EQ(owner_of("~a.b/profile"), "a.b");
  EXPECT_EQ(owner_of("chat~a.b/x~c.d"), "a.b");
  EXPECT_EQ(owner_of("~a_-9\u20acb/c"), "a_-9.b");
  EXPECT_EQ(owner_of("~ab"), "");
  EXPECT_EQ(owner_of("ab.c"), "");
  EXPECT_EQ(owner_of("~"), "");
}

TEST(Sea, AnAliasLinksToItselfAlone) {
  Sea sea;
  const auto check = [&](std::string_view soul, std::string_view name, Value value) {
    return sea.check(soul, {.name = name, .value = value, .state = 1}, now_ms, {});
  };
  EXPECT_EQ(check("~@alice", "~a.b", {ValueKind::link, R"({"#":"~a.b"})"}), Verdict::allowed);
  EXPECT_EQ(check("~@alice", "~a.b", {ValueKind::link, R"({"#":"~c.d"})"}),
            Verdict::alias_not_same);
  EXPECT_EQ(check("~@alice", "~a.b", {ValueKind::string, R"("~a.b")"}), Verdict::alias_not_same);
  EXPECT_EQ(check("~@alice", "~a.b", {ValueKind::null, "null"}), Verdict::must_exist);
  EXPECT_EQ(check("~@", "~@alice", {ValueKind::link, R"({"#":"~@alice"})"}), Verdict::allowed);
  EXPECT_EQ(check("~@", "alice", {ValueKind::link, R"({"#":"~@alice"})"}), Verdict::allowed);
  EXPECT_EQ(check("~@", "bob", {ValueKind::link, R"({"#":"~@alice"})"}), Verdict::alias_not_same);
}

TEST(Sea, AnAccountsPubIsTheAccount) {
  Sea sea;
  EXPECT_EQ(sea.check("~a.b", text("pub", R"("a.b")"), now_ms, {}), Verdict::allowed);
  EXPECT_EQ(sea.check("~a.b", text("pub", R"("c.d")"), now_ms, {}), Verdict::account_not_same);
  EXPECT_EQ(sea.check("~a.b/x", text("pub", R"("a.b")"), now_ms, {}), Verdict::unverified);
}

// The hash of "content", as SEA.work made it.
TEST(Sea, ContentAddressedSoulsHoldWhatTheirNamesSay) {
  Sea sea;
  constexpr std::string_view named = "any#7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=";
  constexpr std::string_view hex =
      "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
  EXPECT_EQ(sea.check("#", text(named, R"("content")"), now_ms, {}), Verdict::allowed);
  EXPECT_EQ(sea.check("a#b", text(hex, R"("content")"), now_ms, {}), Verdict::allowed);
  EXPECT_EQ(sea.check("#", text(named, R"("Content")"), now_ms, {}), Verdict::hash_not_same);
  EXPECT_EQ(sea.check("#", text("x", R"("content")"), now_ms, {}), Verdict::hash_not_same);
}

TEST(Sea, SoulsThatForgetDropWhatIsOld) {
  Sea sea;
  EXPECT_EQ(sea.check("a<?10", text("k", "1", now_ms - 11'000), now_ms, {}), Verdict::omitted);
  EXPECT_EQ(sea.check("a<?10", text("k", "1", now_ms - 9'000), now_ms, {}), Verdict::allowed);
  EXPECT_EQ(sea.check("a<?0.5x", text("k", "1", now_ms - 600), now_ms, {}), Verdict::omitted);
  EXPECT_EQ(sea.check("a<?", text("k", "1", 1), now_ms, {}), Verdict::allowed);
}

}  // namespace
}  // namespace hearth::gun
