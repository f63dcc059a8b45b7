// Every route, and the threats each one stands against.

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

// --- The box ---

TEST_F(ApiTest, SaysWhatItIs) {
  const Reply reply = anna.ask("GET", "appliance");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body["root"], box.keys->root().to_string());
  EXPECT_EQ(reply.body["peer_id"], box.keys->peer_id().to_string());
  EXPECT_EQ(reply.body["claimed"], false);
  EXPECT_EQ(reply.body["name"], "hearth");
  EXPECT_EQ(reply.body["time"], box.wall_seconds);
  EXPECT_EQ(reply.body["flocks"].size(), 1u);
  EXPECT_EQ(unb64(reply.body["host_certificate"]), box.keys->host_certificate());
  EXPECT_EQ(reply.headers.get("cache-control"), "no-store");
}

TEST_F(ApiTest, AnOwnerNamesIt) {
  EXPECT_EQ(anna.ask("PATCH", "appliance", {{"name", "Mine"}}).code(), "unauthorized");
  claim();
  EXPECT_EQ(anna.ask("PATCH", "appliance", {{"name", "Anna's box"}}).body["name"], "Anna's box");
  box.restart();
  EXPECT_EQ(anna.ask("GET", "appliance").body["name"], "Anna's box");
  EXPECT_EQ(anna.ask("PATCH", "appliance", {{"name", ""}}).code(), "bad_request");
}

