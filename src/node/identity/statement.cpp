#include <algorithm>
#include <utility>

#include <hearth/base/assert.h>
#include <hearth/codec/cbor.h>
#include <hearth/identity/name.h>
#include <hearth/identity/statement.h>

namespace hearth::identity {
namespace {

using codec::CborReader;
using codec::CborWriter;
using crypto::Ed25519PrivateKey;
using crypto::Ed25519PublicKey;

constexpr std::string_view host_certificate_label = "hearth/host-certificate";
constexpr std::string_view name_record_label = "hearth/name-record";
constexpr std::string_view name_transfer_label = "hearth/name-transfer";
constexpr std::string_view device_certificate_label = "hearth/device-certificate";
constexpr std::uint64_t version = 1;

Bytes signed_message(std::string_view label, BytesView payload) {
  Bytes message = to_bytes(label);
  message.push_back(std::byte{0});
  append(message, payload);
  return message;
}

Bytes seal(std::string_view label, const Ed25519PrivateKey& key, const Bytes& payload) {
  const auto signature = key.sign(signed_message(label, payload));
  Bytes statement = CborWriter{}.array(2).bytes(payload).bytes(signature).take();
  HEARTH_ASSERT(statement.size() <= max_statement_size);
  return statement;
}

/// Any fault of the encoding is one fault: malformed.
template <class T>
Result<T, IdentityError> field(Result<T, codec::CborError> read) {
  if (!read) return Failure{IdentityError::malformed};
  return std::move(*read);
}

/// A statement taken apart, its signature not checked yet.
class Statement {
 public:
  [[nodiscard]] static Result<Statement, IdentityError> open(BytesView bytes,
                                                             std::uint64_t fields) {
    if (bytes.size() > max_statement_size) return Failure{IdentityError::too_large};
    CborReader outer{bytes};
    HEARTH_CHECK(field(outer.array(2)));
    HEARTH_TRY(const BytesView payload, field(outer.bytes()));
    HEARTH_TRY(const BytesView signature, field(outer.bytes(64)));
    HEARTH_CHECK(field(outer.done()));

    Statement statement{payload, signature};
    HEARTH_TRY(const std::uint64_t count, field(statement.reader_.array()));
    if (count == 0) return Failure{IdentityError::malformed};
    HEARTH_TRY(const std::uint64_t said, field(statement.reader_.uint()));
    if (said != version) return Failure{IdentityError::unsupported_version};
    if (count != fields) return Failure{IdentityError::malformed};
    return statement;
  }

  template <class Id>
  [[nodiscard]] Result<Id, IdentityError> id() {
    HEARTH_TRY(const BytesView bytes, field(reader_.bytes()));
    return Id::from_bytes(bytes);
  }
  [[nodiscard]] Result<BytesView, IdentityError> bytes() { return field(reader_.bytes()); }
  [[nodiscard]] Result<std::string_view, IdentityError> text() { return field(reader_.text()); }
  [[nodiscard]] Result<std::string, IdentityError> flock_name() {
    HEARTH_TRY(const std::string_view name, text());
    if (!is_flock_name(name)) return Failure{IdentityError::bad_name};
    return std::string{name};
  }
  [[nodiscard]] Result<std::uint64_t, IdentityError> number() {
    HEARTH_TRY(const std::uint64_t value, field(reader_.uint()));
    if (value > max_number) return Failure{IdentityError::malformed};
    return value;
  }
  /// Last: nothing follows, and `key` signed it all under `label`.
  [[nodiscard]] Result<Unit, IdentityError> check(std::string_view label,
                                                  const Ed25519PublicKey& key) const {
    HEARTH_CHECK(field(reader_.done()));
    if (!key.verify(signed_message(label, payload_), signature_))
      return Failure{IdentityError::bad_signature};
    return Unit{};
  }

