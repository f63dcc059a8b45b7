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
