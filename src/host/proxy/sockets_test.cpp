// WebSockets through the proxy, between a server in memory and raw bytes at both ends.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <hearth/http/server.h>
#include <hearth/loop/socket_stream.h>
#include <hearth/proxy/app_proxy.h>

namespace hearth::proxy {
namespace {

namespace asio = boost::asio;
using loop::ByteStream;
using loop::Task;

constexpr std::string_view request_head =
    "GET /app/chat/live?room=1 HTTP/1.1\r\nHost: appliance\r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n"
    "Sec-WebSocket-Protocol: chat\r\nOrigin: https://label.flock.example\r\n"
    "Hearth-Persona: forged\r\n\r\n";
constexpr std::string_view agreement =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: BBBB\r\nSec-WebSocket-Protocol: chat\r\nHearth-Secret: 1\r\n\r\n";

class AppSockets : public ::testing::Test {
 protected:
  std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> pair() {
    asio::local::stream_protocol::socket a{io_};
    asio::local::stream_protocol::socket b{io_};
    asio::local::connect_pair(a, b);
    return {loop::make_stream(std::move(a)), loop::make_stream(std::move(b))};
  }

  /// A client at the proxy; the app's end of the stream it gets lies in `app_`.
  std::unique_ptr<ByteStream> client() {
    auto [ours, theirs] = pair();
    const Connector connect = [this](std::string) -> Task<std::unique_ptr<ByteStream>> {
      auto [near, far] = pair();
      app_ = std::move(far);
      co_return std::move(near);
    };
    http::Handler handler = [this, connect](http::Request request) -> Task<http::Response> {
      AppTarget to = *parse_app_target(request.target);
      Caller caller{.persona = "P", .persona_name = "anna", .device = "D"};
      co_return co_await forward(connect, std::move(to), std::move(request), std::move(caller),
                                 sockets_);
    };
    asio::co_spawn(io_, http::serve(std::move(theirs), std::move(handler)), asio::detached);
    return std::move(ours);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& failed, T value) {
      EXPECT_FALSE(failed);
      result = std::move(value);
    });
    io_.restart();
    while (!result && io_.run_one() > 0) {
    }
    return std::move(*result);
  }
  void write(ByteStream& stream, std::string_view text) {
    run([](ByteStream& s, std::string_view t) -> Task<bool> {
      co_await s.write(as_bytes(t));
      co_return true;
    }(stream, text));
  }
  /// Up to and with `end`; all there is when the stream ends or breaks first.
  std::string read_until(ByteStream& stream, std::string_view end) {
    return run([](ByteStream& s, std::string_view e) -> Task<std::string> {
      std::string text;
      try {
        Bytes one(1);
        while (!text.ends_with(e)) {
          const std::size_t count = co_await s.read_some(one);
          if (count == 0) break;
          text += as_text(one);
        }
      } catch (const boost::system::system_error&) {
        text += "<reset>";
      }
      co_return text;
    }(stream, end));
  }
  /// Both sides have agreed.
  std::unique_ptr<ByteStream> connected(std::string_view first_words = "") {
    auto ours = client();
    write(*ours, request_head);
    while (!app_) io_.run_one();
    asked_ = read_until(*app_, "\r\n\r\n");
    write(*app_, std::string{agreement} + std::string{first_words});
    answered_ = read_until(*ours, "\r\n\r\n");
    return ours;
  }

  asio::io_context io_;
  Sockets sockets_;
  std::unique_ptr<ByteStream> app_;
  std::string asked_;
  std::string answered_;
};

TEST_F(AppSockets, AreAskedForAsTheClientDidWithWhoAsksAndTheAppsOwnOrigin) {
  const auto ours = connected();
  EXPECT_TRUE(asked_.starts_with("GET /live?room=1 HTTP/1.1\r\n")) << asked_;
  for (const auto* field : {"Connection: Upgrade\r\n", "Upgrade: websocket\r\n",
                            "Sec-WebSocket-Key: AAAA\r\n", "Sec-WebSocket-Protocol: chat\r\n",
                            "Origin: http://chat\r\n", "Host: chat\r\n", "Hearth-Persona: P\r\n"})
    EXPECT_NE(asked_.find(field), std::string::npos) << field << asked_;
  EXPECT_EQ(asked_.find("forged"), std::string::npos);
  EXPECT_TRUE(answered_.starts_with("HTTP/1.1 101 ")) << answered_;
  EXPECT_NE(answered_.find("Sec-WebSocket-Accept: BBBB\r\n"), std::string::npos);
  EXPECT_NE(answered_.find("Sec-WebSocket-Protocol: chat\r\n"), std::string::npos);
  EXPECT_EQ(answered_.find("Hearth-Secret"), std::string::npos);
}