TEST_F(ApiTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(anna.ask("GET", "nothing").code(), "not_found");
  EXPECT_EQ(anna.ask("DELETE", "appliance").code(), "bad_request");
  EXPECT_EQ(anna.ask("POST", "setup/start", json::array()).code(), "bad_request");
  EXPECT_EQ(anna.ask("POST", "setup/start", {{"code", std::string(20'000, 'x')}}).code(),
            "too_large");
  EXPECT_EQ(anna.ask("DELETE", "devices/a/b").code(), "not_found");
}

TEST_F(ApiTest, Defect16EveryRouteForDevicesAndOwnersRefusesStrangers) {
  claim();
  TestClient eve{box, 66};
  TestClient page{box, 67, Over::loopback};
  const std::pair<const char*, const char*> routes[] = {
      {"PATCH", "appliance"},       {"GET", "me"},
      {"GET", "devices"},           {"PATCH", "devices/x"},
      {"DELETE", "devices/x"},      {"PUT", "devices/self/certificate"},
      {"POST", "pairings"},         {"GET", "pairings"},
      {"DELETE", "pairings/x"},     {"POST", "password/start"},
      {"POST", "password/verify"},  {"POST", "password/finish"},
      {"GET", "personas"},          {"POST", "personas/start"},
      {"POST", "personas/finish"},  {"DELETE", "personas/x"},
      {"GET", "recovery"},          {"POST", "recovery/reveal"},
      {"POST", "recovery/confirm"}, {"POST", "recovery/rotate"},
  };
  for (const auto& [method, path] : routes) {
    EXPECT_EQ(eve.ask(method, path, json::object()).code(), "unauthorized") << method << path;
    EXPECT_EQ(page.ask(method, path, json::object()).code(), "unauthorized") << method << path;
    page.token = std::string(43, 'A');
    EXPECT_EQ(page.ask(method, path, json::object()).code(), "unauthorized") << method << path;
  }
}

TEST_F(ApiTest, ABodyThatAFormCouldSendIsRefused) {
  http::Headers headers{{"Content-Type", "text/plain"}};
  EXPECT_EQ(box.ask({}, "POST", "nonce", json::object()).status, 200);
  EXPECT_EQ(box.ask({}, "POST", "nonce", json::object(), headers).code(), "bad_request");
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(box.ask({}, "POST", "nonce", json::object(), headers).code(), "bad_request");
}

// --- Setup ---

TEST_F(ApiTest, D1TheConsolesCodeMakesTheFirstOwner) {
  const Reply reply = claim();
  ASSERT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body["persona"]["name"], "anna");
  EXPECT_EQ(reply.body["persona"]["role"], "owner");
  EXPECT_EQ(reply.body["device"]["how"], "setup");
  EXPECT_EQ(reply.body["device"]["current"], true);
  EXPECT_EQ(reply.body["appliance_device"]["id"], box.keys->device().to_string());
  EXPECT_EQ(reply.body["appliance_device"]["kind"], "appliance");
  EXPECT_TRUE(box.api->claimed());
  EXPECT_FALSE(box.api->setup_code());
  EXPECT_TRUE(box.api->is_enrolled(identity::peer_of(anna.id())));
  EXPECT_EQ(anna.ask("GET", "me").body["persona"]["name"], "anna");
  EXPECT_EQ(anna.ask("GET", "me").body["connection"]["transport"], "webrtc");
}

TEST_F(ApiTest, D1WithoutTheCodeNobodyBecomesOwner) {
  EXPECT_EQ(anna.set_up("0000-0000", "anna", "pw").code(), "wrong_code");
  EXPECT_EQ(anna.set_up("", "anna", "pw").code(), "wrong_code");
  EXPECT_EQ(anna.ask("POST", "setup/start", json::object()).code(), "bad_request");
  EXPECT_FALSE(box.api->claimed());
}

TEST_F(ApiTest, D1Defect4AfterOneOwnerSetupIsRefusedForEver) {
  const std::string used = code();
  ASSERT_EQ(claim().status, 201);
  TestClient eve{box, 66};
  EXPECT_EQ(eve.set_up(used, "eve", "pw").code(), "setup_closed");
  EXPECT_EQ(eve.set_up("whatever", "eve", "pw").code(), "setup_closed");
  box.restart();
  EXPECT_FALSE(box.api->setup_code());
  EXPECT_EQ(eve.set_up(used, "eve", "pw").code(), "setup_closed");
}

TEST_F(ApiTest, D1TwoSetupsAtOnceMakeOneOwner) {
  TestClient eve{box, 66};
  const std::string the_code = code();
  const auto client = opaque::ClientRegistration::start(as_bytes("pw"), eve.entropy);
  const Reply started =
      eve.ask("POST", "setup/start",
              {{"code", the_code},
               {"persona", identity::PersonaId{eve.persona_key.public_key()}.to_string()},
               {"registration_request", b64(client->request().encode())}});
  ASSERT_EQ(started.status, 200);
  ASSERT_EQ(claim().status, 201);
  EXPECT_EQ(eve.ask("POST", "setup/finish", {{"code", the_code}, {"setup", started.body["setup"]}})
                .code(),
            "setup_closed");
}

TEST_F(ApiTest, TheSetupLinksBytesServeAsTheCode) {
  const std::string as_link = b64(box.api->setup_code()->bytes());
  EXPECT_EQ(anna.set_up(as_link, "anna", "pw").status, 201);
}

TEST_F(ApiTest, TenWrongCodesMakeANewOneOnTheConsole) {
  const std::string first = code();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(anna.set_up("0000-0000", "a", "b").code(), "wrong_code");
  ASSERT_EQ(box.codes.size(), 1u);
  EXPECT_EQ(box.codes[0], code());
  EXPECT_NE(code(), first);
  const Reply limited = anna.set_up(code(), "anna", "pw");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers.get("retry-after"), "1");
  box.pass(1min);
  EXPECT_EQ(anna.set_up(first, "anna", "pw").code(), "wrong_code");
  EXPECT_EQ(anna.set_up(code(), "anna", "pw").status, 201);
}

TEST_F(ApiTest, ASetupBelongsToItsConnectionAndTheDeviceAtItsEnd) {
  TestClient eve{box, 66};
  const auto client = opaque::ClientRegistration::start(as_bytes("pw"), anna.entropy);
  const json start{{"code", code()},
                   {"persona", identity::PersonaId{anna.persona_key.public_key()}.to_string()},
                   {"registration_request", b64(client->request().encode())}};
  const Reply started = anna.ask("POST", "setup/start", start);
  EXPECT_EQ(
      eve.ask("POST", "setup/finish", {{"code", code()}, {"setup", started.body["setup"]}}).code(),
      "expired");
  // Another device than the one that is connected.
  anna.caller.peer = identity::peer_of(eve.id());
  EXPECT_EQ(anna.set_up(code(), "anna", "pw").code(), "denied");
  EXPECT_FALSE(box.api->claimed());
}

// --- Pairing ---

TEST_F(ApiTest, ALinkLetsOneDeviceInOnce) {
  claim();
  const Reply opened = anna.ask("POST", "pairings", {{"device_name", "Phone"}});
  ASSERT_EQ(opened.status, 201);
  EXPECT_EQ(opened.body["link_root"], box.keys->root().to_string());
  EXPECT_EQ(opened.body["expires"], box.wall_seconds + 600);
  const Reply listed = anna.ask("GET", "pairings");
  ASSERT_EQ(listed.body["pairings"].size(), 1u);
  EXPECT_EQ(listed.body["pairings"][0]["device_name"], "Phone");
  EXPECT_EQ(listed.body.dump().find(opened.body["secret"].get<std::string>()), std::string::npos);

  TestClient phone{box, 2};
  const Reply paired = phone.pair(opened.body);
  ASSERT_EQ(paired.status, 201);
  EXPECT_EQ(paired.body["device"]["how"], "pairing");
  EXPECT_EQ(paired.body["persona"]["name"], "anna");
  TestClient eve{box, 66};
  EXPECT_EQ(eve.pair(opened.body).code(), "used");
  EXPECT_TRUE(anna.ask("GET", "pairings").body["pairings"].empty());
}

TEST_F(ApiTest, ALinkExpiresAfterTenMinutes) {
  claim();
  const Reply opened = anna.ask("POST", "pairings", json::object());
  box.pass(10min);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.pair(opened.body).code(), "expired");
}

TEST_F(ApiTest, AClosedLinkAndOneOfANotherBoxAreUnknown) {
  claim();
  const Reply opened = anna.ask("POST", "pairings", json::object());
  const json id = anna.ask("GET", "pairings").body["pairings"][0]["id"];
  EXPECT_EQ(anna.ask("DELETE", "pairings/" + id.get<std::string>()).status, 204);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.pair(opened.body).code(), "not_found");
}

