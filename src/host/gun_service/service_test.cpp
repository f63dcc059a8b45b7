#include <filesystem>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <hearth/base/temporary_directory_for_test.h>
#include <hearth/gun/sea_vectors_for_test.h>
#include <hearth/gun_service/service.h>
#include <hearth/gun_service/storage.h>
#include <hearth/http/server.h>
#include <hearth/loop/socket_stream.h>

namespace hearth::gun_service {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A service, and clients on socket pairs that the test drives step by step.
class GunService : public testing::Test {
 protected:
  GunService() { start(); }
  ~GunService() override {
    service.reset();
    run_for(std::chrono::milliseconds{50});
  }
  void start(gun::Limits limits = {}) {
    service.reset();
    run_for(std::chrono::milliseconds{20});
    service.emplace(io.get_executor(),
                    ServiceOptions{.directory = directory / "db", .limits = limits}, clock, entropy,
                    log);
  }

  struct Client {
    explicit Client(asio::io_context& context) : socket(context) {}
    stream_protocol::socket socket;
    std::string heard;
    bool closed = false;
    std::array<char, 4096> buffer{};
    /// A read that was under way completes when the client is gone already.
    std::shared_ptr<int> life = std::make_shared<int>();
    void listen() {
      const std::weak_ptr<int> alive = life;
      socket.async_read_some(asio::buffer(buffer), [this, alive](auto error, std::size_t count) {
        if (alive.expired()) return;
        heard.append(buffer.data(), count);
        closed = static_cast<bool>(error);
        if (!error) listen();
      });
    }
    void send(std::string_view bytes) { asio::write(socket, asio::buffer(bytes)); }
    /// One masked frame (with a mask of zeros).
    void frame(std::uint8_t first, std::string_view payload) {
      std::string bytes{static_cast<char>(first)};
      if (payload.size() < 126) {
        bytes += static_cast<char>(0x80 | payload.size());
      } else {
        bytes += static_cast<char>(0x80 | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xff);
      }
      bytes.append(4, '\0');
      send(bytes.append(payload));
    }
    void text(std::string_view payload) { frame(0x81, payload); }
  };

  std::unique_ptr<Client> connect(std::string_view version = "13") {
    auto client = std::make_unique<Client>(io);
    stream_protocol::socket theirs{io};
    asio::local::connect_pair(client->socket, theirs);
    http::Handler handler = [this](http::Request request) {
      return service->answer(std::move(request), IpAddress{});
    };
    asio::co_spawn(io, http::serve(loop::make_stream(std::move(theirs)), std::move(handler)),
                   [](const std::exception_ptr&) {});
    client->listen();
    client->send(
        "GET /gun HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: " +
        std::string{version} + "\r\n\r\n");
    return client;
  }
  std::unique_ptr<Client> join() {
    auto client = connect();
    EXPECT_TRUE(hears(*client, R"("dam":"?")"));
    return client;
  }
  template <class Condition>
  bool run_until(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) run_for(std::chrono::milliseconds{5});
    return condition();
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool hears(Client& client, std::string_view text) {
    return run_until([&] { return client.heard.find(text) != std::string::npos; });
  }
  static std::string put(std::string_view id, std::string_view soul, std::string_view value) {
    std::string text = R"({"#":"ID","put":{"SOUL":{"_":{"#":"SOUL",">":{"a":1}},"a":"VALUE"}}})";
    for (const auto& [mark, part] :
         std::map<std::string_view, std::string_view>{{"ID", id}, {"SOUL", soul}, {"VALUE", value}})
      for (std::size_t at = text.find(mark); at != std::string::npos;
           at = text.find(mark, at + part.size()))
        text.replace(at, mark.size(), part);
    return text;
  }

