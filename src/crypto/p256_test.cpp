#include <gtest/gtest.h>

#include <hearth/crypto/p256.h>

namespace hearth::crypto {
namespace {

// RFC 6979 section A.2.5: NIST P-256, SHA-256.
const Bytes x = *from_hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
const Bytes y = *from_hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
const Bytes signature = *from_hex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");

TEST(P256, VerifiesRfc6979sVectorAndNothingElse) {
  const auto key = P256PublicKey::create(x, y);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(as_bytes("sample"), signature));
  EXPECT_FALSE(key->verify(as_bytes("Sample"), signature));
  for (std::size_t i = 0; i < signature.size(); i += 7) {
    Bytes tampered = signature;
    tampered[i] ^= std::byte{1};
    EXPECT_FALSE(key->verify(as_bytes("sample"), tampered)) << i;
  }
  EXPECT_FALSE(key->verify(as_bytes("sample"), BytesView{signature}.first(63)));
  EXPECT_FALSE(key->verify(as_bytes("sample"), Bytes(64)));
}

TEST(P256, RefusesPointsThatAreNotOnTheCurve) {
  Bytes other = y;
  other[31] ^= std::byte{1};
  EXPECT_FALSE(P256PublicKey::create(x, other));
  EXPECT_FALSE(P256PublicKey::create(Bytes(32), Bytes(32)));
  EXPECT_FALSE(P256PublicKey::create(BytesView{x}.first(31), y));
}

}  // namespace
}  // namespace hearth::crypto