TEST_F(ApiTest, S6APairingSignatureForAnotherConnectionIsRefused) {
  claim();
  const Reply opened = anna.ask("POST", "pairings", json::object());
  TestClient phone{box, 2};
  TestClient middleman{box, 66};
  phone.believed_server = identity::peer_of(middleman.id());
  EXPECT_EQ(phone.pair(opened.body).code(), "denied");
  // The link itself is as good as before.
  phone.believed_server.reset();
  EXPECT_EQ(phone.pair(opened.body).status, 201);
}

TEST_F(ApiTest, S6ANonceServesOnceOnItsConnectionForAMinute) {
  claim();
  TestClient phone{box, 2};
  TestClient eve{box, 66};
  const json nonce = phone.ask("POST", "nonce", json::object()).body["nonce"];
  const json body{{"pairing", anna.id().to_string()},
                  {"nonce", nonce},
                  {"signature", b64(Bytes(64))},
                  {"device", phone.description()}};
  EXPECT_EQ(eve.ask("POST", "pair", body).code(), "expired");
  EXPECT_EQ(phone.ask("POST", "pair", body).code(), "not_found");
  EXPECT_EQ(phone.ask("POST", "pair", body).code(), "expired");
}

// --- Sessions on the loopback port ---

TEST_F(ApiTest, D2TheLoopbackPortWantsADevicesProof) {
  TestClient page{box, 3, Over::loopback};
  ASSERT_EQ(page.set_up(code(), "anna", "pw").status, 201);
  EXPECT_EQ(page.ask("GET", "me").code(), "unauthorized");
  const Reply opened = page.open_session();
  ASSERT_EQ(opened.status, 200);
  EXPECT_EQ(opened.body["expires"], box.wall_seconds + 12 * 3600);
  EXPECT_EQ(page.ask("GET", "me").body["connection"]["transport"], "loopback");
  box.pass(12h);
  EXPECT_EQ(page.ask("GET", "me").code(), "unauthorized");
}

