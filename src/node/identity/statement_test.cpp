#include <gtest/gtest.h>

#include <hearth/codec/cbor.h>
#include <hearth/identity/statement.h>

namespace hearth::identity {
namespace {

using codec::CborWriter;
using crypto::Ed25519PrivateKey;

Ed25519PrivateKey key(int seed) {
  return Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))).value();
}

class Statements : public testing::Test {
 protected:
  const Ed25519PrivateKey root = key(1);
  const Ed25519PrivateKey host = key(2);
  const Ed25519PrivateKey persona = key(3);
  const Ed25519PrivateKey device = key(4);
  const Ed25519PrivateKey stranger = key(5);

  HostCertificate host_certificate() const {
    return {.root = RootId{root.public_key()},
            .peer_id = peer::PeerId::from_public_key(host.public_key()),
            .epoch = 7,
            .not_before = 100};
  }
  NameRecord name_record() const {
    return {.name = "alice",
            .root = RootId{root.public_key()},
            .sequence = 1,
            .expires = 200,
            .host = host_certificate(),
            .host_certificate = host_certificate().sign(root)};
  }
  DeviceCertificate certificate_of(const Ed25519PrivateKey& key, DeviceKind kind,
                                   Bytes issuer = {}) const {
    return {.persona = PersonaId{persona.public_key()},
            .device = DeviceId{key.public_key()},
            .kind = kind,
            .issued = 5,
            .issuer = std::move(issuer)};
  }
};

/// A statement signed as given, well-formed or not.
Bytes signed_as(std::string_view label, const Ed25519PrivateKey& key, const Bytes& payload) {
  Bytes message = to_bytes(label);
  message.push_back(std::byte{0});
  append(message, payload);
  return CborWriter{}.array(2).bytes(payload).bytes(key.sign(message)).take();
}

