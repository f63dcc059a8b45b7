// Login by password: guesses, middlemen, and what is kept and sent of a password.

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "test_api.h"
#include <hearth/crypto/sha2.h>
#include <hearth/identity/vault.h>

namespace hearth::appliance {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Over = TestClient::Over;

TEST_F(ApiTest, LogsInAndEnrollsTheDevice) {
  claim();
  TestClient phone{box, 2};
  const Reply reply = phone.log_in("anna", "correct horse");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body["device"]["how"], "password");
  const auto seed =
      identity::open_vault(BytesView{phone.export_key}.first<64>(), unb64(reply.body["vault"]));
  ASSERT_TRUE(seed);
  EXPECT_TRUE(equal(seed->bytes(), anna.persona_key.seed()));
  EXPECT_EQ(phone.ask("GET", "devices").body["devices"].size(), 3u);  // both, and the box
  box.restart();
  EXPECT_EQ(phone.ask("GET", "me").status, 200);
}

TEST_F(ApiTest, D2A10Defect3AWrongPasswordGivesAnErrorAndNoSession) {
  claim();
  TestClient eve{box, 66};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(eve.log_in("anna", "guess").code(), "wrong_password");
  EXPECT_EQ(eve.log_in("anna", "guess").status, 429);
  EXPECT_FALSE(box.api->is_enrolled(identity::peer_of(eve.id())));
  // The same on the loopback port, where the first generation asked nothing at all.
  TestClient page{box, 67, Over::loopback};
  box.pass(2s);
  EXPECT_EQ(page.log_in("anna", "guess").code(), "wrong_password");
  EXPECT_EQ(page.open_session().code(), "unauthorized");
}

TEST_F(ApiTest, AnUnknownPersonaIsAnsweredInTheShapeOfAKnownOne) {
  claim();
  TestClient eve{box, 66};
  const auto client = opaque::ClientLogin::start(as_bytes("guess"), eve.entropy);
  const auto start = [&](std::string_view name) {
    return eve.ask("POST", "login/start", {{"name", name}, {"ke1", b64(client->ke1().encode())}});
  };
  const Reply known = start("anna");
  const Reply unknown = start("nobody");
  const Reply again = start("nobody");
  ASSERT_EQ(unknown.status, 200);
  for (const char* field : {"login", "persona", "ke2"})
    EXPECT_EQ(unknown.body[field].get<std::string>().size(),
              known.body[field].get<std::string>().size())
        << field;
  EXPECT_EQ(unknown.body["key_stretching"], known.body["key_stretching"]);
  EXPECT_EQ(unknown.body.size(), known.body.size());
  // Its id is stable, is a key, and nobody else's.
  EXPECT_EQ(unknown.body["persona"], again.body["persona"]);
  EXPECT_NE(unknown.body["persona"], known.body["persona"]);
  EXPECT_NE(unknown.body["persona"], start("nobody2").body["persona"]);
  EXPECT_TRUE(identity::PersonaId::parse(unknown.body["persona"].get<std::string>()));
  EXPECT_EQ(eve.log_in("nobody", "guess").code(), eve.log_in("anna", "guess").code());
}

TEST_F(ApiTest, S8GuessesAreLimitedForTheUnknownAsForTheKnown) {
  claim();
  TestClient eve{box, 66};
  const auto statuses = [&](std::string_view name) {
    std::vector<int> all;
    for (int i = 0; i < 7; ++i) all.push_back(eve.log_in(name, "guess").status);
    return all;
  };
  EXPECT_EQ(statuses("anna"), (std::vector<int>{403, 403, 403, 403, 403, 429, 429}));
  EXPECT_EQ(statuses("nobody"), statuses("nobody3"));
}

TEST_F(ApiTest, S8AStrangersGuessingLocksNoEnrolledDeviceOut) {
  claim();
  TestClient eve{box, 66};
  for (int i = 0; i < 100; ++i) (void)eve.log_in("anna", "guess");
  for (int i = 0; i < 100; ++i) (void)eve.log_in("name" + std::to_string(i), "guess");
  const Reply refused = eve.log_in("anna", "guess");
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(refused.body["error"]["retry_after"].get<int>(), 1);
  EXPECT_EQ(refused.headers.get("retry-after"),
            std::to_string(refused.body["error"]["retry_after"].get<int>()));
  // Everything goes on: asking, pairing a new device, a new password.
  EXPECT_EQ(anna.ask("GET", "me").status, 200);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.pair(anna.ask("POST", "pairings", json::object()).body).status, 201);
  EXPECT_EQ(anna.change_password("correct horse", "better").status, 204);
}

TEST_F(ApiTest, S8AHundredThousandGuessesInAnHourGetTenAnswersAndThePairedDeviceEnters) {
  claim();
  TestClient eve{box, 66};
  const auto client = opaque::ClientLogin::start(as_bytes("guess"), eve.entropy);
  const json guess{{"name", "anna"}, {"ke1", b64(client->ke1().encode())}};
  int processed = 0;
  for (int i = 0; i < 100'000; ++i) {
    processed += eve.ask("POST", "login/start", guess).status == 200;
    box.pass(36ms);
  }
  EXPECT_GE(processed, 5);
  EXPECT_LE(processed, 10);
  EXPECT_EQ(anna.ask("GET", "me").status, 200);
}