TEST_F(ApiTest, ASessionsSignatureIsForOneHostNonceAndKey) {
  claim();
  TestClient page{box, 1, Over::loopback};  // Anna's own key
  const json nonce = page.ask("POST", "nonce", json::object()).body["nonce"];
  EXPECT_EQ(box.ask(page.caller, "POST", "session",
                    {{"device", page.id().to_string()},
                     {"nonce", nonce},
                     {"signature", b64(page.key.sign(as_bytes("another host")))}},
                    {{"Host", "evil.example"}})
                .code(),
            "unauthorized");
  EXPECT_EQ(page.open_session().status, 200);
  // Over libp2p the connection is the proof: there is nothing to open.
  EXPECT_EQ(anna.open_session().code(), "not_found");
}

TEST_F(ApiTest, LogsInAndPairsOnTheLoopbackPortToo) {
  claim();
  TestClient page{box, 3, Over::loopback};
  ASSERT_EQ(page.log_in("anna", "correct horse").status, 200);
  ASSERT_EQ(page.open_session().status, 200);
  TestClient other{box, 4, Over::loopback};
  ASSERT_EQ(other.pair(page.ask("POST", "pairings", json::object()).body).status, 201);
  EXPECT_EQ(other.open_session().status, 200);
}

TEST_F(ApiTest, Defect8OnlyTheWholeTokenInItsHeaderOpensAnything) {
  TestClient page{box, 3, Over::loopback};
  ASSERT_EQ(page.set_up(code(), "anna", "pw").status, 201);
  ASSERT_EQ(page.open_session().status, 200);
  const auto with = [&](const std::string& authorization, const std::string& path = "me") {
    return box.ask(page.caller, "GET", path, {}, {{"Authorization", authorization}}).code();
  };
  ASSERT_EQ(with("Hearth " + page.token), "");
  for (std::size_t size = 0; size < page.token.size(); ++size)
    EXPECT_EQ(with("Hearth " + page.token.substr(0, size)), "unauthorized") << size;
  for (const std::string& other : {page.token + "A", page.token + "\n", " " + page.token})
    EXPECT_EQ(with("Hearth " + other), "unauthorized") << other;
  // Never in an address, which logs and referrers keep.
  EXPECT_EQ(with("", "me?token=" + page.token), "unauthorized");
  EXPECT_EQ(with("", "me?Authorization=Hearth%20" + page.token), "unauthorized");
  // Links carry theirs behind the '#', which no server sees; times are UTC, by the box's own clock.
  const Reply link = page.ask("POST", "pairings", json::object());
  EXPECT_EQ(link.body["expires"], box.wall_seconds + 600);
}

// --- Devices ---

TEST_F(ApiTest, Defect7ARevokedDeviceIsCutAndRefused) {
  claim();
  TestClient phone{box, 2};
  ASSERT_EQ(phone.log_in("anna", "correct horse").status, 200);
  TestClient page{box, 2, Over::loopback};  // the same device, on the loopback port
  ASSERT_EQ(page.open_session().status, 200);
  const Reply link = phone.ask("POST", "pairings", json::object());

  EXPECT_EQ(anna.ask("DELETE", "devices/" + phone.id().to_string()).status, 204);
  EXPECT_EQ(box.revoked, std::vector{phone.id()});
  EXPECT_EQ(phone.ask("GET", "me").code(), "unauthorized");
  EXPECT_EQ(page.ask("GET", "me").code(), "unauthorized");
  EXPECT_EQ(page.open_session().code(), "unauthorized");
  EXPECT_FALSE(box.api->is_enrolled(identity::peer_of(phone.id())));
  // Nor does a link it made let anyone in.
  TestClient eve{box, 66};
  EXPECT_EQ(eve.pair(link.body).code(), "not_found");
  box.restart();
  EXPECT_EQ(phone.ask("GET", "me").code(), "unauthorized");
}

TEST_F(ApiTest, Defect10DevicesOfOthersDoNotExistForAPersona) {
  claim();
  ASSERT_EQ(anna.add_persona("ben", "pw").status, 201);
  TestClient ben{box, 5};
  ASSERT_EQ(ben.log_in("ben", "pw").status, 200);
  const std::string annas = "devices/" + anna.id().to_string();
  EXPECT_EQ(ben.ask("DELETE", annas).code(), "not_found");
  EXPECT_EQ(ben.ask("PATCH", annas, {{"name", "x"}}).code(), "not_found");
  const Reply listed = ben.ask("GET", "devices");
  for (const json& device : listed.body["devices"]) EXPECT_NE(device["id"], anna.id().to_string());
  EXPECT_TRUE(box.revoked.empty());
}

