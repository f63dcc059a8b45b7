#include <algorithm>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <hearth/base/assert.h>
#include <hearth/crypto/sha2.h>
#include <hearth/dtls/certificate.h>
#include <hearth/dtls/shared.h>

namespace hearth::dtls {
namespace {

constexpr std::array multihash_prefix{std::byte{0x12}, std::byte{0x20}};

using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;

unsigned char* octets(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

// From 48 bytes, so that the reduction's bias is below 2^-128 (FIPS 186-5 A.2.1).
KeyPtr make_key(Entropy& entropy) {
  const GroupPtr group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  HEARTH_ASSERT(group);
  auto seed = entropy.array<48>();
  const BignumPtr secret{BN_bin2bn(octets(seed.data()), static_cast<int>(seed.size()), nullptr)};
  const BignumPtr range{BN_dup(EC_GROUP_get0_order(group.get()))};
  std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>> scratch{BN_CTX_new()};
  HEARTH_ASSERT(secret && range && scratch);
  OPENSSL_cleanse(seed.data(), seed.size());
  HEARTH_ASSERT(BN_sub_word(range.get(), 1) == 1);
  HEARTH_ASSERT(BN_mod(secret.get(), secret.get(), range.get(), scratch.get()) == 1);
  HEARTH_ASSERT(BN_add_word(secret.get(), 1) == 1);

  const PointPtr point{EC_POINT_new(group.get())};
  HEARTH_ASSERT(
      EC_POINT_mul(group.get(), point.get(), secret.get(), nullptr, nullptr, scratch.get()) == 1);
  std::array<unsigned char, 65> encoded;
  HEARTH_ASSERT(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                                   encoded.data(), encoded.size(),
                                   scratch.get()) == encoded.size());

  const BuilderPtr builder{OSSL_PARAM_BLD_new()};
  HEARTH_ASSERT(builder);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                   encoded.size());
  const ParamsPtr params{OSSL_PARAM_BLD_to_param(builder.get())};
  const KeyContextPtr context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* key = nullptr;
  HEARTH_ASSERT(params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) == 1);
  return KeyPtr{key};
}

X509Ptr make_certificate(EVP_PKEY* key, Entropy& entropy, Timestamp now, Duration lifetime) {
  X509Ptr x509{X509_new()};
  HEARTH_ASSERT(x509);
  X509_set_version(x509.get(), X509_VERSION_3);
  const std::uint64_t serial = entropy.u64() >> 1 | 1;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509.get()), serial);
  const auto from = static_cast<time_t>(now.seconds() - 24 * 3600);
  ASN1_TIME_set(X509_getm_notBefore(x509.get()), from);
  ASN1_TIME_set(X509_getm_notAfter(x509.get()),
                from + static_cast<time_t>(
                           std::chrono::duration_cast<std::chrono::seconds>(lifetime).count()));
  X509_NAME* name = X509_get_subject_name(x509.get());
  const std::array<unsigned char, 6> common_name{'W', 'e', 'b', 'R', 'T', 'C'};
  X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, common_name.data(),
                             static_cast<int>(common_name.size()), -1, 0);
  X509_set_issuer_name(x509.get(), name);
  X509_set_pubkey(x509.get(), key);
  HEARTH_ASSERT(X509_sign(x509.get(), key, EVP_sha256()) != 0);
  return x509;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view{group.data(), size} == "prime256v1";
}

BioPtr reader(std::string_view text) {
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

}  // namespace

std::string Fingerprint::to_sdp() const {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const std::byte b : digest) {
    if (!text.empty()) text += ':';
    text += digits[std::to_integer<unsigned>(b) >> 4];
    text += digits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

std::optional<Fingerprint> Fingerprint::parse_sdp(std::string_view text) {
  Fingerprint fingerprint;
  if (text.size() != fingerprint.digest.size() * 3 - 1) return std::nullopt;
  for (std::size_t i = 0; i < fingerprint.digest.size(); ++i) {
    if (i > 0 && text[i * 3 - 1] != ':') return std::nullopt;
    const auto pair = from_hex(text.substr(i * 3, 2));
    if (!pair) return std::nullopt;
    fingerprint.digest[i] = pair->front();
  }
  return fingerprint;
}

std::array<std::byte, 34> Fingerprint::multihash() const {
  std::array<std::byte, 34> bytes;
  const auto rest = std::ranges::copy(multihash_prefix, bytes.begin()).out;
  std::ranges::copy(digest, rest);
  return bytes;
}

std::optional<Fingerprint> Fingerprint::from_multihash(BytesView bytes) {
  Fingerprint fingerprint;
  if (bytes.size() != 34 || !equal(bytes.first(2), multihash_prefix)) return std::nullopt;
  std::ranges::copy(bytes.subspan(2), fingerprint.digest.begin());
  return fingerprint;
}

Fingerprint fingerprint_of(X509* x509) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(x509, &der);
  HEARTH_ASSERT(size > 0);
  const Fingerprint fingerprint{
      crypto::sha256(std::as_bytes(std::span{der, static_cast<std::size_t>(size)}))};
  OPENSSL_free(der);
  return fingerprint;
}

Certificate Certificate::create(Entropy& entropy, Timestamp now, Duration lifetime) {
  auto shared = std::make_shared<Shared>();
  shared->key = make_key(entropy);
  shared->x509 = make_certificate(shared->key.get(), entropy, now, lifetime);
  shared->context = make_context(shared->x509.get(), shared->key.get());
  shared->fingerprint = fingerprint_of(shared->x509.get());
  return Certificate{std::move(shared)};
}

Result<Certificate, CertificateError> Certificate::from_pem(std::string_view pem) {
  if (pem.size() > 64 * 1024) return Failure{CertificateError::bad_pem};
  auto shared = std::make_shared<Shared>();
  shared->key.reset(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr));
  shared->x509.reset(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!shared->key || !shared->x509) return Failure{CertificateError::bad_pem};
  if (!is_p256(shared->key.get())) return Failure{CertificateError::wrong_key_type};
  if (X509_check_private_key(shared->x509.get(), shared->key.get()) != 1)
    return Failure{CertificateError::key_mismatch};
  shared->context = make_context(shared->x509.get(), shared->key.get());
  shared->fingerprint = fingerprint_of(shared->x509.get());
  return Certificate{std::move(shared)};
}

std::string Certificate::to_pem() const {
  const BioPtr out{BIO_new(BIO_s_secmem())};
  HEARTH_ASSERT(out);
  HEARTH_ASSERT(PEM_write_bio_PKCS8PrivateKey(out.get(), shared_->key.get(), nullptr, nullptr, 0,
                                              nullptr, nullptr) == 1);
  HEARTH_ASSERT(PEM_write_bio_X509(out.get(), shared_->x509.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

const Fingerprint& Certificate::fingerprint() const {
  return shared_->fingerprint;
}

}  // namespace hearth::dtls