TEST_F(Statements, S15EveryTouchedByteIsRefused) {
  const Bytes good = name_record().sign(host);
  ASSERT_TRUE(NameRecord::verify(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{1};
    EXPECT_FALSE(NameRecord::verify(bad)) << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(NameRecord::verify(BytesView{good}.first(size))) << size;
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_EQ(NameRecord::verify(longer).error(), IdentityError::malformed);
}

TEST_F(Statements, S15OneKindIsNeverTakenForAnother) {
  // A transfer and a certificate have as many fields as each other.
  const Bytes transfer = NameTransfer{.name = "alice",
                                      .from = RootId{root.public_key()},
                                      .to = RootId{stranger.public_key()},
                                      .sequence = 1}
                             .sign(root);
  EXPECT_TRUE(NameTransfer::verify(transfer));
  EXPECT_FALSE(HostCertificate::verify(transfer));
  // The same payload under another label: another signature.
  const Bytes payload = CborWriter{}
                            .array(5)
                            .uint(1)
                            .bytes(root.public_key().bytes())
                            .bytes(host_certificate().peer_id.bytes())
                            .uint(7)
                            .uint(100)
                            .take();
  EXPECT_TRUE(HostCertificate::verify(signed_as("hearth/host-certificate", root, payload)));
  EXPECT_EQ(HostCertificate::verify(signed_as("hearth/name-transfer", root, payload)).error(),
            IdentityError::bad_signature);
}

TEST_F(Statements, S26AnotherVersionIsRefusedEvenIfSigned) {
  const Bytes payload = CborWriter{}
                            .array(5)
                            .uint(2)
                            .bytes(root.public_key().bytes())
                            .bytes(host_certificate().peer_id.bytes())
                            .uint(7)
                            .uint(100)
                            .take();
  EXPECT_EQ(HostCertificate::verify(signed_as("hearth/host-certificate", root, payload)).error(),
            IdentityError::unsupported_version);
}

TEST_F(Statements, MoreFieldsAndLargerNumbersAreRefusedEvenIfSigned) {
  const auto with_epoch = [&](std::uint64_t epoch, std::uint64_t fields) {
    CborWriter writer;
    writer.array(fields)
        .uint(1)
        .bytes(root.public_key().bytes())
        .bytes(host_certificate().peer_id.bytes())
        .uint(epoch)
        .uint(100);
    if (fields == 6) writer.uint(0);
    return HostCertificate::verify(signed_as("hearth/host-certificate", root, writer.take()));
  };
  EXPECT_TRUE(with_epoch(max_number, 5));
  EXPECT_EQ(with_epoch(max_number + 1, 5).error(), IdentityError::malformed);
  EXPECT_EQ(with_epoch(1, 6).error(), IdentityError::malformed);
}

TEST_F(Statements, Defect6ANameRecordNeedsTheCertifiedHostsSignature) {
  EXPECT_TRUE(NameRecord::verify(name_record().sign(host)));
  // Signed by a host that this root never certified.
  NameRecord theirs = name_record();
  theirs.host = {.root = RootId{stranger.public_key()},
                 .peer_id = peer::PeerId::from_public_key(stranger.public_key()),
                 .epoch = 9};
  theirs.host_certificate = theirs.host.sign(stranger);
  const Bytes payload = CborWriter{}
                            .array(6)
                            .uint(1)
                            .text("alice")
                            .bytes(root.public_key().bytes())
                            .uint(1)
                            .uint(200)
                            .bytes(theirs.host_certificate)
                            .take();
  EXPECT_EQ(NameRecord::verify(signed_as("hearth/name-record", stranger, payload)).error(),
            IdentityError::wrong_issuer);
}

TEST_F(Statements, NamesOutsideTheAlphabetAreRefusedEvenIfSigned) {
  for (const std::string_view name : {"al", "-alice", "alice-", "Alice", "al ice", "älice"}) {
    const Bytes payload = CborWriter{}
                              .array(5)
                              .uint(1)
                              .text(name)
                              .bytes(root.public_key().bytes())
                              .bytes(stranger.public_key().bytes())
                              .uint(1)
                              .take();
    EXPECT_EQ(NameTransfer::verify(signed_as("hearth/name-transfer", root, payload)).error(),
              IdentityError::bad_name)
        << name;
  }
}

TEST_F(Statements, ADeviceIsCertifiedByThePersonaOrByItsAppliance) {
  EXPECT_TRUE(DeviceCertificate::verify(certificate_of(device, DeviceKind::browser).sign(persona)));
  const Bytes appliance = certificate_of(host, DeviceKind::appliance).sign(persona);
  EXPECT_TRUE(
      DeviceCertificate::verify(certificate_of(device, DeviceKind::browser, appliance).sign(host)));
  EXPECT_EQ(DeviceCertificate::verify(
                certificate_of(device, DeviceKind::browser, appliance).sign(stranger))
                .error(),
            IdentityError::bad_signature);
}

TEST_F(Statements, ADeviceThatIsNoApplianceCertifiesNothing) {
  const Bytes browser = certificate_of(host, DeviceKind::browser).sign(persona);
  EXPECT_EQ(DeviceCertificate::verify(certificate_of(device, DeviceKind::cli, browser).sign(host))
                .error(),
            IdentityError::wrong_issuer);
}

TEST_F(Statements, ChainsAreOneCertificateLong) {
  const Bytes first = certificate_of(host, DeviceKind::appliance).sign(persona);
  const Bytes second = certificate_of(stranger, DeviceKind::appliance, first).sign(host);
  EXPECT_TRUE(DeviceCertificate::verify(second));
  EXPECT_EQ(
      DeviceCertificate::verify(certificate_of(device, DeviceKind::browser, second).sign(stranger))
          .error(),
      IdentityError::wrong_issuer);
}

TEST_F(Statements, AnApplianceOfAnotherPersonaCertifiesNothing) {
  DeviceCertificate theirs = certificate_of(host, DeviceKind::appliance);
  theirs.persona = PersonaId{stranger.public_key()};
  EXPECT_EQ(DeviceCertificate::verify(
                certificate_of(device, DeviceKind::browser, theirs.sign(stranger)).sign(host))
                .error(),
            IdentityError::wrong_issuer);
}

TEST_F(Statements, WhatIsTooLargeIsNotLookedAt) {
  EXPECT_EQ(NameRecord::verify(Bytes(max_statement_size + 1)).error(), IdentityError::too_large);
}

}  // namespace
}  // namespace hearth::identity