 private:
  Statement(BytesView payload, BytesView signature)
      : payload_(payload), signature_(signature), reader_(payload) {}
  BytesView payload_;
  BytesView signature_;
  CborReader reader_;
};

Result<DeviceCertificate, IdentityError> verify_device_certificate(BytesView bytes,
                                                                   bool may_have_issuer) {
  HEARTH_TRY(auto statement, Statement::open(bytes, 6));
  HEARTH_TRY(const auto persona, statement.id<PersonaId>());
  HEARTH_TRY(const auto device, statement.id<DeviceId>());
  HEARTH_TRY(const auto kind_text, statement.text());
  HEARTH_TRY(const auto kind, parse_device_kind(kind_text));
  HEARTH_TRY(const auto issued, statement.number());
  HEARTH_TRY(const auto issuer, statement.bytes());

  Ed25519PublicKey signer = persona.key();
  if (!issuer.empty()) {
    if (!may_have_issuer) return Failure{IdentityError::wrong_issuer};
    HEARTH_TRY(const auto appliance, verify_device_certificate(issuer, false));
    if (appliance.kind != DeviceKind::appliance || appliance.persona != persona)
      return Failure{IdentityError::wrong_issuer};
    signer = appliance.device.key();
  }
  HEARTH_CHECK(statement.check(device_certificate_label, signer));
  return DeviceCertificate{.persona = persona,
                           .device = device,
                           .kind = kind,
                           .issued = issued,
                           .issuer = to_bytes(issuer)};
}

}  // namespace

Bytes HostCertificate::sign(const Ed25519PrivateKey& key) const {
  HEARTH_ASSERT(key.public_key() == root.key() && epoch <= max_number && not_before <= max_number);
  return seal(host_certificate_label, key,
              CborWriter{}
                  .array(5)
                  .uint(version)
                  .bytes(root.bytes())
                  .bytes(peer_id.bytes())
                  .uint(epoch)
                  .uint(not_before)
                  .take());
}

Result<HostCertificate, IdentityError> HostCertificate::verify(BytesView bytes) {
  HEARTH_TRY(auto statement, Statement::open(bytes, 5));
  HEARTH_TRY(const auto root, statement.id<RootId>());
  HEARTH_TRY(const auto peer_bytes, statement.bytes());
  HEARTH_TRY(const auto epoch, statement.number());
  HEARTH_TRY(const auto not_before, statement.number());
  const auto peer_id = peer::PeerId::from_bytes(peer_bytes);
  if (!peer_id || !peer_id->ed25519()) return Failure{IdentityError::bad_key};
  HEARTH_CHECK(statement.check(host_certificate_label, root.key()));
  return HostCertificate{
      .root = root, .peer_id = *peer_id, .epoch = epoch, .not_before = not_before};
}

Bytes NameRecord::sign(const Ed25519PrivateKey& key) const {
  HEARTH_ASSERT(is_flock_name(name) && sequence <= max_number && expires <= max_number);
  HEARTH_ASSERT(host.root == root && host.peer_id.ed25519() == key.public_key());
  return seal(name_record_label, key,
              CborWriter{}
                  .array(6)
                  .uint(version)
                  .text(name)
                  .bytes(root.bytes())
                  .uint(sequence)
                  .uint(expires)
                  .bytes(host_certificate)
                  .take());
}

Result<NameRecord, IdentityError> NameRecord::verify(BytesView bytes) {
  HEARTH_TRY(auto statement, Statement::open(bytes, 6));
  HEARTH_TRY(auto name, statement.flock_name());
  HEARTH_TRY(const auto root, statement.id<RootId>());
  HEARTH_TRY(const auto sequence, statement.number());
  HEARTH_TRY(const auto expires, statement.number());
  HEARTH_TRY(const auto certificate, statement.bytes());
  HEARTH_TRY(auto host, HostCertificate::verify(certificate));
  if (host.root != root) return Failure{IdentityError::wrong_issuer};
  HEARTH_CHECK(statement.check(name_record_label, *host.peer_id.ed25519()));
  return NameRecord{.name = std::move(name),
                    .root = root,
                    .sequence = sequence,
                    .expires = expires,
                    .host = std::move(host),
                    .host_certificate = to_bytes(certificate)};
}

Bytes NameTransfer::sign(const Ed25519PrivateKey& key) const {
  HEARTH_ASSERT(key.public_key() == from.key() && is_flock_name(name) && sequence <= max_number);
  return seal(name_transfer_label, key,
              CborWriter{}
                  .array(5)
                  .uint(version)
                  .text(name)
                  .bytes(from.bytes())
                  .bytes(to.bytes())
                  .uint(sequence)
                  .take());
}

Result<NameTransfer, IdentityError> NameTransfer::verify(BytesView bytes) {
  HEARTH_TRY(auto statement, Statement::open(bytes, 5));
  HEARTH_TRY(auto name, statement.flock_name());
  HEARTH_TRY(const auto from, statement.id<RootId>());
  HEARTH_TRY(const auto to, statement.id<RootId>());
  HEARTH_TRY(const auto sequence, statement.number());
  HEARTH_CHECK(statement.check(name_transfer_label, from.key()));
  return NameTransfer{.name = std::move(name), .from = from, .to = to, .sequence = sequence};
}

std::string_view to_string(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::browser:
      return "browser";
    case DeviceKind::cli:
      return "cli";
    case DeviceKind::appliance:
      return "appliance";
  }
  HEARTH_ASSERT(false);
}

Result<DeviceKind, IdentityError> parse_device_kind(std::string_view text) {
  for (const DeviceKind kind : {DeviceKind::browser, DeviceKind::cli, DeviceKind::appliance})
    if (text == to_string(kind)) return kind;
  return Failure{IdentityError::malformed};
}

Bytes DeviceCertificate::sign(const Ed25519PrivateKey& key) const {
  HEARTH_ASSERT(!issuer.empty() || key.public_key() == persona.key());
  HEARTH_ASSERT(issued <= max_number);
  return seal(device_certificate_label, key,
              CborWriter{}
                  .array(6)
                  .uint(version)
                  .bytes(persona.bytes())
                  .bytes(device.bytes())
                  .text(to_string(kind))
                  .uint(issued)
                  .bytes(issuer)
                  .take());
}

Result<DeviceCertificate, IdentityError> DeviceCertificate::verify(BytesView bytes) {
  return verify_device_certificate(bytes, true);
}

}  // namespace hearth::identity
