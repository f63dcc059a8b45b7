#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <gtest/gtest.h>

#include <hearth/http/server.h>
#include <hearth/loop/socket_stream.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::proxy {
namespace {

namespace asio = boost::asio;

class AppProxy : public ::testing::Test {
 protected:
  /// What the app saw, as text; the connector records which app was asked for.
  http::Response ask(http::Request request, const Connector& connect) {
    std::optional<http::Response> result;
    const AppTarget target = *parse_app_target(request.target);
    asio::co_spawn(io_,
                   forward(connect, target, std::move(request),
                           {.persona = "P", .persona_name = "anna", .device = "D"}, sockets_),
                   [&](const std::exception_ptr& failed, http::Response response) {
                     EXPECT_FALSE(failed);
                     result = std::move(response);
                   });
    io_.restart();
    while (!result && io_.run_one() > 0) {
    }
    return std::move(*result);
  }

  Connector app(http::Handler handler) {
    return [this, handler](std::string id) -> loop::Task<std::unique_ptr<loop::ByteStream>> {
      asked_ = id;
      asio::local::stream_protocol::socket ours{io_};
      asio::local::stream_protocol::socket theirs{io_};
      asio::local::connect_pair(ours, theirs);
      asio::co_spawn(io_, http::serve(loop::make_stream(std::move(theirs)), handler),
                     asio::detached);
      co_return loop::make_stream(std::move(ours));
    };
  }

  asio::io_context io_;
  Sockets sockets_;
  std::string asked_;
};

TEST_F(AppProxy, AddsWhoAsksAndNeverPassesItIn) {
  http::Headers seen;
  std::string target;
  http::Request request;
  request.target = "/app/files/api/list?path=a";
  request.headers = {{"Hearth-Persona", "forged"},
                     {"hearth-permissions", "all"},
                     {"Host", "evil"},
                     {"Authorization", "Hearth token"},
                     {"Connection", "close, X-Private"},
                     {"X-Private", "1"},
                     {"TE", "trailers"},
                     {"Range", "bytes=0-1"}};
  const auto response =
      ask(std::move(request), app([&](http::Request got) -> loop::Task<http::Response> {
            seen = got.headers;
            target = got.target;
            http::Response answer = http::Response::empty(206);
            answer.headers.add("Hearth-Persona", "forged");
            answer.headers.add("X-App", "1");
            answer.headers.add("Content-Location", "/api/v1/content/a%20b.jpg");
            answer.headers.add("Repr-Digest", "sha-256=:AAAA:");
            co_return answer;
          }));
  EXPECT_EQ(asked_, "files");
  EXPECT_EQ(target, "/api/list?path=a");
  EXPECT_EQ(seen.get("hearth-persona"), "P");
  EXPECT_EQ(seen.get("hearth-persona-name"), "anna");
  EXPECT_EQ(seen.get("hearth-device"), "D");
  EXPECT_EQ(seen.get("host"), "files");
  EXPECT_EQ(seen.get("range"), "bytes=0-1");
  for (const auto* name : {"hearth-permissions", "authorization", "x-private", "te"})
    EXPECT_FALSE(seen.has(name)) << name;
  EXPECT_EQ(response.status, 206);
  EXPECT_FALSE(response.headers.has("hearth-persona"));
  EXPECT_TRUE(response.headers.has("content-location"));
  EXPECT_TRUE(response.headers.has("repr-digest"));
  EXPECT_EQ(response.headers.get("x-app"), "1");
}

TEST_F(AppProxy, ATargetIsAnAppIdAndNothingElse) {
  for (const auto* target : {"/app/", "/app/files", "/app//x", "/app/../x", "/app/Files/",
                             "/app/a@b/", "/app/a:80/", "/app/evil.example/", "/app/%66iles/",
                             "//evil/app/files/", "/api/app/files/", "http://evil/app/f/"})
    EXPECT_FALSE(parse_app_target(target)) << target;
  EXPECT_EQ(parse_app_target("/app/files/")->target, "/");
  EXPECT_EQ(parse_app_target("/app/files//evil/@x")->target,
            "//evil/@x");  // a path to the same app
}

TEST_F(AppProxy, AnAppThatCannotStartSaysWhy) {
  http::Request request;
  request.target = "/app/files/";
  const auto response =
      ask(std::move(request), [](std::string) -> loop::Task<std::unique_ptr<loop::ByteStream>> {
        throw AppUnavailable{.message = "No \"runc\" here.", .retry_after_s = 5};
        co_return nullptr;
      });
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("retry-after"), "5");
}

TEST_F(AppProxy, AnAppThatDiesIsA502) {
  http::Request request;
  request.target = "/app/files/";
  const auto response =
      ask(std::move(request), [this](std::string) -> loop::Task<std::unique_ptr<loop::ByteStream>> {
        asio::local::stream_protocol::socket ours{io_};
        asio::local::stream_protocol::socket theirs{io_};
        asio::local::connect_pair(ours, theirs);
        co_return loop::make_stream(std::move(ours));
      });
  EXPECT_EQ(response.status, 502);
}

}  // namespace
}  // namespace hearth::proxy
