#include <algorithm>

#include <hearth/base/assert.h>
#include <hearth/crypto/sha2.h>
#include <hearth/opaque/oprf.h>

namespace hearth::opaque {
namespace {

using namespace std::string_view_literals;
using crypto::Ristretto255Element;
using crypto::Ristretto255Scalar;

// RFC 9497 §3.1 and §4.1: each domain separation tag ends in "OPRFV1-" || mode || "-" || suite.
constexpr auto hash_to_group_dst = "HashToGroup-OPRFV1-\0-ristretto255-SHA512"sv;
constexpr auto derive_key_pair_dst = "DeriveKeyPairOPRFV1-\0-ristretto255-SHA512"sv;

void append_with_length(Bytes& out, BytesView bytes) {
  HEARTH_ASSERT(bytes.size() <= 0xffff);
  Writer writer{out};
  writer.u16_be(static_cast<std::uint16_t>(bytes.size()));
  writer.bytes(bytes);
}

}  // namespace

Bytes expand_message_xmd(BytesView message, BytesView dst, std::size_t size) {
  constexpr std::size_t block_size = 128;  // SHA-512's input block
  constexpr std::size_t hash_size = 64;
  HEARTH_ASSERT(dst.size() <= 255 && size <= 255 * hash_size);

  Bytes dst_prime = to_bytes(dst);
  dst_prime.push_back(static_cast<std::byte>(dst.size()));
  Bytes size_and_zero;
  Writer{size_and_zero}.u16_be(static_cast<std::uint16_t>(size));
  size_and_zero.push_back(std::byte{0});

  crypto::Sha512 hash;
  hash.update(std::array<std::byte, block_size>{});
  hash.update(message);
  hash.update(size_and_zero);
  hash.update(dst_prime);
  crypto::Sha512Digest b0 = hash.finish();

  Bytes out;
  crypto::Sha512Digest block{};
  for (int counter = 1; out.size() < size; ++counter) {
    // b_1 is over b_0; each later block over b_0 xor the one before.
    for (std::size_t i = 0; i < hash_size; ++i) block[i] ^= b0[i];
    hash.update(block);
    hash.update(std::array{static_cast<std::byte>(counter)});
    hash.update(dst_prime);
    block = hash.finish();
    append(out, BytesView{block}.first(std::min(hash_size, size - out.size())));
  }
  crypto::wipe(b0);
  crypto::wipe(block);
  return out;
}

Ristretto255Scalar derive_private_key(BytesView seed, std::string_view info) {
  Bytes input = to_bytes(seed);
  append_with_length(input, as_bytes(info));
  input.push_back(std::byte{0});
  for (int counter = 0;; ++counter) {
    HEARTH_ASSERT(counter < 256);  // a zero scalar 256 times over: not in this universe
    input.back() = static_cast<std::byte>(counter);
    Bytes uniform = expand_message_xmd(input, as_bytes(derive_key_pair_dst), 64);
    auto key = Ristretto255Scalar::reduce(BytesView{uniform}.first<64>());
    crypto::wipe(uniform);
    if (!key) continue;
    crypto::wipe(input);
    return std::move(*key);
  }
}

Result<Ristretto255Element, Error> oprf_blind(BytesView input, const Ristretto255Scalar& blind) {
  Bytes uniform = expand_message_xmd(input, as_bytes(hash_to_group_dst), 64);
  const auto element = Ristretto255Element::map(BytesView{uniform}.first<64>());
  crypto::wipe(uniform);
  if (!element) return Failure{Error::invalid_password};
  return element->multiply(blind);
}

Ristretto255Element oprf_evaluate(const Ristretto255Scalar& key,
                                  const Ristretto255Element& blinded) {
  return blinded.multiply(key);
}

crypto::Secret<64> oprf_finalize(BytesView input, const Ristretto255Scalar& blind,
                                 const Ristretto255Element& evaluated) {
  const Ristretto255Element unblinded = evaluated.multiply(blind.inverse());
  Bytes hashed;
  hashed.reserve(2 + input.size() + 2 + Ristretto255Element::size + 8);
  append_with_length(hashed, input);
  append_with_length(hashed, unblinded.bytes());
  append(hashed, as_bytes("Finalize"));
  crypto::Sha512Digest digest = crypto::sha512(hashed);
  crypto::Secret<64> output{digest};
  crypto::wipe(digest);
  crypto::wipe(hashed);
  return output;
}

}  // namespace hearth::opaque
