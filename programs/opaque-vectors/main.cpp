// Drives OPAQUE's two sides line by line, so that other implementations can be tested against them
// (tests/interop/opaque.test.mjs). A line is a command and its arguments, binary ones in
// hexadecimal,
// `-` for an empty one; the answer is one line: `ok` and its values, or `error` and a number.
//
//   setup                                                                  -> setup
//   register SETUP CREDENTIAL REQUEST                                      -> response
//   login SETUP RECORD|- CREDENTIAL KE1 CLIENT SERVER                      -> id ke2
//   finish ID KE3                                                          -> session_key
//   client-register PASSWORD                                               -> id request
//   client-register-finish ID PASSWORD RESPONSE CLIENT SERVER KIB ROUNDS   -> record export_key
//   client-login PASSWORD                                                  -> id ke1
//   client-login-finish ID PASSWORD KE2 CLIENT SERVER KIB ROUNDS           -> ke3 session_key
//   export_key

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <sys/random.h>

#include <hearth/base/assert.h>
#include <hearth/opaque/client.h>
#include <hearth/opaque/server.h>

namespace {

using namespace hearth;
using namespace hearth::opaque;

class Random final : public Entropy {
 public:
  void fill(MutableBytes out) override {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    HEARTH_ASSERT(got == static_cast<ssize_t>(out.size()));
  }
};

/// A caller's mistake in a test: say so and stop.
[[noreturn]] void usage(const std::string& what) {
  std::fprintf(stderr, "opaque-vectors: %s\n", what.c_str());
  std::exit(2);
}

class Driver {
 public:
  std::string run(const std::vector<std::string>& words) {
    words_ = &words;
    const std::string& command = words.at(0);
    if (command == "setup") return ok({ServerSetup::generate(random_).encode()});
    if (command == "register") return register_();
    if (command == "login") return login();
    if (command == "finish") return finish();
    if (command == "client-register") return client_register();
    if (command == "client-register-finish") return client_register_finish();
    if (command == "client-login") return client_login();
    if (command == "client-login-finish") return client_login_finish();
    usage("no such command: " + command);
  }

 private:
  Bytes bytes(std::size_t at) const {
    if (at >= words_->size()) usage("too few arguments");
    if ((*words_)[at] == "-") return {};
    auto parsed = from_hex((*words_)[at]);
    if (!parsed) usage("not hexadecimal: " + (*words_)[at]);
    return std::move(*parsed);
  }
  std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    const std::string& word = words_->at(at);
    if (std::from_chars(word.data(), word.data() + word.size(), value).ec != std::errc{})
      usage("not a number: " + word);
    return value;
  }
  KeyStretching stretching(std::size_t at) const {
    return crypto::Argon2idCost{.memory_kib = number(at), .iterations = number(at + 1)};
  }

  static std::string ok(const std::vector<Bytes>& values, std::optional<std::uint32_t> id = {}) {
    std::string line = "ok";
    if (id) line += " " + std::to_string(*id);
    for (const Bytes& value : values) line += " " + to_hex(value);
    return line;
  }
  static std::string failed(Error error) {
    return "error " + std::to_string(static_cast<int>(error));
  }

  std::string register_() {
    const auto setup = ServerSetup::parse(bytes(1));
    if (!setup) return failed(setup.error());
    const auto request = RegistrationRequest::parse(bytes(3));
    if (!request) return failed(request.error());
    return ok({register_credential(*setup, bytes(2), *request).encode()});
  }

  std::string login() {
    const auto setup = ServerSetup::parse(bytes(1));
    if (!setup) return failed(setup.error());
    std::optional<RegistrationRecord> record;
    if (const Bytes encoded = bytes(2); !encoded.empty()) {
      const auto parsed = RegistrationRecord::parse(encoded);
      if (!parsed) return failed(parsed.error());
      record = *parsed;
    }
    const auto ke1 = Ke1::parse(bytes(4));
    if (!ke1) return failed(ke1.error());
    const Bytes client = bytes(5);
    const Bytes server = bytes(6);
    auto started =
        ServerLogin::start(*setup, record, bytes(3), *ke1,
                           {.client_identity = client, .server_identity = server}, random_);
    const Bytes ke2 = started.ke2().encode();
    logins_.emplace(++last_, std::move(started));
    return ok({ke2}, last_);
  }

  std::string finish() {
    const auto login = logins_.find(number(1));
    if (login == logins_.end()) usage("no such login");
    const auto ke3 = Ke3::parse(bytes(2));
    if (!ke3) return failed(ke3.error());
    const auto key = std::move(login->second).finish(*ke3);
    logins_.erase(login);
    if (!key) return failed(key.error());
    return ok({to_bytes(key->bytes())});
  }

  std::string client_register() {
    auto client = ClientRegistration::start(bytes(1), random_);
    if (!client) return failed(client.error());
    const Bytes request = client->request().encode();
    client_registrations_.emplace(++last_, std::move(*client));
    return ok({request}, last_);
  }

  std::string client_register_finish() {
    const auto client = client_registrations_.find(number(1));
    if (client == client_registrations_.end()) usage("no such registration");
    const auto response = RegistrationResponse::parse(bytes(3));
    if (!response) return failed(response.error());
    const Bytes client_identity = bytes(4);
    const Bytes server_identity = bytes(5);
    const auto finished = client->second.finish(
        bytes(2), *response,
        {.client_identity = client_identity, .server_identity = server_identity}, stretching(6),
        random_);
    client_registrations_.erase(client);
    if (!finished) return failed(finished.error());
    return ok({finished->record.encode(), to_bytes(finished->export_key.bytes())});
  }

  std::string client_login() {
    auto client = ClientLogin::start(bytes(1), random_);
    if (!client) return failed(client.error());
    const Bytes ke1 = client->ke1().encode();
    client_logins_.emplace(++last_, std::move(*client));
    return ok({ke1}, last_);
  }

  std::string client_login_finish() {
    const auto client = client_logins_.find(number(1));
    if (client == client_logins_.end()) usage("no such login");
    const auto ke2 = Ke2::parse(bytes(3));
    if (!ke2) return failed(ke2.error());
    const Bytes client_identity = bytes(4);
    const Bytes server_identity = bytes(5);
    const auto finished = client->second.finish(
        bytes(2), *ke2, {.client_identity = client_identity, .server_identity = server_identity},
        stretching(6));
    client_logins_.erase(client);
    if (!finished) return failed(finished.error());
    return ok({finished->ke3.encode(), to_bytes(finished->session_key.bytes()),
               to_bytes(finished->export_key.bytes())});
  }

  const std::vector<std::string>* words_ = nullptr;
  Random random_;
  std::uint32_t last_ = 0;
  std::map<std::uint32_t, ServerLogin> logins_;
  std::map<std::uint32_t, ClientRegistration> client_registrations_;
  std::map<std::uint32_t, ClientLogin> client_logins_;
};

}  // namespace

int main() {
  Driver driver;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream stream{line};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(std::move(word));
    if (words.empty()) continue;
    std::cout << driver.run(words) << std::endl;
  }
}
