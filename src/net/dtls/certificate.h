#pragma once
// The self-signed certificate of a WebRTC endpoint: it stands for nothing but its own hash.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/entropy.h>
#include <hearth/base/result.h>
#include <hearth/base/time.h>

namespace hearth::dtls {

/// SHA-256 over a certificate's DER (RFC 8122).
struct Fingerprint {
  std::array<std::byte, 32> digest{};

  /// "AB:CD:…", upper case, 32 pairs: the value after "sha-256 " in an SDP.
  [[nodiscard]] std::string to_sdp() const;
  /// Both cases; nothing for anything but 32 pairs of digits.
  [[nodiscard]] static std::optional<Fingerprint> parse_sdp(std::string_view text);
  /// 12 20 and the digest: what a multiaddr's certhash holds.
  [[nodiscard]] std::array<std::byte, 34> multihash() const;
  [[nodiscard]] static std::optional<Fingerprint> from_multihash(BytesView bytes);

  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

enum class CertificateError : std::uint8_t {
  bad_pem,
  /// Not ECDSA on P-256, the one kind every browser takes.
  wrong_key_type,
  /// The key isn't the certificate's.
  key_mismatch,
};

/// A certificate, its private key and the TLS library's context for them. Copies share all three.
class Certificate {
 public:
  /// A new key on P-256. Valid from a day before `now` for `lifetime`; peers check the hash alone,
  /// so a long life keeps announced certhashes true. Subject and serial say nothing about the
  /// owner.
  [[nodiscard]] static Certificate create(Entropy& entropy, Timestamp now,
                                          Duration lifetime = std::chrono::hours{24 * 365 * 10});
  /// A PRIVATE KEY and a CERTIFICATE block, in any order.
  [[nodiscard]] static Result<Certificate, CertificateError> from_pem(std::string_view pem);
  /// Holds the private key: write it to a file only its owner can read.
  [[nodiscard]] std::string to_pem() const;

  [[nodiscard]] const Fingerprint& fingerprint() const;

 private:
  friend class Connection;
  struct Shared;
  explicit Certificate(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<const Shared> shared_;
};

}  // namespace hearth::dtls