  /// Writes to a user's soul, all forged but the last.
  static std::string signed_puts(std::size_t count) {
    const gun::SeaVector& vector = gun::sea_vectors[2];
    std::string all = "[";
    for (std::size_t i = 1; i <= count; ++i) {
      const std::string soul{vector.soul};
      std::string name{vector.name};
      if (i < count) name += std::to_string(i);
      all += R"({"#":"f)" + std::to_string(i) + R"(","put":{")" + soul + R"(":{"_":{"#":")" + soul +
             R"(",">":{")" + name + R"(":1795269013615}},")" + name +
             "\":" + std::string{vector.json} + (i < count ? "}}}," : "}}}]");
    }
    return all;
  }

  asio::io_context io;
  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path();
  loop::SystemClock clock;
  loop::SystemEntropy entropy;
  NullLog log;
  std::optional<Service> service;
};

TEST_F(GunService, UpgradesAndSaysHello) {
  const auto client = connect();
  ASSERT_TRUE(hears(*client, R"("dam":"?")"));
  EXPECT_THAT(client->heard,
              AllOf(StartsWith("HTTP/1.1 101 "),
                    HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
  EXPECT_EQ(service->connections(), 1u);
}

TEST_F(GunService, SaysWhatIsWantedToWhoeverDoesNotUpgrade) {
  const auto client = connect("8");
  ASSERT_TRUE(hears(*client, "by WebSocket"));
  EXPECT_THAT(client->heard, StartsWith("HTTP/1.1 426 "));
}

TEST_F(GunService, AcknowledgesWhatIsThereAfterARestart) {
  {
    const auto client = join();
    client->text(put("p1", "s", "kept"));
    ASSERT_TRUE(hears(*client, R"("@":"p1","ok":true)"));
    start();
    EXPECT_TRUE(run_until([&] { return client->closed; }));
  }
  const auto client = join();
  client->text(R"({"#":"g1","get":{"#":"s"}})");
  EXPECT_TRUE(hears(*client, R"("a":"kept")"));
}

TEST_F(GunService, TellsOneClientWhatAnotherWrote) {
  const auto one = join();
  const auto two = join();
  two->text(R"({"#":"g1","get":{"#":"s"}})");
  ASSERT_TRUE(hears(*two, R"("@":"g1")"));
  one->text(put("p1", "s", "news"));
  EXPECT_TRUE(hears(*two, R"("a":"news")"));
}

TEST_F(GunService, AnswersPingsAndCloses) {
  const auto client = join();
  client->frame(0x89, "ping!");
  ASSERT_TRUE(hears(*client, "\x8a\x05ping!"));
  client->frame(0x88, "\x03\xe8");
  EXPECT_TRUE(run_until([&] { return client->closed; }));
  EXPECT_THAT(client->heard, HasSubstr("\x88\x02\x03\xe8"));
  EXPECT_TRUE(run_until([&] { return service->connections() == 0; }));
}

TEST_F(GunService, EndsAConnectionThatBreaksWebSocketOrSendsTooMuch) {
  start({.frame_bytes = 1000});
  const auto broken = join();
  broken->send(std::string_view{"\x81\x01x", 3});  // not masked
  EXPECT_TRUE(run_until([&] { return broken->closed; }));
  EXPECT_THAT(broken->heard, HasSubstr("\x88\x02\x03\xea"));
  const auto large = join();
  large->text(std::string(2000, ' '));
  EXPECT_TRUE(run_until([&] { return large->closed; }));
  EXPECT_THAT(large->heard, HasSubstr("\x88\x02\x03\xf1"));
}

TEST_F(GunService, LooksAtSignaturesBesideAllElse) {
  const auto client = join();
  client->text(signed_puts(100));
  client->text(put("p1", "s", "later"));
  ASSERT_TRUE(hears(*client, R"("@":"f1","err":"Unverified data.")"));
  ASSERT_TRUE(hears(*client, R"("@":"f99","err":"Unverified data.")"));
  ASSERT_TRUE(hears(*client, R"("@":"f100","ok":true)"));
  ASSERT_TRUE(hears(*client, R"("@":"p1","ok":true)"));
  EXPECT_EQ(service->counters().refused_puts, 99u);
  EXPECT_EQ(service->counters().verifications, 0u);
}

TEST_F(GunService, ManySignersTakeTurns) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(join());
    clients.back()->text(signed_puts(100));
  }
  for (const auto& client : clients) EXPECT_TRUE(hears(*client, R"("@":"f100","ok":true)"));
  EXPECT_EQ(service->counters().verifications, 0u);
}

TEST_F(GunService, GoesWhileSignaturesAreLookedAt) {
  const auto one = join();
  const auto two = join();
  for (int i = 0; i < 3; ++i) one->text(signed_puts(100));
  two->text(signed_puts(100));
  run_for(std::chrono::milliseconds{1});
  two->socket.close();
  start();
  EXPECT_TRUE(run_until([&] { return one->closed; }));
}

TEST_F(GunService, LosesConnectionsInTheMiddleOfEverything) {
  for (int i = 0; i < 20; ++i) {
    const auto client = i % 4 == 3 ? connect() : join();
    client->text(put("p" + std::to_string(i), "s" + std::to_string(i), "x"));
    client->text(R"({"#":"g1","get":{"#":"s"}})");
    if (i % 2 == 0) run_for(std::chrono::milliseconds{i});
    client->socket.close();
  }
  EXPECT_TRUE(run_until([&] { return service->connections() == 0; }));
  const auto client = join();
  client->text(R"({"#":"g1","get":{"#":"s18"}})");
  EXPECT_TRUE(hears(*client, R"("a":"x")"));
}

TEST_F(GunService, TurnsAwayWhomItHasNoRoomFor) {
  start({.connections = 1});
  const auto one = join();
  const auto two = connect();
  EXPECT_TRUE(run_until([&] { return two->closed; }));
  EXPECT_THAT(two->heard, HasSubstr("\x88\x02\x03\xe9"));
}

TEST_F(GunService, IsVerifiedAndCopiedWhileClientsWrite) {
  const auto client = join();
  client->text(put("p1", "s", "kept"));
  ASSERT_TRUE(hears(*client, R"("@":"p1","ok":true)"));
  std::optional<Service::Verified> verified;
  std::optional<std::string> problem = "not done";
  std::optional<std::string> again;
  asio::co_spawn(io, service->verify(),
                 [&](const std::exception_ptr&, std::optional<Service::Verified> done) {
                   verified = std::move(done);
                 });
  asio::co_spawn(
      io, service->back_up(directory / "copy"),
      [&](const std::exception_ptr&, std::optional<std::string> why) { problem = std::move(why); });
  client->text(put("p2", "t", "later"));
  ASSERT_TRUE(hears(*client, R"("@":"p2","ok":true)"));
  ASSERT_TRUE(run_until([&] { return verified && !problem; }));
  EXPECT_TRUE(verified->ok());
  EXPECT_GE(verified->found.nodes, 1u);
  auto copy = open_store(directory / "copy");
  EXPECT_GE(gun::verify(copy).nodes, 1u);
  EXPECT_TRUE(copy.verify_checksums());
  // Nothing is written over.
  asio::co_spawn(
      io, service->back_up(directory / "copy"),
      [&](const std::exception_ptr&, std::optional<std::string> why) { again = std::move(why); });
  ASSERT_TRUE(run_until([&] { return again.has_value(); }));
  EXPECT_THAT(*again, HasSubstr("can't be made"));
}

TEST_F(GunService, EndsWhileItIsVerified) {
  const auto client = join();
  client->text(put("p1", "s", "kept"));
  ASSERT_TRUE(hears(*client, R"("@":"p1","ok":true)"));
  asio::co_spawn(io, service->verify(), asio::detached);
  run_for(std::chrono::milliseconds{1});
  start();
  EXPECT_TRUE(run_until([&] { return client->closed; }));
}

TEST_F(GunService, SaysWhyTheDatabaseCannotBeOpened) {
  EXPECT_THROW((void)open_store(directory / "db"), std::runtime_error);  // the service has it
  EXPECT_THROW((void)open_store("/proc/no/such/place"), std::runtime_error);
}

}  // namespace
}  // namespace hearth::gun_service
