#pragma once
// Owners of OpenSSL's objects, for this module's sources only.

#include <memory>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <hearth/dtls/certificate.h>

namespace hearth::dtls {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;

struct Certificate::Shared {
  KeyPtr key;
  X509Ptr x509;
  ContextPtr context;
  Fingerprint fingerprint;
};

[[nodiscard]] Fingerprint fingerprint_of(X509* x509);

/// The context of all connections with one certificate. Peers' certificates are asked for and
/// judged by Connection.
[[nodiscard]] ContextPtr make_context(X509* x509, EVP_PKEY* key);

}  // namespace hearth::dtls
