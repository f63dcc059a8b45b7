// What people carry and type: ids, codes, words, links, names.

#include <string>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/identity/app_label.h>
#include <hearth/identity/link.h>
#include <hearth/identity/name.h>
#include <hearth/identity/proof.h>
#include <hearth/identity/recovery.h>
#include <hearth/identity/setup_code.h>
#include <hearth/identity/vault.h>

namespace hearth::identity {
namespace {

RootId test_root(int seed = 1) {
  return RootId{crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed)))
                    .value()
                    .public_key()};
}

TEST(Id, TextIsTheOneEncoding) {
  const RootId root = test_root();
  const std::string text = root.to_string();
  EXPECT_EQ(text.size(), RootId::text_size);
  EXPECT_EQ(RootId::parse(text), root);
  EXPECT_EQ(RootId::parse(text + "=").error(), IdentityError::malformed);
  EXPECT_EQ(RootId::parse(text.substr(1)).error(), IdentityError::malformed);
  EXPECT_EQ(RootId::parse(std::string(43, 'A')).error(), IdentityError::bad_key);
  // Unused bits of the last character: a second text for the same bytes.
  std::string loose = text;
  loose.back() = static_cast<char>(loose.back() + 1);
  EXPECT_FALSE(RootId::parse(loose));
}

TEST(SetupCode, ReadsWhatPeopleType) {
  const auto code = SetupCode::parse("ABCD-0123");
  ASSERT_TRUE(code);
  for (const std::string_view typed :
       {"abcd0123", " abcd-0123 ", "ABCDO123", "abcd o i 2 3", "ABCD0l23"})
    EXPECT_TRUE(SetupCode::parse(typed) && SetupCode::parse(typed)->matches(*code)) << typed;
  for (const std::string_view wrong : {"", "ABCD-012", "ABCD-01234", "ABCU-0123", "ABCD_0123"})
    EXPECT_FALSE(SetupCode::parse(wrong)) << wrong;
  EXPECT_FALSE(SetupCode::parse("ABCD-0124")->matches(*code));
}

TEST(SetupCode, RoundTrips) {
  SeededEntropy entropy{3};
  for (int i = 0; i < 200; ++i) {
    const auto code = SetupCode::generate(entropy);
    const auto parsed = SetupCode::parse(code.to_string());
    ASSERT_TRUE(parsed && parsed->matches(code));
    ASSERT_TRUE(SetupCode::from_bytes(code.bytes())->matches(code));
  }
}

std::string joined(const RecoveryWords& words) {
  std::string text;
  for (const auto word : words) text += std::string{word} + " ";
  return text;
}

// BIP 39's own vectors for 256 bits.
TEST(RecoveryWords, Bip39Vectors) {
  const Bytes zeros(32);
  EXPECT_EQ(joined(recovery_words(BytesView{zeros}.first<32>())),
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
            "abandon abandon abandon art ");
  const Bytes ones(32, std::byte{0xff});
  EXPECT_EQ(joined(recovery_words(BytesView{ones}.first<32>())),
            "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
            "zoo zoo vote ");
}

TEST(RecoveryWords, RoundTripHoweverTheyAreWritten) {
  SeededEntropy entropy{4};
  for (int i = 0; i < 50; ++i) {
    const auto seed = entropy.array<32>();
    std::string text = joined(recovery_words(seed));
    ASSERT_TRUE(equal(seed_from_words(text)->bytes(), seed));
    for (char& c : text)
      if (c != ' ') c = static_cast<char>(c - 'a' + 'A');
    ASSERT_TRUE(equal(seed_from_words("1. " + text + "\n")->bytes(), seed));
  }
}

TEST(RecoveryWords, AWrongOrSwappedOrMissingWordIsNoticed) {
  const Bytes zeros(32);
  std::string text = joined(recovery_words(BytesView{zeros}.first<32>()));
  EXPECT_EQ(seed_from_words("zoo " + text.substr(8)).error(), IdentityError::bad_checksum);
  EXPECT_EQ(seed_from_words("zoom " + text.substr(8)).error(), IdentityError::unknown_word);
  EXPECT_EQ(seed_from_words("abandonabandon " + text).error(), IdentityError::unknown_word);
  EXPECT_EQ(seed_from_words(text.substr(8)).error(), IdentityError::malformed);
  EXPECT_EQ(seed_from_words(text + "abandon").error(), IdentityError::malformed);
  EXPECT_EQ(seed_from_words("").error(), IdentityError::malformed);
}

