#include <string>

#include <gtest/gtest.h>

#include <hearth/crypto/crc32.h>
#include <hearth/crypto/hkdf.h>
#include <hearth/crypto/hmac.h>
#include <hearth/crypto/sha2.h>

namespace hearth::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

// FIPS 180-4 examples.
TEST(Sha256, Fips180Examples) {
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha512, Fips180Examples) {
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha256, PieceByPieceIsAsAtOnceAndFinishStartsAnew) {
  const std::string text(300, 'x');
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += 7)
    hash.update(as_bytes(std::string_view{text}.substr(at, 7)));
  EXPECT_EQ(hash.finish(), sha256(as_bytes(text)));
  EXPECT_EQ(hash.finish(), sha256({}));
}

TEST(Sha512, ACopyGoesOnFromTheSamePoint) {
  Sha512 hash;
  hash.update(as_bytes("ab"));
  Sha512 copy = hash;
  copy.update(as_bytes("c"));
  EXPECT_EQ(copy.finish(), sha512(as_bytes("abc")));
  EXPECT_EQ(hash.finish(), sha512(as_bytes("ab")));
}

// RFC 2202 §3, test cases 1, 2 and 6.
TEST(HmacSha1, Rfc2202) {
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(20, std::byte{0x0b}), as_bytes("Hi There"))),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(to_hex(hmac_sha1(Bytes(80, std::byte{0xaa}),
                             as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

// The key is empty, not "the one before".
TEST(HmacSha1, AnEmptyKeyIsAKey) {
  const auto other = hmac_sha1(as_bytes("key"), as_bytes("x"));
  EXPECT_EQ(to_hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
  EXPECT_NE(other, hmac_sha1({}, as_bytes("x")));
}

// RFC 4231 §4.3 (test case 2) and §4.7 (test case 6).
TEST(HmacSha256, Rfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, std::byte{0xaa}),
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha512, Rfc4231) {
  EXPECT_EQ(to_hex(hmac_sha512(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(HmacSha256, PartsAreOneMessage) {
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), {as_bytes("what do ya "), as_bytes("want for nothing?")}),
            hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")));
}

// RFC 5869 appendix A.1 and A.3.
TEST(HkdfSha256, Rfc5869) {
  const Bytes ikm(22, std::byte{0x0b});
  const auto prk = hkdf_sha256_extract(hex("000102030405060708090a0b0c"), ikm);
  EXPECT_EQ(to_hex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  EXPECT_EQ(to_hex(hkdf_sha256_expand(prk, hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const auto unsalted = hkdf_sha256_extract({}, ikm);
  EXPECT_EQ(to_hex(hkdf_sha256_expand(unsalted, {}, 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfSha512, ExpandsToAnySizeUpToItsBound) {
  const auto prk = hkdf_sha512_extract(as_bytes("salt"), as_bytes("ikm"));
  const Bytes longest = hkdf_sha512_expand(prk, as_bytes("info"), 255 * 64);
  ASSERT_EQ(longest.size(), 255u * 64);
  EXPECT_TRUE(equal(hkdf_sha512_expand(prk, as_bytes("info"), 100), BytesView{longest}.first(100)));
  EXPECT_TRUE(hkdf_sha512_expand(prk, {}, 0).empty());
}

TEST(Crc32, CheckValue) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926u);
  EXPECT_EQ(crc32({}), 0u);
}

}  // namespace
}  // namespace hearth::crypto
