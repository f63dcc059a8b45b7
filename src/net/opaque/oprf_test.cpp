#include <gtest/gtest.h>

#include <hearth/opaque/oprf.h>

namespace hearth::opaque {
namespace {

using crypto::Ristretto255Element;
using crypto::Ristretto255Scalar;

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

// RFC 9380 appendix K.2, expand_message_xmd(SHA-512).
TEST(ExpandMessageXmd, Rfc9380AppendixK2) {
  const auto dst = as_bytes("QUUX-V01-CS02-with-expander-SHA512-256");
  EXPECT_EQ(to_hex(expand_message_xmd({}, dst, 32)),
            "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba");
  EXPECT_EQ(to_hex(expand_message_xmd(as_bytes("abc"), dst, 32)),
            "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc");
}

// RFC 9497 appendix A.1.1, mode OPRF, ristretto255-SHA512.
TEST(Oprf, Rfc9497AppendixA11KeyFromSeed) {
  const Bytes seed(32, std::byte{0xa3});
  EXPECT_EQ(to_hex(derive_private_key(seed, "test key").bytes()),
            "5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e");
}

struct Vector {
  std::string_view input, blind, blinded, evaluated, output;
};

class OprfVector : public testing::TestWithParam<Vector> {};

TEST_P(OprfVector, Rfc9497AppendixA11) {
  const Vector& v = GetParam();
  const auto key = Ristretto255Scalar::create(
      hex("5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e"));
  const auto blind = Ristretto255Scalar::create(hex(v.blind));
  ASSERT_TRUE(key && blind);
  const auto blinded = oprf_blind(hex(v.input), *blind);
  ASSERT_TRUE(blinded);
  EXPECT_EQ(to_hex(blinded->bytes()), v.blinded);
  const auto evaluated = oprf_evaluate(*key, *blinded);
  EXPECT_EQ(to_hex(evaluated.bytes()), v.evaluated);
  EXPECT_EQ(to_hex(oprf_finalize(hex(v.input), *blind, evaluated).bytes()), v.output);
}

INSTANTIATE_TEST_SUITE_P(
    A11, OprfVector,
    testing::Values(Vector{"00", "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
                           "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
                           "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
                           "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3"
                           "ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6"},
                    Vector{"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
                           "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
                           "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
                           "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
                           "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4"
                           "f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73"}));

}  // namespace
}  // namespace hearth::opaque
