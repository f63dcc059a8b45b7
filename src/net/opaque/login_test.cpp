// Both sides against each other: what must fail, fails.

#include <gtest/gtest.h>

#include <hearth/base/seeded_entropy_for_test.h>
#include <hearth/opaque/client.h>
#include <hearth/opaque/server.h>

namespace hearth::opaque {
namespace {

class Login : public testing::Test {
 protected:
  // The least that Argon2id takes: the tests are about the protocol.
  static constexpr crypto::Argon2idCost cheap{.memory_kib = 8, .iterations = 1};
  const Parameters parameters{.client_identity = as_bytes("persona"),
                              .server_identity = as_bytes("root")};
  SeededEntropy entropy{1};
  ServerSetup setup = ServerSetup::generate(entropy);

  RegistrationRecord enroll(std::string_view password, std::string_view credential = "persona") {
    const auto client = ClientRegistration::start(as_bytes(password), entropy);
    const auto response = register_credential(setup, as_bytes(credential), client->request());
    return client->finish(as_bytes(password), response, parameters, cheap, entropy)->record;
  }

  struct Outcome {
    Result<ClientLogin::Finished, Error> client;
    Result<crypto::Secret<64>, Error> server;
  };
  Outcome log_in(std::string_view password, const std::optional<RegistrationRecord>& record,
                 const Parameters& clients, std::string_view credential = "persona") {
    const auto client = ClientLogin::start(as_bytes(password), entropy);
    auto server =
        ServerLogin::start(setup, record, as_bytes(credential), client->ke1(), parameters, entropy);
    auto finished = client->finish(as_bytes(password), server.ke2(), clients, cheap);
    const Ke3 ke3 = finished ? finished->ke3 : Ke3{};
    return {.client = std::move(finished), .server = std::move(server).finish(ke3)};
  }
};

TEST_F(Login, GivesBothSidesOneSessionKey) {
  const auto record = enroll("correct horse");
  const auto [client, server] = log_in("correct horse", record, parameters);
  ASSERT_TRUE(client && server);
  EXPECT_EQ(to_hex(client->session_key.bytes()), to_hex(server->bytes()));
}

TEST_F(Login, FailsWithAnotherPassword) {
  const auto [client, server] = log_in("wrong horse", enroll("correct horse"), parameters);
  EXPECT_EQ(client.error(), Error::envelope_recovery);
  EXPECT_EQ(server.error(), Error::client_authentication);
}

TEST_F(Login, FailsForWhoeverIsNotRegistered) {
  const auto [client, server] = log_in("correct horse", std::nullopt, parameters);
  EXPECT_EQ(client.error(), Error::envelope_recovery);
  EXPECT_EQ(server.error(), Error::client_authentication);
}

TEST_F(Login, FailsUnderAnotherIdentityOfEitherSide) {
  const auto record = enroll("correct horse");
  Parameters other = parameters;
  other.server_identity = as_bytes("another root");
  EXPECT_EQ(log_in("correct horse", record, other).client.error(), Error::envelope_recovery);
  other = parameters;
  other.client_identity = as_bytes("another persona");
  EXPECT_EQ(log_in("correct horse", record, other).client.error(), Error::envelope_recovery);
}

TEST_F(Login, S26FailsWhenTheContextsDiffer) {
  const auto record = enroll("correct horse");
  Parameters other = parameters;
  other.context = as_bytes("another version");
  const auto [client, server] = log_in("correct horse", record, other);
  EXPECT_EQ(client.error(), Error::server_authentication);
  EXPECT_EQ(server.error(), Error::client_authentication);
}

TEST_F(Login, FailsWithTheRecordOfAnotherCredential) {
  const auto record = enroll("correct horse", "somebody else");
  EXPECT_FALSE(log_in("correct horse", record, parameters).client);
}

TEST_F(Login, FailsAfterTheServersKeysChanged) {
  const auto record = enroll("correct horse");
  setup = ServerSetup::generate(entropy);
  EXPECT_FALSE(log_in("correct horse", record, parameters).client);
}

TEST_F(Login, D16S9Defect5OnePasswordOfTwoPersonasGivesRecordsWithNothingInCommon) {
  const auto a = enroll("correct horse", "a");
  const auto b = enroll("correct horse", "b");
  EXPECT_NE(a.masking_key, b.masking_key);
  EXPECT_NE(a.client_public_key, b.client_public_key);
  EXPECT_NE(a.envelope, b.envelope);
  // Nor can one be had from the other: a record opens under its own credential alone.
  EXPECT_FALSE(log_in("correct horse", a, parameters, "b").client);
}

TEST_F(Login, TheExportKeyIsTheSameAtEachLoginAndAnotherAfterRegisteringAnew) {
  const auto client = ClientRegistration::start(as_bytes("pw"), entropy);
  const auto response = register_credential(setup, as_bytes("persona"), client->request());
  const auto first = client->finish(as_bytes("pw"), response, parameters, cheap, entropy);
  const auto second = client->finish(as_bytes("pw"), response, parameters, cheap, entropy);
  ASSERT_TRUE(first && second);
  const auto login = log_in("pw", first->record, parameters);
  ASSERT_TRUE(login.client);
  EXPECT_EQ(to_hex(login.client->export_key.bytes()), to_hex(first->export_key.bytes()));
  EXPECT_NE(to_hex(second->export_key.bytes()), to_hex(first->export_key.bytes()));
}

// RFC 9807 §6.3.2.2: the answer for the unregistered is of the same shape, and so is stable under
// one name (the OPRF's key hangs on the name alone) and fresh in what is fresh for the registered.
TEST_F(Login, AnUnknownNameIsAnsweredLikeAKnownOne) {
  const auto record = enroll("pw");
  const auto client = ClientLogin::start(as_bytes("pw"), entropy);
  const auto answer = [&](const std::optional<RegistrationRecord>& r, std::string_view name) {
    return ServerLogin::start(setup, r, as_bytes(name), client->ke1(), parameters, entropy).ke2();
  };
  const Ke2 known[] = {answer(record, "persona"), answer(record, "persona")};
  const Ke2 unknown[] = {answer(std::nullopt, "nobody"), answer(std::nullopt, "nobody")};
  for (const auto& pair : {known, unknown}) {
    EXPECT_EQ(pair[0].evaluated, pair[1].evaluated);
    EXPECT_NE(pair[0].masking_nonce, pair[1].masking_nonce);
    EXPECT_NE(pair[0].masked_response, pair[1].masked_response);
  }
  EXPECT_EQ(known[0].encode().size(), unknown[0].encode().size());
}

TEST_F(Login, ATouchedKe2IsRefused) {
  const auto record = enroll("pw");
  const auto client = ClientLogin::start(as_bytes("pw"), entropy);
  const Bytes ke2 =
      ServerLogin::start(setup, record, as_bytes("persona"), client->ke1(), parameters, entropy)
          .ke2()
          .encode();
  for (std::size_t i = 0; i < ke2.size(); i += 5) {
    Bytes touched = ke2;
    touched[i] ^= std::byte{1};
    const auto parsed = Ke2::parse(touched);
    if (!parsed) continue;  // no element of the group any more
    EXPECT_FALSE(client->finish(as_bytes("pw"), *parsed, parameters, cheap)) << i;
  }
}

TEST_F(Login, TheServersSecretsSurviveARoundTrip) {
  const auto record = enroll("pw");
  auto parsed = ServerSetup::parse(setup.encode());
  ASSERT_TRUE(parsed);
  setup = std::move(*parsed);
  EXPECT_TRUE(log_in("pw", record, parameters).client);
  EXPECT_EQ(ServerSetup::parse(Bytes(191)).error(), Error::wrong_size);
  EXPECT_EQ(ServerSetup::parse(Bytes(192)).error(), Error::invalid_key);
}

TEST(Messages, RefuseOtherSizesAndWhatIsNoElement) {
  EXPECT_EQ(RegistrationRequest::parse(Bytes(31)).error(), Error::wrong_size);
  EXPECT_EQ(RegistrationResponse::parse(Bytes(65)).error(), Error::wrong_size);
  EXPECT_EQ(RegistrationRecord::parse({}).error(), Error::wrong_size);
  EXPECT_EQ(Ke1::parse(Bytes(95)).error(), Error::wrong_size);
  EXPECT_EQ(Ke2::parse(Bytes(321)).error(), Error::wrong_size);
  EXPECT_EQ(Ke3::parse(Bytes(63)).error(), Error::wrong_size);
  // All zeros: the identity, which would make the "shared" secrets known to everybody.
  EXPECT_EQ(RegistrationRequest::parse(Bytes(32)).error(), Error::invalid_element);
  EXPECT_EQ(RegistrationResponse::parse(Bytes(64)).error(), Error::invalid_element);
  EXPECT_EQ(RegistrationRecord::parse(Bytes(192)).error(), Error::invalid_element);
  EXPECT_EQ(Ke1::parse(Bytes(96)).error(), Error::invalid_element);
  EXPECT_EQ(Ke2::parse(Bytes(320)).error(), Error::invalid_element);
}

}  // namespace
}  // namespace hearth::opaque