TEST_F(ApiTest, ADeviceIsRenamed) {
  claim();
  const std::string path = "devices/" + anna.id().to_string();
  EXPECT_EQ(anna.ask("PATCH", path, {{"name", "Desk"}}).body["name"], "Desk");
  EXPECT_EQ(anna.ask("PATCH", path, {{"name", "a\nb"}}).code(), "bad_request");
  EXPECT_EQ(anna.ask("DELETE", "devices/rubbish").code(), "bad_request");
}

TEST_F(ApiTest, Defect12AnIdWithAnythingBesideItIsNoId) {
  claim();
  const std::string id = anna.id().to_string();
  for (const std::string& other : {id + "\n", id + "%0A", id + "/", id + "/../" + id, id + "=",
                                   " " + id, "../devices/" + id, id.substr(1), id + id})
    EXPECT_NE(anna.ask("DELETE", "devices/" + other).status, 204) << other;
  EXPECT_TRUE(box.revoked.empty());
  EXPECT_EQ(anna.ask("GET", "me").status, 200);
}

TEST_F(ApiTest, AnUnrememberedDeviceIsForgottenTenMinutesAfterItHasGone) {
  claim();
  TestClient kiosk{box, 2};
  kiosk.remember = false;
  box.api->peer_connected(*kiosk.caller.peer);
  ASSERT_EQ(kiosk.log_in("anna", "correct horse").status, 200);
  box.pass(1h);
  box.api->advance();
  EXPECT_EQ(kiosk.ask("GET", "me").status, 200);
  box.api->peer_disconnected(*kiosk.caller.peer);
  ASSERT_TRUE(box.api->deadline());
  EXPECT_EQ(*box.api->deadline(), box.now + 10min);
  box.pass(10min);
  box.api->advance();
  EXPECT_EQ(box.revoked, std::vector{kiosk.id()});
  EXPECT_EQ(kiosk.ask("GET", "me").code(), "unauthorized");
  EXPECT_EQ(anna.ask("GET", "me").status, 200);
}

TEST_F(ApiTest, WhenTheApplianceIsCertifiedItCertifiesNewDevices) {
  const Reply made = claim();
  EXPECT_FALSE(made.body["device"].contains("certificate"));
  const identity::PersonaId persona{anna.persona_key.public_key()};
  const auto put = [&](const identity::DeviceCertificate& certificate,
                       const crypto::Ed25519PrivateKey& key) {
    return anna.ask("PUT", "devices/self/certificate",
                    {{"certificate", b64(certificate.sign(key))}});
  };
  const auto now = static_cast<std::uint64_t>(box.wall_seconds);
  EXPECT_EQ(put({.persona = persona, .device = anna.id(), .issued = now}, anna.persona_key).status,
            204);
  EXPECT_EQ(put({.persona = persona,
                 .device = box.keys->device(),
                 .kind = identity::DeviceKind::appliance,
                 .issued = now},
                anna.persona_key)
                .status,
            204);
  TestClient phone{box, 2};
  const Reply reply = phone.log_in("anna", "correct horse");
  ASSERT_TRUE(reply.body["device"].contains("certificate"));
  const auto certificate =
      identity::DeviceCertificate::verify(unb64(reply.body["device"]["certificate"]));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->persona, persona);
  EXPECT_EQ(certificate->device, phone.id());
  // Not for another device, another persona, or by another key.
  EXPECT_EQ(put({.persona = persona, .device = phone.id(), .issued = now}, anna.persona_key).code(),
            "bad_request");
  EXPECT_EQ(put({.persona = identity::PersonaId{anna.key.public_key()},
                 .device = anna.id(),
                 .issued = now},
                anna.key)
                .code(),
            "bad_request");
  EXPECT_EQ(anna.ask("PUT", "devices/self/certificate", {{"certificate", "AAAA"}}).code(),
            "bad_request");
}

