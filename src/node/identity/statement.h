#pragma once
// The signed statements of docs/protocol/identity.md.
//
// `signed = [payload: bstr, signature: bstr .size 64]`, the signature over label || 0 || payload,
// so that a signature given for one kind of statement is never taken for another. Decoding
// verifies: what these functions return was signed by whom it says.

#include <cstdint>
#include <string>
#include <string_view>

#include <hearth/base/bytes.h>
#include <hearth/base/result.h>
#include <hearth/crypto/ed25519.h>
#include <hearth/identity/error.h>
#include <hearth/identity/id.h>
#include <hearth/peer/peer_id.h>

namespace hearth::identity {

/// A statement with its certificates stays far below this; longer ones aren't looked at.
inline constexpr std::size_t max_statement_size = 1024;
/// Of sequences, epochs and times: what JavaScript's numbers hold exactly.
inline constexpr std::uint64_t max_number = (std::uint64_t{1} << 53) - 1;

/// "This host speaks for this root." A higher epoch supersedes.
struct HostCertificate {
  RootId root;
  peer::PeerId peer_id;
  std::uint64_t epoch = 0;
  std::uint64_t not_before = 0;  ///< seconds since 1970

  /// `key` is the root's; numbers are at most max_number.
  [[nodiscard]] Bytes sign(const crypto::Ed25519PrivateKey& key) const;
  [[nodiscard]] static Result<HostCertificate, IdentityError> verify(BytesView bytes);
  friend bool operator==(const HostCertificate&, const HostCertificate&) = default;
};

/// "This name at your flock is this root's." Signed by the host that the root certified. Whether it
/// is the name asked for, unexpired, and not older than the last seen is the reader's to check.
struct NameRecord {
  std::string name;
  RootId root;
  std::uint64_t sequence = 0;
  std::uint64_t expires = 0;  ///< seconds since 1970
  HostCertificate host;       ///< of the same root
  Bytes host_certificate;     ///< `host`, as signed

  /// `key` is the host key that `host_certificate` names; `name` is a flock name.
  [[nodiscard]] Bytes sign(const crypto::Ed25519PrivateKey& key) const;
  [[nodiscard]] static Result<NameRecord, IdentityError> verify(BytesView bytes);
  friend bool operator==(const NameRecord&, const NameRecord&) = default;
};

/// "My name is theirs from now on." Signed by root `from`.
struct NameTransfer {
  std::string name;
  RootId from;
  RootId to;
  std::uint64_t sequence = 0;

  /// `key` is that of `from`; `name` is a flock name.
  [[nodiscard]] Bytes sign(const crypto::Ed25519PrivateKey& key) const;
  [[nodiscard]] static Result<NameTransfer, IdentityError> verify(BytesView bytes);
  friend bool operator==(const NameTransfer&, const NameTransfer&) = default;
};

enum class DeviceKind : std::uint8_t { browser, cli, appliance };
[[nodiscard]] std::string_view to_string(DeviceKind kind);
[[nodiscard]] Result<DeviceKind, IdentityError> parse_device_kind(std::string_view text);

/// "This device is mine." Signed by the persona, or by an appliance that the persona certified.
struct DeviceCertificate {
  PersonaId persona;
  DeviceId device;
  DeviceKind kind = DeviceKind::browser;
  std::uint64_t issued = 0;  ///< seconds since 1970
  Bytes issuer;              ///< empty, or the issuing appliance's own certificate, as signed

  /// `key` is the persona's when `issuer` is empty, else the host key that `issuer` certifies.
  [[nodiscard]] Bytes sign(const crypto::Ed25519PrivateKey& key) const;
  [[nodiscard]] static Result<DeviceCertificate, IdentityError> verify(BytesView bytes);
  friend bool operator==(const DeviceCertificate&, const DeviceCertificate&) = default;
};

}  // namespace hearth::identity