TEST_F(ApiTest, LoggingInRightIsNeverCounted) {
  claim();
  TestClient phone{box, 2};
  for (int i = 0; i < 20; ++i) ASSERT_EQ(phone.log_in("anna", "correct horse").status, 200) << i;
}

// A middleman who relays a stock login word for word is another PeerId to both sides.
TEST_F(ApiTest, S26Defect2AMiddlemansLoginIsRefusedThoughThePasswordIsRight) {
  claim();
  TestClient phone{box, 2};
  TestClient middleman{box, 66};
  phone.believed_server = identity::peer_of(middleman.id());
  EXPECT_EQ(phone.log_in("anna", "correct horse").code(), "denied");
  EXPECT_FALSE(box.api->is_enrolled(identity::peer_of(phone.id())));
  // And it can't hand on the honest device over a connection of its own.
  phone.believed_server.reset();
  phone.caller.peer = identity::peer_of(middleman.id());
  EXPECT_EQ(phone.log_in("anna", "correct horse").code(), "denied");
}

TEST_F(ApiTest, ALoginIsItsConnectionsOnceAndForAMinute) {
  claim();
  TestClient phone{box, 2};
  TestClient eve{box, 66};
  const auto client = opaque::ClientLogin::start(as_bytes("x"), phone.entropy);
  const auto start = [&] {
    return phone
        .ask("POST", "login/start", {{"name", "anna"}, {"ke1", b64(client->ke1().encode())}})
        .body["login"];
  };
  const auto finish = [&](TestClient& who, const json& login) {
    return who
        .ask("POST", "login/finish",
             {{"login", login},
              {"ke3", b64(Bytes(64))},
              {"proof", b64(Bytes(32))},
              {"device", who.description()}})
        .code();
  };
  const json first = start();
  EXPECT_EQ(finish(eve, first), "expired");
  EXPECT_EQ(finish(phone, first), "wrong_password");
  EXPECT_EQ(finish(phone, first), "expired");
  const json second = start();
  box.pass(1min);
  EXPECT_EQ(finish(phone, second), "expired");
}

TEST_F(ApiTest, D16S9Defect5EqualPasswordsGiveDifferentRecordsAndVaults) {
  claim();
  ASSERT_EQ(anna.add_persona("ben", "correct horse").status, 201);
  std::set<Bytes> records;
  int personas = 0;
  ASSERT_TRUE(box.store.scan("persona/", [&](std::string_view, BytesView value) {
    const auto persona = access::decode_persona(value);
    records.insert(persona->credentials.record.encode());
    records.insert(persona->credentials.vault);
    ++personas;
    return true;
  }));
  EXPECT_EQ(personas, 2);
  EXPECT_EQ(records.size(), 4u);
}

// The database alone, without the key files, is worth nothing to a guesser: the OPRF's seed lies in
// opaque.key, and no password, nor hash of one, anywhere.
TEST_F(ApiTest, S9TheDatabaseHoldsNeitherPasswordsNorTheKeyToThem) {
  claim();
  const Bytes secrets = box.keys->opaque().encode();
  ASSERT_TRUE(box.store.scan("", [&](std::string_view, BytesView value) {
    const std::string_view text = as_text(value);
    EXPECT_EQ(text.find("correct horse"), std::string_view::npos);
    EXPECT_EQ(text.find(as_text(BytesView{secrets}.first(32))), std::string_view::npos);
    EXPECT_EQ(text.find(as_text(anna.persona_key.seed())), std::string_view::npos);
    return true;
  }));
}

TEST_F(ApiTest, Defect1ThePasswordNorAHashOfItIsEverSent) {
  claim();
  TestClient phone{box, 2};
  ASSERT_EQ(phone.log_in("anna", "correct horse").status, 200);
  ASSERT_EQ(phone.change_password("correct horse", "battery staple").status, 204);
  for (const std::string_view password : {"correct horse", "battery staple"}) {
    EXPECT_EQ(box.sent.find(password), std::string::npos);
    EXPECT_EQ(box.sent.find(b64(as_bytes(password))), std::string::npos);
    EXPECT_EQ(box.sent.find(b64(crypto::sha256(as_bytes(password)))), std::string::npos);
    EXPECT_EQ(box.sent.find(to_hex(crypto::sha256(as_bytes(password)))), std::string::npos);
  }
}

TEST_F(ApiTest, Defect2TheBoxProvesItselfToTheBrowserInEachLogin) {
  claim();
  TestClient phone{box, 2};
  const Reply first = phone.log_in("anna", "correct horse");  // log_in checks the proof
  const Reply second = phone.log_in("anna", "correct horse");
  ASSERT_EQ(first.status, 200);
  EXPECT_NE(first.body["proof"], second.body["proof"]);
}

TEST_F(ApiTest, Defect18ANewConnectionGivesNoNewTries) {
  claim();
  for (int i = 0; i < 5; ++i) {
    TestClient eve{box, 100 + i};
    EXPECT_EQ(eve.log_in("anna", "guess").status, 403);
  }
  TestClient eve{box, 200};
  EXPECT_EQ(eve.log_in("anna", "guess").status, 429);
}

}  // namespace
}  // namespace hearth::appliance