// --- Personas ---

TEST_F(ApiTest, AnOwnerAddsAndRemovesPersonas) {
  claim();
  const Reply added = anna.add_persona("ben", "pw");
  ASSERT_EQ(added.status, 201);
  EXPECT_EQ(added.body["persona"]["role"], "member");
  EXPECT_EQ(anna.add_persona("ben", "pw").code(), "conflict");
  EXPECT_EQ(anna.add_persona("Ben", "pw").code(), "bad_request");
  TestClient ben{box, 5};
  ASSERT_EQ(ben.log_in("ben", "pw").status, 200);
  EXPECT_EQ(ben.ask("GET", "personas").body["personas"].size(), 2u);
  EXPECT_EQ(ben.add_persona("cleo", "pw").code(), "denied");
  EXPECT_EQ(ben.ask("PATCH", "appliance", {{"name", "Ben's"}}).code(), "denied");

  const auto id = added.body["persona"]["id"].get<std::string>();
  EXPECT_EQ(ben.ask("DELETE", "personas/" + id).code(), "denied");
  EXPECT_EQ(anna.ask("DELETE", "personas/" + id).status, 204);
  EXPECT_EQ(box.revoked, std::vector{ben.id()});
  EXPECT_EQ(ben.ask("GET", "me").code(), "unauthorized");
  EXPECT_EQ(ben.log_in("ben", "pw").code(), "wrong_password");
}

TEST_F(ApiTest, TheLastOwnerCannotBeRemoved) {
  const Reply made = claim();
  const auto id = made.body["persona"]["id"].get<std::string>();
  ASSERT_EQ(anna.add_persona("ben", "pw").status, 201);
  EXPECT_EQ(anna.ask("DELETE", "personas/" + id).code(), "conflict");
  ASSERT_EQ(anna.add_persona("cleo", "pw", "owner").status, 201);
  EXPECT_EQ(anna.ask("DELETE", "personas/" + id).status, 204);
}

TEST_F(ApiTest, PersonasAreMadeByOwnersAndNotBeforeThereIsOne) {
  const Caller console{.transport = "console", .console = true};
  EXPECT_EQ(box.ask(console, "POST", "personas/start",
                    {{"persona", anna.id().to_string()}, {"registration_request", ""}})
                .code(),
            "conflict");
}

// --- Passwords ---

TEST_F(ApiTest, APasswordIsChangedByWhoKnowsThePresentOne) {
  claim();
  EXPECT_EQ(anna.change_password("wrong", "next").code(), "wrong_password");
  EXPECT_EQ(anna.change_password("correct horse", "battery staple").status, 204);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.log_in("anna", "correct horse").code(), "wrong_password");
  const Reply reply = phone.log_in("anna", "battery staple");
  ASSERT_EQ(reply.status, 200);
  // The vault was sealed anew, and holds the same persona.
  const auto seed =
      identity::open_vault(BytesView{phone.export_key}.first<64>(), unb64(reply.body["vault"]));
  EXPECT_TRUE(seed && equal(seed->bytes(), anna.persona_key.seed()));
}

TEST_F(ApiTest, AStolenDeviceGuessesThePresentPasswordAsSlowlyAsAStranger) {
  claim();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(anna.change_password("guess", "next").code(), "wrong_password");
  EXPECT_EQ(anna.change_password("correct horse", "next").status, 429);
  box.pass(2s);
  EXPECT_EQ(anna.change_password("correct horse", "next").status, 204);
}

TEST_F(ApiTest, NoStepOfAPasswordChangeCanBeLeftOut) {
  claim();
  const auto client = opaque::ClientLogin::start(as_bytes("x"), anna.entropy);
  const json credentials{{"registration_record", box.keys->root().to_string()}, {"vault", ""}};
  Bytes stored;
  ASSERT_TRUE(box.store.scan("persona/", [&](std::string_view, BytesView value) {
    stored = access::decode_persona(value)->credentials.record.encode();
    return true;
  }));
  const json finish{{"registration_record", b64(stored)}, {"vault", b64(Bytes(72))}};
  EXPECT_EQ(anna.ask("POST", "password/finish", finish).code(), "expired");
  ASSERT_EQ(anna.ask("POST", "password/start", {{"ke1", b64(client->ke1().encode())}}).status, 200);
  EXPECT_EQ(anna.ask("POST", "password/finish", finish).code(), "expired");
  EXPECT_EQ(anna.ask("POST", "password/finish", credentials).code(), "bad_request");
}