TEST_F(AppSockets, CarryBytesBothWaysFromTheFirst) {
  const auto ours = connected("hello ");
  write(*app_, "client.");
  EXPECT_EQ(read_until(*ours, "."), "hello client.");
  write(*ours, "hello app.");
  EXPECT_EQ(read_until(*app_, "."), "hello app.");
  EXPECT_EQ(sockets_.size(), 1U);
}

TEST_F(AppSockets, EndWhenBothSidesHave) {
  const auto ours = connected();
  run([](ByteStream& s) -> Task<bool> {
    co_await s.close_write();
    co_return true;
  }(*ours));
  EXPECT_EQ(read_until(*app_, "."), "");
  write(*app_, "last words");
  app_.reset();
  EXPECT_EQ(read_until(*ours, ".").substr(0, 10), "last words");
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(AppSockets, EndWithTheApp) {
  const auto ours = connected();
  app_->reset();
  const std::string heard = read_until(*ours, ".");
  EXPECT_TRUE(heard.empty() || heard == "<reset>") << heard;
}

TEST_F(AppSockets, OfADeviceThatIsCutOffEndAtOnce) {
  const auto ours = connected();
  sockets_.cut("another");
  write(*ours, "still here.");
  EXPECT_EQ(read_until(*app_, "."), "still here.");
  sockets_.cut("D");
  const std::string heard = read_until(*app_, ".");
  EXPECT_TRUE(heard.empty() || heard == "<reset>") << heard;
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(AppSockets, AnAppsRefusalComesBackAsItIs) {
  const auto ours = client();
  write(*ours, request_head);
  while (!app_) io_.run_one();
  read_until(*app_, "\r\n\r\n");
  write(*app_, "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno.");
  const std::string heard = read_until(*ours, "no.");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 403 ")) << heard;
  EXPECT_EQ(sockets_.size(), 0U);
}

TEST_F(AppSockets, AnotherProtocolIsNotSwitchedTo) {
  const auto ours = client();
  write(*ours, request_head);
  while (!app_) io_.run_one();
  read_until(*app_, "\r\n\r\n");
  write(*app_, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  EXPECT_TRUE(read_until(*ours, "\r\n\r\n").starts_with("HTTP/1.1 502 "));
  // Nor for who didn't ask for a WebSocket.
  app_.reset();
  const auto other = client();
  write(*other,
        "GET /app/chat/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  while (!app_) io_.run_one();
  EXPECT_EQ(read_until(*app_, "\r\n\r\n").find("Upgrade:"), std::string::npos);
}

TEST_F(AppSockets, ASlowReaderHoldsTheWriterBack) {
  const auto ours = connected();
  std::size_t written = 0;
  asio::co_spawn(
      io_,
      [](ByteStream& app, std::size_t& count) -> Task<void> {
        const Bytes chunk(std::size_t{64} << 10);
        for (int i = 0; i < 1024; ++i) {
          co_await app.write(chunk);
          count += chunk.size();
        }
      }(*app_, written),
      asio::detached);
  io_.restart();
  while (io_.poll() > 0) {
  }
  EXPECT_GT(written, 0U);
  EXPECT_LT(written, std::size_t{4} << 20);  // two sockets' buffers and one of ours, of 64 MiB
}

TEST_F(AppSockets, ADeviceHasSoManyAtOnce) {
  std::vector<std::unique_ptr<ByteStream>> open;
  for (std::size_t i = 0; i < Sockets::per_device; ++i) {
    open.push_back(connected());
    ASSERT_TRUE(answered_.starts_with("HTTP/1.1 101 "));
    open.push_back(std::move(app_));
  }
  const auto one_more = client();
  write(*one_more, request_head);
  EXPECT_TRUE(read_until(*one_more, "\r\n\r\n").starts_with("HTTP/1.1 429 "));
}

}  // namespace
}  // namespace hearth::proxy