TEST(Link, RefusesWhatIsNoLink) {
  const Link link{.kind = LinkKind::pair, .root = test_root(), .secret = Bytes(32, std::byte{1})};
  const std::string good = link.fragment();
  ASSERT_EQ(Link::parse(good), link);
  ASSERT_EQ(Link::parse("https://home.example/#" + good), link);
  EXPECT_EQ(Link::parse("2" + good.substr(1)).error(), IdentityError::unsupported_version);
  EXPECT_EQ(Link::parse(good + ".").error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse(good + ".AA").error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse(good + ".AA.AA").error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse(good.substr(0, good.size() - 1)).error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse("1.setup" + good.substr(6)).error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse("1.other" + good.substr(6)).error(), IdentityError::malformed);
  EXPECT_EQ(Link::parse("").error(), IdentityError::unsupported_version);
  EXPECT_EQ(Link::parse(std::string(Link::max_size + 1, '1')).error(), IdentityError::too_large);
}

TEST(Names, FlockAndPersonaNames) {
  EXPECT_TRUE(is_flock_name("abc"));
  EXPECT_TRUE(is_flock_name(std::string(32, 'a')));
  EXPECT_FALSE(is_flock_name(std::string(33, 'a')));
  EXPECT_FALSE(is_flock_name("ab"));
  EXPECT_FALSE(is_flock_name("a_b"));
  EXPECT_TRUE(is_persona_name("a"));
  EXPECT_TRUE(is_persona_name("a.b-c_9"));
  EXPECT_FALSE(is_persona_name(""));
  EXPECT_FALSE(is_persona_name("Anna"));
  EXPECT_FALSE(is_persona_name(std::string(33, 'a')));
  EXPECT_TRUE(is_display_name("Anna Müller 🔥"));
  EXPECT_FALSE(is_display_name("a\nb"));
  EXPECT_FALSE(is_display_name("\xff"));
  EXPECT_FALSE(is_display_name(std::string(65, 'a')));
}

TEST(AppLabel, DiffersByRootAndApp) {
  EXPECT_EQ(app_label(test_root(1), "files").size(), 26u);
  EXPECT_NE(app_label(test_root(1), "files"), app_label(test_root(2), "files"));
  EXPECT_NE(app_label(test_root(1), "files"), app_label(test_root(1), "photos"));
}

TEST(Vault, OpensUnderItsExportKeyAlone) {
  SeededEntropy entropy{5};
  const auto export_key = entropy.array<64>();
  const auto seed = entropy.array<32>();
  Bytes vault = seal_vault(export_key, seed, entropy);
  EXPECT_EQ(vault.size(), vault_size);
  EXPECT_TRUE(equal(open_vault(export_key, vault)->bytes(), seed));
  EXPECT_FALSE(open_vault(entropy.array<64>(), vault));
  vault[30] ^= std::byte{1};
  EXPECT_FALSE(open_vault(export_key, vault));
}

// S26 and the middleman: whatever of the transcript differs, the proof differs.
TEST(LoginProof, S26ChangesWithEveryPartyAndSide) {
  const auto id = [](int seed) {
    return crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed)))
        .value()
        .public_key();
  };
  const LoginTranscript honest{.client = peer::PeerId::from_public_key(id(1)),
                               .server = peer::PeerId::from_public_key(id(2)),
                               .root = RootId{id(3)},
                               .persona = PersonaId{id(4)},
                               .device = DeviceId{id(1)}};
  const Bytes session_key(64, std::byte{9});
  const auto proof = [&](Side side, const LoginTranscript& transcript) {
    return login_proof(BytesView{session_key}.first<64>(), side, transcript);
  };
  const auto expected = proof(Side::client, honest);
  EXPECT_NE(expected, proof(Side::server, honest));
  LoginTranscript changed = honest;
  changed.client = peer::PeerId::from_public_key(id(9));
  EXPECT_NE(expected, proof(Side::client, changed));
  changed = honest;
  changed.server = peer::PeerId::from_public_key(id(9));
  EXPECT_NE(expected, proof(Side::client, changed));
  changed = honest;
  changed.root = RootId{id(9)};
  EXPECT_NE(expected, proof(Side::client, changed));
  changed = honest;
  changed.persona = PersonaId{id(9)};
  EXPECT_NE(expected, proof(Side::client, changed));
  changed = honest;
  changed.device = DeviceId{id(9)};
  EXPECT_NE(expected, proof(Side::client, changed));
}

}  // namespace
}  // namespace hearth::identity