TEST_F(ApiTest, ALoginBegunUnderTheOldPasswordEndsWithIt) {
  claim();
  TestClient phone{box, 2};
  const auto client = opaque::ClientLogin::start(as_bytes("correct horse"), phone.entropy);
  const Reply started =
      phone.ask("POST", "login/start", {{"name", "anna"}, {"ke1", b64(client->ke1().encode())}});
  ASSERT_EQ(anna.change_password("correct horse", "battery staple").status, 204);
  const auto persona = started.body["persona"].get<std::string>();
  const std::string root = box.keys->root().to_string();
  const auto finished = client->finish(
      as_bytes("correct horse"), opaque::Ke2::parse(unb64(started.body["ke2"])).value(),
      {.client_identity = as_bytes(persona), .server_identity = as_bytes(root)}, cheap);
  ASSERT_TRUE(finished);
  EXPECT_EQ(phone
                .ask("POST", "login/finish",
                     {{"login", started.body["login"]},
                      {"ke3", b64(finished->ke3.encode())},
                      {"proof", b64(Bytes(32))},
                      {"device", phone.description()}})
                .code(),
            "wrong_password");
}

// --- Recovery ---

TEST_F(ApiTest, TheRecoveryKitIsShownUntilItIsSavedAndThenWiped) {
  claim();
  EXPECT_EQ(anna.ask("GET", "recovery").body["state"], "on_box");
  const json words = anna.ask("POST", "recovery/reveal", json::object()).body["words"];
  ASSERT_EQ(words.size(), 24u);
  const auto confirm = [&](const json& given) {
    return anna.ask("POST", "recovery/confirm", {{"words", given}});
  };
  const json right{{"index", 3}, {"word", words[3]}};
  EXPECT_EQ(confirm(json::array({right})).code(), "bad_request");
  EXPECT_EQ(confirm(json::array({right, right})).code(), "bad_request");
  EXPECT_EQ(confirm(json::array({right, {{"index", 24}, {"word", "zoo"}}})).code(), "bad_request");
  EXPECT_EQ(confirm(json::array({right, {{"index", 5}, {"word", "wrong"}}})).code(), "wrong_code");
  EXPECT_EQ(anna.ask("GET", "recovery").body["state"], "on_box");
  EXPECT_EQ(confirm(json::array({right, {{"index", 17}, {"word", words[17]}}})).status, 204);

  EXPECT_EQ(anna.ask("GET", "recovery").body["state"], "saved");
  EXPECT_EQ(anna.ask("POST", "recovery/reveal", json::object()).code(), "conflict");
  EXPECT_FALSE(std::filesystem::exists(box.keys_directory / "root.key"));
  box.restart();
  EXPECT_EQ(anna.ask("GET", "recovery").body["state"], "saved");
  // The words are the root.
  std::string text;
  for (const json& word : words) text += word.get<std::string>() + " ";
  const auto key = crypto::Ed25519PrivateKey::from_seed(identity::seed_from_words(text)->bytes());
  EXPECT_EQ(identity::RootId{key->public_key()}, box.keys->root());
}

