#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "library.h"
#include <hearth/base/assert.h>
#include <hearth/crypto/p256.h>

namespace hearth::crypto {
namespace {

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* object) const { free(object); }
};
using Number = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG, ECDSA_SIG_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;

Number number(BytesView bytes) {
  Number made{BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr)};
  HEARTH_ASSERT(made != nullptr);
  return made;
}

}  // namespace

void P256PublicKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<P256PublicKey, KeyError> P256PublicKey::create(BytesView x, BytesView y) {
  if (x.size() != coordinate_size || y.size() != coordinate_size)
    return Failure{KeyError::wrong_size};
  std::array<unsigned char, 1 + 2 * coordinate_size> point{4};  // uncompressed
  std::copy_n(raw(x), coordinate_size, point.begin() + 1);
  std::copy_n(raw(y), coordinate_size, point.begin() + 1 + coordinate_size);
  std::array<char, 11> group{"prime256v1"};
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  HEARTH_ASSERT(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1)
    return Failure{KeyError::invalid_point};
  Handle handle{key};
  const KeyContext check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  HEARTH_ASSERT(check != nullptr);
  if (EVP_PKEY_public_check(check.get()) != 1) return Failure{KeyError::invalid_point};
  return P256PublicKey{std::move(handle)};
}

bool P256PublicKey::verify(BytesView message, BytesView signature) const {
  if (signature.size() != signature_size) return false;
  const Signature parts{ECDSA_SIG_new()};
  HEARTH_ASSERT(parts != nullptr);
  HEARTH_ASSERT(ECDSA_SIG_set0(parts.get(), number(signature.first(32)).release(),
                               number(signature.last(32)).release()) == 1);
  std::array<unsigned char, 80> der;
  if (i2d_ECDSA_SIG(parts.get(), nullptr) > static_cast<int>(der.size())) return false;
  unsigned char* end = der.data();
  const int size = i2d_ECDSA_SIG(parts.get(), &end);
  if (size <= 0) return false;
  const DigestContext context{EVP_MD_CTX_new()};
  HEARTH_ASSERT(context != nullptr);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), der.data(), static_cast<std::size_t>(size), raw(message),
                          message.size()) == 1;
}

}  // namespace hearth::crypto
