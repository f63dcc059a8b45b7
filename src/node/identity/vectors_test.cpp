// docs/protocol/vectors/identity.json, which another implementation made: this one decodes each
// and encodes it again byte for byte.

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <hearth/identity/app_label.h>
#include <hearth/identity/link.h>
#include <hearth/identity/proof.h>
#include <hearth/identity/recovery.h>
#include <hearth/identity/setup_code.h>
#include <hearth/identity/statement.h>
#include <hearth/identity/vault.h>

namespace hearth::identity {
namespace {

class Vectors : public testing::Test {
 protected:
  /// The file is one flat object; its strings hold no escapes.
  std::string text(const std::string& name) const {
    static const std::string file = [] {
      std::ostringstream all;
      all << std::ifstream{IDENTITY_VECTORS}.rdbuf();
      return all.str();
    }();
    const auto at = file.find("\"" + name + "\": ");
    EXPECT_NE(at, std::string::npos) << name;
    const auto begin = file.find_first_not_of("\": ", at + name.size() + 2);
    return file.substr(begin, file.find_first_of("\",\n", begin) - begin);
  }
  Bytes hex(const std::string& name) const { return from_hex(text(name)).value(); }
  std::uint64_t number(const std::string& name) const { return std::stoull(text(name)); }
  crypto::Ed25519PrivateKey key(const std::string& name) const {
    return crypto::Ed25519PrivateKey::from_seed(hex(name + "_seed")).value();
  }
  template <class Id>
  Id id(const std::string& name) const {
    return Id::from_bytes(hex(name + "_public")).value();
  }
  ProofNonce nonce() const {
    ProofNonce nonce;
    std::ranges::copy(hex("nonce"), nonce.begin());
    return nonce;
  }
  peer::PeerId host() const { return peer_of(id<DeviceId>("host")); }
  HostCertificate host_certificate() const {
    return {.root = id<RootId>("root"),
            .peer_id = host(),
            .epoch = number("epoch"),
            .not_before = number("not_before")};
  }
};

TEST_F(Vectors, IdsAndPeerIds) {
  EXPECT_EQ(id<RootId>("root").to_string(), text("root"));
  EXPECT_EQ(PersonaId::parse(text("persona")), id<PersonaId>("persona"));
  EXPECT_EQ(key("host").public_key(), id<DeviceId>("host").key());
  EXPECT_EQ(host().to_string(), text("host_peer_id"));
  EXPECT_EQ(peer_of(id<DeviceId>("device")).to_string(), text("device_peer_id"));
  EXPECT_EQ(device_of(host()), id<DeviceId>("host"));
}

TEST_F(Vectors, HostCertificate) {
  const auto verified = HostCertificate::verify(hex("host_certificate"));
  ASSERT_TRUE(verified);
  EXPECT_EQ(*verified, host_certificate());
  EXPECT_EQ(to_hex(verified->sign(key("root"))), text("host_certificate"));
}

TEST_F(Vectors, NameRecord) {
  const auto verified = NameRecord::verify(hex("name_record"));
  ASSERT_TRUE(verified);
  EXPECT_EQ(*verified, (NameRecord{.name = text("name"),
                                   .root = id<RootId>("root"),
                                   .sequence = number("sequence"),
                                   .expires = number("expires"),
                                   .host = host_certificate(),
                                   .host_certificate = hex("host_certificate")}));
  EXPECT_EQ(to_hex(verified->sign(key("host"))), text("name_record"));
}

TEST_F(Vectors, NameTransfer) {
  const auto verified = NameTransfer::verify(hex("name_transfer"));
  ASSERT_TRUE(verified);
  EXPECT_EQ(*verified, (NameTransfer{.name = text("name"),
                                     .from = id<RootId>("root"),
                                     .to = id<RootId>("other_root"),
                                     .sequence = number("sequence") + 1}));
  EXPECT_EQ(to_hex(verified->sign(key("root"))), text("name_transfer"));
}

TEST_F(Vectors, DeviceCertificates) {
  const auto own = DeviceCertificate::verify(hex("device_certificate"));
  ASSERT_TRUE(own);
  EXPECT_EQ(*own, (DeviceCertificate{.persona = id<PersonaId>("persona"),
                                     .device = id<DeviceId>("device"),
                                     .kind = DeviceKind::browser,
                                     .issued = number("issued")}));
  EXPECT_EQ(to_hex(own->sign(key("persona"))), text("device_certificate"));

  const auto issued = DeviceCertificate::verify(hex("device_certificate_issued_by_appliance"));
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->kind, DeviceKind::cli);
  EXPECT_EQ(to_hex(issued->issuer), text("appliance_certificate"));
  EXPECT_EQ(to_hex(issued->sign(key("host"))), text("device_certificate_issued_by_appliance"));
}

TEST_F(Vectors, LoginProofs) {
  const Bytes session_key = hex("session_key");
  const LoginTranscript transcript{.client = peer_of(id<DeviceId>("device")),
                                   .server = host(),
                                   .root = id<RootId>("root"),
                                   .persona = id<PersonaId>("persona"),
                                   .device = id<DeviceId>("device")};
  const auto key = BytesView{session_key}.first<64>();
  EXPECT_EQ(to_hex(login_proof(key, Side::client, transcript)), text("login_client_proof"));
  EXPECT_EQ(to_hex(login_proof(key, Side::server, transcript)), text("login_server_proof"));
}

TEST_F(Vectors, PairingAndSessionMessages) {
  const DeviceId device = id<DeviceId>("device");
  const Bytes pairing = pairing_message(peer_of(device), host(), nonce(), device);
  EXPECT_EQ(to_hex(pairing), text("pairing_message"));
  EXPECT_EQ(to_hex(key("pairing").sign(pairing)), text("pairing_signature"));
  const Bytes session = session_message(id<RootId>("root"), nonce(), text("host_header"));
  EXPECT_EQ(to_hex(session), text("session_message"));
  EXPECT_EQ(to_hex(key("device").sign(session)), text("session_signature"));
}

class Fixed final : public Entropy {
 public:
  explicit Fixed(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(MutableBytes out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::ranges::copy(bytes_, out.begin());
  }

 private:
  Bytes bytes_;
};

TEST_F(Vectors, Vault) {
  const Bytes export_key = hex("export_key");
  const Bytes seed = hex("persona_seed");
  Fixed entropy{hex("vault_nonce")};
  const auto key = BytesView{export_key}.first<64>();
  EXPECT_EQ(to_hex(seal_vault(key, BytesView{seed}.first<32>(), entropy)), text("vault"));
  const auto opened = open_vault(key, hex("vault"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(opened->bytes()), text("persona_seed"));
}

TEST_F(Vectors, RecoveryWords) {
  const Bytes seed = hex("root_seed");
  std::string words;
  for (const auto word : recovery_words(BytesView{seed}.first<32>()))
    words += (words.empty() ? "" : " ") + std::string{word};
  EXPECT_EQ(words, text("recovery_words"));
  EXPECT_EQ(to_hex(seed_from_words(words)->bytes()), text("root_seed"));
}

TEST_F(Vectors, SetupCode) {
  const auto code = SetupCode::from_bytes(hex("setup_code_bytes"));
  ASSERT_TRUE(code);
  EXPECT_EQ(code->to_string(), text("setup_code"));
  EXPECT_EQ(to_hex(SetupCode::parse(text("setup_code"))->bytes()), text("setup_code_bytes"));
}

TEST_F(Vectors, Links) {
  const auto setup = Link::parse(text("setup_link"));
  ASSERT_TRUE(setup);
  EXPECT_EQ(setup->kind, LinkKind::setup);
  EXPECT_EQ(setup->root, id<RootId>("root"));
  EXPECT_EQ(setup->flock->to_string(), text("flock"));
  EXPECT_EQ(setup->secret, hex("setup_code_bytes"));
  ASSERT_EQ(setup->addresses.size(), 2u);
  EXPECT_EQ(setup->addresses[0].to_string(), text("address_1"));
  EXPECT_EQ(setup->addresses[1].to_string(), text("address_2"));
  EXPECT_EQ(setup->url("https://home.flock.example"), text("setup_link"));

  const auto pair = Link::parse(text("pair_link"));
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->kind, LinkKind::pair);
  EXPECT_FALSE(pair->flock);
  EXPECT_EQ(pair->secret, hex("pairing_seed"));
  EXPECT_EQ(pair->url("https://home.flock.example/"), text("pair_link"));
}

TEST_F(Vectors, AppLabel) {
  EXPECT_EQ(app_label(id<RootId>("root"), text("app_id")), text("app_label"));
}

}  // namespace
}  // namespace hearth::identity
