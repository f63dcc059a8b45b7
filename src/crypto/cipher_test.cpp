#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/crypto/argon2id.h>
#include <hearth/crypto/chacha20_poly1305.h>
#include <hearth/crypto/constant_time.h>
#include <hearth/crypto/ristretto255.h>
#include <hearth/crypto/x25519.h>
#include <hearth/crypto/xchacha20_poly1305.h>

namespace hearth::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

// RFC 7748 §6.1.
TEST(X25519, Rfc7748Section61) {
  const auto alice = X25519PrivateKey::from_bytes(
      hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
  const auto bob = X25519PrivateKey::from_bytes(
      hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  ASSERT_TRUE(alice && bob);
  EXPECT_EQ(to_hex(alice->public_key()),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  const auto shared = alice->agree(bob->public_key());
  ASSERT_TRUE(shared);
  EXPECT_EQ(to_hex(shared->bytes()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

// RFC 7748 §5.2, the first vector.
TEST(X25519, Rfc7748Section52) {
  const auto k = X25519PrivateKey::from_bytes(
      hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"));
  ASSERT_TRUE(k);
  const auto shared =
      k->agree(hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
  ASSERT_TRUE(shared);
  EXPECT_EQ(to_hex(shared->bytes()),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST(X25519, BothSidesAgree) {
  SeededEntropy entropy;
  const auto a = X25519PrivateKey::generate(entropy);
  const auto b = X25519PrivateKey::generate(entropy);
  const auto ab = a.agree(b.public_key());
  const auto ba = b.agree(a.public_key());
  ASSERT_TRUE(ab && ba);
  EXPECT_TRUE(constant_time_equal(ab->bytes(), ba->bytes()));
}

// RFC 7748 §6.1: the all-zero result must be refused, or a peer chooses the key.
TEST(X25519, RefusesPointsOfSmallOrder) {
  SeededEntropy entropy;
  const auto key = X25519PrivateKey::generate(entropy);
  EXPECT_EQ(key.agree(Bytes(32)).error(), KeyError::weak_agreement);
  Bytes one(32);
  one[0] = std::byte{1};
  EXPECT_EQ(key.agree(one).error(), KeyError::weak_agreement);
  EXPECT_EQ(key.agree(Bytes(31)).error(), KeyError::wrong_size);
}

constexpr std::string_view sunscreen =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";

// RFC 8439 §2.8.2.
TEST(ChaCha20Poly1305, Rfc8439Section282) {
  ChaCha20Poly1305 cipher{hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")};
  const Bytes nonce = hex("070000004041424344454647");
  const Bytes ad = hex("50515253c0c1c2c3c4c5c6c7");
  const BytesView n{nonce};
  Bytes sealed(sunscreen.size() + 16);
  cipher.seal(n.first<12>(), ad, as_bytes(sunscreen), sealed);
  EXPECT_EQ(to_hex(sealed),
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
  Bytes opened(sunscreen.size());
  ASSERT_TRUE(cipher.open(n.first<12>(), ad, sealed, opened));
  EXPECT_EQ(as_text(opened), sunscreen);
}

TEST(ChaCha20Poly1305, WorksInPlaceAndEmptyAndManyTimes) {
  SeededEntropy entropy;
  ChaCha20Poly1305 cipher{entropy.array<32>()};
  for (std::size_t size = 0; size < 300; ++size) {
    const auto nonce = entropy.array<12>();
    Bytes buffer(size + 16);
    entropy.fill(MutableBytes{buffer}.first(size));
    const Bytes before = buffer;
    cipher.seal(nonce, as_bytes("ad"), BytesView{buffer}.first(size), buffer);
    ASSERT_TRUE(cipher.open(nonce, as_bytes("ad"), buffer, MutableBytes{buffer}.first(size)));
    EXPECT_TRUE(equal(BytesView{buffer}.first(size), BytesView{before}.first(size)));
  }
}

TEST(ChaCha20Poly1305, RefusesWhatWasTouchedAndGivesNothingAway) {
  SeededEntropy entropy;
  ChaCha20Poly1305 cipher{entropy.array<32>()};
  const auto nonce = entropy.array<12>();
  Bytes sealed(20 + 16);
  cipher.seal(nonce, {}, Bytes(20, std::byte{5}), sealed);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bad = sealed;
    bad[i] ^= std::byte{0x10};
    Bytes out(20, std::byte{9});
    EXPECT_FALSE(cipher.open(nonce, {}, bad, out));
    EXPECT_TRUE(equal(out, Bytes(20)));
  }
  Bytes out(20);
  EXPECT_FALSE(cipher.open(nonce, as_bytes("other"), sealed, out));
  EXPECT_FALSE(cipher.open(nonce, {}, Bytes(15), out));
  // A refused message leaves the object usable.
  EXPECT_TRUE(cipher.open(nonce, {}, sealed, out));
}

// draft-irtf-cfrg-xchacha-03 appendix A.3.1.
TEST(XChaCha20Poly1305, DraftAppendixA31) {
  const Bytes key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const Bytes nonce = hex("404142434445464748494a4b4c4d4e4f5051525354555657");
  const Bytes ad = hex("50515253c0c1c2c3c4c5c6c7");
  const Bytes sealed = xchacha20_poly1305_seal(
      BytesView{key}.first<32>(), BytesView{nonce}.first<24>(), ad, as_bytes(sunscreen));
  EXPECT_EQ(to_hex(BytesView{sealed}.last(16)), "c0875924c1c7987947deafd8780acf49");
  const auto opened =
      xchacha20_poly1305_open(BytesView{key}.first<32>(), BytesView{nonce}.first<24>(), ad, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(*opened), sunscreen);
}

TEST(XChaCha20Poly1305, ABoxOpensUnderItsKeyAndLabelAlone) {
  SeededEntropy entropy;
  const auto key = entropy.array<32>();
  Bytes box = xchacha20_poly1305_seal(key, entropy, as_bytes("label"), as_bytes("secret"));
  EXPECT_EQ(box.size(), 24u + 6 + 16);
  EXPECT_EQ(to_text(*xchacha20_poly1305_open(key, as_bytes("label"), box)), "secret");
  EXPECT_FALSE(xchacha20_poly1305_open(key, as_bytes("other"), box));
  EXPECT_FALSE(xchacha20_poly1305_open(entropy.array<32>(), as_bytes("label"), box));
  EXPECT_FALSE(xchacha20_poly1305_open(key, as_bytes("label"), BytesView{box}.first(23)));
  EXPECT_FALSE(xchacha20_poly1305_open(key, as_bytes("label"), BytesView{box}.first(39)));
}

// Against an independent implementation (noble-hashes): RFC 9106's own vector has parallelism 4.
TEST(Argon2id, MatchesAnotherImplementation) {
  const auto salt = as_bytes("somesaltsomesalt").first<16>();
  EXPECT_EQ(to_hex(*argon2id(as_bytes("password"), salt, {}, 32)),
            "7664ad4ba1a3c999fcdd0991ffc2270f78302d2383233db5e7befc85d1bb1819");
  const Bytes twos(16, std::byte{2});
  EXPECT_EQ(
      to_hex(*argon2id({}, BytesView{twos}.first<16>(), {.memory_kib = 8, .iterations = 1}, 16)),
      "8e4e04bb834884331796bb3d150be410");
}

TEST(Argon2id, RefusesCostsItCannotPay) {
  const Bytes salt(16);
  const auto with = [&](Argon2idCost cost) {
    return argon2id(as_bytes("x"), BytesView{salt}.first<16>(), cost, 32);
  };
  EXPECT_EQ(with({.memory_kib = 7, .iterations = 1}).error(), Argon2idError::cost_out_of_range);
  EXPECT_EQ(with({.memory_kib = 8, .iterations = 0}).error(), Argon2idError::cost_out_of_range);
  EXPECT_EQ(with({.memory_kib = 4'194'304, .iterations = 1}).error(),
            Argon2idError::cost_out_of_range);
}

// RFC 9496 appendix A.1: multiples of the generator.
TEST(Ristretto255, Rfc9496AppendixA1) {
  Bytes scalar(32);
  scalar[0] = std::byte{1};
  EXPECT_EQ(to_hex(Ristretto255Element::base(*Ristretto255Scalar::create(scalar)).bytes()),
            "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76");
  scalar[0] = std::byte{2};
  EXPECT_EQ(to_hex(Ristretto255Element::base(*Ristretto255Scalar::create(scalar)).bytes()),
            "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919");
}

// RFC 9496 appendix A.2: encodings that must be refused (non-canonical, negative, non-square).
TEST(Ristretto255, Rfc9496AppendixA2) {
  for (const std::string_view bad : {
           "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
           "0000000000000000000000000000000000000000000000000000000000000000",
       })
    EXPECT_EQ(Ristretto255Element::create(hex(bad)).error(), KeyError::invalid_point) << bad;
}

// RFC 9496 appendix A.3, the first vector: the hash of its label.
TEST(Ristretto255, Rfc9496AppendixA3) {
  const Bytes uniform =
      hex("5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
          "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6");
  const auto element = Ristretto255Element::map(BytesView{uniform}.first<64>());
  ASSERT_TRUE(element);
  EXPECT_EQ(to_hex(element->bytes()),
            "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46");
}

TEST(Ristretto255, InverseUndoesMultiplication) {
  SeededEntropy entropy;
  const auto a = Ristretto255Scalar::generate(entropy);
  const auto b = Ristretto255Scalar::generate(entropy);
  const auto element = Ristretto255Element::base(b);
  EXPECT_EQ(element.multiply(a).multiply(a.inverse()), element);
}

TEST(Ristretto255, RefusesScalarsThatAreNotReducedOrZero) {
  EXPECT_EQ(Ristretto255Scalar::create(Bytes(32)).error(), KeyError::invalid_scalar);
  EXPECT_EQ(Ristretto255Scalar::create(
                hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
                .error(),
            KeyError::invalid_scalar);
  EXPECT_TRUE(Ristretto255Scalar::create(
      hex("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")));
}

TEST(ConstantTime, ComparesBytesAndSizes) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_TRUE(constant_time_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("ab")));
}

// RFC 9496 section 4.3.1: an encoding is below the field's prime. With the topmost bit set the
// identity would pass for another element, and every product with it would be the identity.
TEST(Ristretto255, RefusesEncodingsWithTheTopmostBit) {
  Bytes identity(32);
  EXPECT_FALSE(Ristretto255Element::create(identity));
  identity.back() = std::byte{0x80};
  EXPECT_FALSE(Ristretto255Element::create(identity));
}

}  // namespace
}  // namespace hearth::crypto