TEST_F(ApiTest, TheHostKeyIsRotatedWithTheWordsOfThisRootAlone) {
  claim();
  const json words = anna.ask("POST", "recovery/reveal", json::object()).body["words"];
  std::string text;
  for (const json& word : words) text += word.get<std::string>() + " ";
  const auto rotate = [&](const json& body) { return anna.ask("POST", "recovery/rotate", body); };

  // While the root's key is on the box, it is at hand.
  const std::string first = box.keys->peer_id().to_string();
  const Reply at_hand = rotate(json::object());
  ASSERT_EQ(at_hand.status, 200);
  EXPECT_EQ(at_hand.body["epoch"], 2);
  EXPECT_NE(at_hand.body["peer_id"], first);
  EXPECT_EQ(at_hand.body["peer_id"], box.keys->peer_id().to_string());
  EXPECT_EQ(box.rotations, 1);

  // Afterwards it takes the words, and those of this root.
  box.keys->forget_root_key();
  const std::string second = box.keys->peer_id().to_string();
  const auto other = crypto::Ed25519PrivateKey::generate(anna.entropy);
  std::string others;
  for (const auto word : identity::recovery_words(other.seed().first<32>()))
    others += std::string{word} + " ";
  EXPECT_EQ(rotate(json::object()).code(), "wrong_code");
  EXPECT_EQ(rotate({{"words", "zoo zoo zoo"}}).code(), "wrong_code");
  EXPECT_EQ(rotate({{"words", others}}).code(), "wrong_code");
  EXPECT_EQ(box.keys->peer_id().to_string(), second);
  EXPECT_EQ(box.rotations, 1);
  const Reply by_words = rotate({{"words", text}});
  ASSERT_EQ(by_words.status, 200);
  EXPECT_EQ(by_words.body["epoch"], 3);
  EXPECT_FALSE(box.keys->root_key_is_here());

  const auto certificate =
      identity::HostCertificate::verify(unb64(by_words.body["host_certificate"]));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->root, box.keys->root());
  EXPECT_EQ(certificate->peer_id.to_string(), by_words.body["peer_id"].get<std::string>());
  box.restart();
  EXPECT_EQ(anna.ask("GET", "appliance").body["peer_id"], by_words.body["peer_id"]);
}

TEST_F(ApiTest, MembersNeverSeeTheRecoveryKit) {
  claim();
  ASSERT_EQ(anna.add_persona("ben", "pw").status, 201);
  TestClient ben{box, 5};
  ASSERT_EQ(ben.log_in("ben", "pw").status, 200);
  EXPECT_EQ(ben.ask("POST", "recovery/reveal", json::object()).code(), "denied");
  EXPECT_EQ(ben.ask("GET", "recovery").code(), "denied");
  EXPECT_EQ(ben.ask("POST", "recovery/rotate", json::object()).code(), "denied");
}

// --- The console ---

TEST_F(ApiTest, TheConsoleActsForAnyPersona) {
  const Reply made = claim();
  const Caller console{.transport = "console", .console = true};
  EXPECT_EQ(box.ask(console, "GET", "devices").body["devices"].size(), 2u);
  EXPECT_EQ(box.ask(console, "GET", "recovery").body["state"], "on_box");
  const Reply opened =
      box.ask(console, "POST", "pairings", {{"persona", made.body["persona"]["id"]}});
  ASSERT_EQ(opened.status, 201);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.pair(opened.body).status, 201);
  EXPECT_EQ(box.ask(console, "DELETE", "devices/" + phone.id().to_string()).status, 204);
  EXPECT_EQ(phone.ask("GET", "me").code(), "unauthorized");
  EXPECT_EQ(box.ask(console, "POST", "pairings", json::object()).code(), "bad_request");
}

// --- Failing disks ---

TEST_F(ApiTest, WhatCouldNotBeWrittenIsNotSaidToBeDone) {
  box.store.fail_writes(true);
  EXPECT_EQ(claim().code(), "unavailable");
  EXPECT_FALSE(box.api->claimed());
  EXPECT_TRUE(box.api->setup_code());
  box.store.fail_writes(false);
  ASSERT_EQ(claim().status, 201);
  const Reply link = anna.ask("POST", "pairings", json::object());
  box.store.fail_writes(true);
  TestClient phone{box, 2};
  EXPECT_EQ(phone.pair(link.body).code(), "unavailable");
  box.store.fail_writes(false);
  EXPECT_EQ(phone.pair(link.body).status, 201);
}

TEST_F(ApiTest, SaysWhatChanged) {
  claim();
  EXPECT_TRUE(std::ranges::count(box.changed, "personas") > 0);
  box.changed.clear();
  ASSERT_EQ(anna.ask("PATCH", "devices/" + anna.id().to_string(), {{"name", "x"}}).status, 200);
  EXPECT_EQ(box.changed, std::vector<std::string>{"devices"});
}

}  // namespace
}  // namespace hearth::appliance
