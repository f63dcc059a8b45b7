#include <array>
#include <string_view>

#include <gtest/gtest.h>
#include <sodium.h>

#include <hearth/crypto/ed25519.h>

namespace hearth::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

struct Vector {
  std::string_view seed, public_key, message, signature;
};

class Ed25519Vector : public testing::TestWithParam<Vector> {};

TEST_P(Ed25519Vector, Rfc8032Section71) {
  const Vector& v = GetParam();
  const auto key = Ed25519PrivateKey::from_seed(hex(v.seed));
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->public_key().bytes()), v.public_key);
  EXPECT_EQ(to_hex(key->sign(hex(v.message))), v.signature);
  EXPECT_TRUE(key->public_key().verify(hex(v.message), hex(v.signature)));
}

INSTANTIATE_TEST_SUITE_P(
    Tests123, Ed25519Vector,
    testing::Values(Vector{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                           "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                           "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                           "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
                    Vector{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                           "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                           "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                           "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
                    Vector{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                           "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                           "af82",
                           "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                           "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"}));

Ed25519PrivateKey test_key() {
  return *Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7}));
}

TEST(Ed25519, RefusesEveryChangedBit) {
  const auto key = test_key();
  const auto message = as_bytes("the message");
  const Ed25519Signature good = key.sign(message);
  ASSERT_TRUE(key.public_key().verify(message, good));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Ed25519Signature bad = good;
    bad[bit / 8] ^= std::byte(1 << (bit % 8));
    EXPECT_FALSE(key.public_key().verify(message, bad)) << bit;
  }
  EXPECT_FALSE(key.public_key().verify(as_bytes("the messagf"), good));
  EXPECT_FALSE(key.public_key().verify(message, BytesView{good}.first(63)));
  EXPECT_FALSE(key.public_key().verify(message, {}));
}

// S + L satisfies the equation as well as S does: without a range check anyone could make a second
// signature (RFC 8032 §5.1.7, §8.4).
TEST(Ed25519, S15RefusesASecondSignatureMadeOutOfTheFirst) {
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const auto key = test_key();
  Ed25519Signature signature = key.sign(as_bytes("x"));
  int carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += std::to_integer<int>(signature[32 + i]) + std::to_integer<int>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 0xff);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0);
  EXPECT_FALSE(key.public_key().verify(as_bytes("x"), signature));
}

// The eight points of small order and the other encodings of them that exist: each would verify
// forged signatures for many messages.
TEST(Ed25519, S15RefusesKeysOfSmallOrder) {
  for (const std::string_view encoding : {
           "0100000000000000000000000000000000000000000000000000000000000000",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0000000000000000000000000000000000000000000000000000000000000080",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
           "0100000000000000000000000000000000000000000000000000000000000080",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
       })
    EXPECT_EQ(Ed25519PublicKey::create(hex(encoding)).error(), KeyError::invalid_point) << encoding;
}

// Keys found valid are remembered by their first byte: that nothing stands there, or another key,
// must not count.
TEST(Ed25519, S15JudgesAKeyAlikeHoweverOftenItComes) {
  for (int first = 0; first < 256; ++first) {
    Bytes unknown(32);
    unknown[0] = static_cast<std::byte>(first);
    const bool valid = crypto_core_ed25519_is_valid_point(
                           reinterpret_cast<const unsigned char*>(unknown.data())) == 1;
    for (int time = 0; time < 3; ++time)
      EXPECT_EQ(Ed25519PublicKey::create(unknown).has_value(), valid) << first;
    const Bytes key = to_bytes(Ed25519PrivateKey::from_seed(unknown)->public_key().bytes());
    Bytes other = key;
    EXPECT_TRUE(Ed25519PublicKey::create(key));
    EXPECT_TRUE(Ed25519PublicKey::create(key));
    other[31] ^= std::byte{0x40};
    const bool other_valid = crypto_core_ed25519_is_valid_point(
                                 reinterpret_cast<const unsigned char*>(other.data())) == 1;
    EXPECT_EQ(Ed25519PublicKey::create(other).has_value(), other_valid);
    EXPECT_TRUE(Ed25519PublicKey::create(key));
  }
}

TEST(Ed25519, S15RefusesAKeyWithASmallOrderPart) {
  const auto key = test_key();
  const Bytes torsion = hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  std::array<unsigned char, 32> mixed;
  ASSERT_EQ(
      crypto_core_ed25519_add(
          mixed.data(), reinterpret_cast<const unsigned char*>(key.public_key().bytes().data()),
          reinterpret_cast<const unsigned char*>(torsion.data())),
      0);
  EXPECT_EQ(Ed25519PublicKey::create(std::as_bytes(std::span{mixed})).error(),
            KeyError::invalid_point);
}

// y = 3 is on the curve or not; y + p encodes the same point as y and must not count.
TEST(Ed25519, S15RefusesEncodingsThatAreNotReduced) {
  for (int y = 0; y < 19; ++y) {
    Bytes encoding(32, std::byte{0xff});
    encoding[0] = static_cast<std::byte>(0xed + y);
    for (const std::byte top : {std::byte{0x7f}, std::byte{0xff}}) {
      encoding[31] = top;
      EXPECT_FALSE(Ed25519PublicKey::create(encoding)) << y;
    }
  }
}

// The twelve vectors of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020, section 5):
// keys and R of small or mixed order, S not reduced, encodings not reduced. Libraries disagree
// about them; we refuse each, natively and in WASM.
TEST(Ed25519, S15RefusesEveryVectorThatLibrariesDisagreeAbout) {
  struct Case {
    std::string_view message, key, signature;
  };
  for (const Case& c : {
           Case{"8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
                "0000000000000000000000000000000000000000000000000000000000000000"},
           Case{"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
                "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"},
           Case{"aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
                "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
                "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e"},
           Case{"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
                "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
                "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
                "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009"},
           Case{"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
                "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
                "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
                "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09"},
           Case{"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
                "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
                "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
                "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405"},
           Case{"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
                "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
                "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
                "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514"},
           Case{"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
                "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
                "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
                "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22"},
           Case{"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
                "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f"},
           Case{"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
                "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908"},
           Case{"e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
                "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"},
           Case{"39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
                "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"},
       }) {
    const auto key = Ed25519PublicKey::create(hex(c.key));
    EXPECT_FALSE(key && key->verify(hex(c.message), hex(c.signature))) << c.key;
  }
}

TEST(Ed25519, RefusesKeysOfAnotherSize) {
  EXPECT_EQ(Ed25519PublicKey::create(Bytes(31)).error(), KeyError::wrong_size);
  EXPECT_EQ(Ed25519PublicKey::create(Bytes(33)).error(), KeyError::wrong_size);
  EXPECT_EQ(Ed25519PrivateKey::from_seed(Bytes(64)).error(), KeyError::wrong_size);
}

TEST(Ed25519, AMovedFromPrivateKeyIsWiped) {
  auto key = test_key();
  const auto clone = key.clone();
  const auto moved = std::move(key);
  EXPECT_TRUE(equal(key.seed(), Bytes(32)));  // NOLINT(bugprone-use-after-move): the claim
  EXPECT_TRUE(equal(moved.seed(), clone.seed()));
  EXPECT_EQ(moved.sign(as_bytes("x")), clone.sign(as_bytes("x")));
}

}  // namespace
}  // namespace hearth::crypto
